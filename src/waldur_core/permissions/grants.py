"""Granting, changing and revoking roles, with the events that tell of it. Who may do so is asked by the views."""

from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Coalesce
from django.dispatch import Signal
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from waldur_core.events.log import record
from waldur_core.permissions.models import Role, UserRole
from waldur_core.rest.counts import count_rows

# Announced inside the transaction of the change: sender=UserRole, grant, granted (bool). For apps above the core.
role_changed = Signal()


def grants_on(scope: Model) -> QuerySet[UserRole]:
    """Every grant on `scope`, past ones too."""
    found: QuerySet[UserRole] = UserRole.objects.filter(
        content_type=ContentType.objects.get_for_model(scope), object_id=scope.pk
    )
    return found


def count_users(condition: Q) -> Coalesce:
    """A column for a list: how many people hold active roles by the grants that meet `condition`."""
    return count_rows(UserRole.objects.active().filter(condition), distinct="user")


def find_grant(scope: Model, user: Any, role: Role) -> UserRole:
    """The grant that is not revoked, or 400."""
    grant = grants_on(scope).filter(user=user, role=role, is_active=True).first()
    if grant is None:
        raise ValidationError({"role": [f"{user} does not have the role {role} here."]})
    return grant


def grant_role(scope: Model, user: Any, role: Role, *, actor: Any, expiration_time: datetime | None) -> UserRole:
    """Give `user` the role on `scope`; 400 when he has it already."""
    same = grants_on(scope).filter(user=user, role=role, is_active=True)
    same.filter(expiration_time__lte=timezone.now()).update(is_active=False)  # what has expired is history
    if same.exists():
        raise ValidationError({"role": [f"{user} has the role {role} already."]})
    grant: UserRole = UserRole.objects.create(
        scope=scope, user=user, role=role, created_by=actor, expiration_time=expiration_time
    )
    _record("role_granted", f"{user} has been given the role {role} on {scope}.", grant, scope, actor)
    role_changed.send(sender=UserRole, grant=grant, granted=True)
    return grant


def update_grant(grant: UserRole, scope: Model, *, actor: Any, expiration_time: datetime | None) -> None:
    grant.expiration_time = expiration_time
    grant.save(update_fields=["expiration_time", "modified"])
    until = f"until {expiration_time:%Y-%m-%d %H:%M}" if expiration_time else "without end"
    _record("role_updated", f"{grant.user} has the role {grant.role} on {scope} {until}.", grant, scope, actor)


def revoke(grant: UserRole, scope: Model, *, actor: Any) -> None:
    """Take the role away; the row stays as history."""
    grant.is_active = False
    grant.save(update_fields=["is_active", "modified"])
    _record("role_revoked", f"{grant.user} has lost the role {grant.role} on {scope}.", grant, scope, actor)
    role_changed.send(sender=UserRole, grant=grant, granted=False)


def revoke_all(scope: Model, *, actor: Any) -> None:
    """Before `scope` is deleted."""
    for grant in grants_on(scope).filter(is_active=True).select_related("user", "role"):
        revoke(grant, scope, actor=actor)


def _record(event_type: str, message: str, grant: UserRole, scope: Model, actor: Any) -> None:
    record(
        event_type,
        message,
        scope=scope,
        actor=actor,
        role_uuid=grant.role.uuid.hex,
        role_name=grant.role.name,
        affected_user_uuid=grant.user.uuid.hex,
        affected_user_username=grant.user.username,
    )
