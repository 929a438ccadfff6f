"""When the SSH keys of tenants have to be compared anew: roles and keys belong to rooms that know no cloud."""

from typing import Any

from django.db.models import Q
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from waldur_core.permissions.models import Role, UserRole
from waldur_core.structure.models import SshPublicKey, User
from waldur_core.structure.states import CoreState, state_changed
from waldur_openstack.keys import request_distribution, tenants_of_scopes
from waldur_openstack.models import KeyDistribution, Tenant


@receiver((post_save, pre_delete), sender=UserRole)
def follow_grant(instance: UserRole, **_: Any) -> None:
    """Granted, changed, revoked; or gone with its user."""
    request_distribution(tenants_of_scopes(UserRole.objects.filter(pk=instance.pk)))


@receiver((post_save, pre_delete), sender=SshPublicKey)
def follow_key(instance: SshPublicKey, **_: Any) -> None:
    """Added, deleted."""
    request_distribution(tenants_of_scopes(UserRole.objects.filter(user=instance.user_id)))


@receiver(post_save, sender=Role)
def follow_role(instance: Role, created: bool, **_: Any) -> None:
    """The role allows more or less than before: all who have it are concerned."""
    if not created:
        request_distribution(tenants_of_scopes(UserRole.objects.filter(role=instance)))


@receiver(post_save, sender=User)
def follow_user(instance: User, created: bool, update_fields: Any, **_: Any) -> None:
    """Deactivated, activated."""
    if not created and (update_fields is None or "is_active" in update_fields):
        request_distribution(tenants_of_scopes(UserRole.objects.filter(user=instance)))


@receiver(state_changed, sender=Tenant)
def follow_tenant(instance: Tenant, new: str, **_: Any) -> None:
    """A tenant that is there for the first time gets its keys."""
    if new != CoreState.OK or not instance.user_id or instance.keydistributions.exists():
        return
    KeyDistribution.objects.create(tenant=instance, name=instance.name, state=CoreState.OK)
    request_distribution(Q(pk=instance.pk))
