"""May this user do that here? Permissions are looked up on a list of scopes, never on names of roles."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q
from rest_framework.exceptions import PermissionDenied

from waldur_core.permissions.asked import PERMISSION, remember
from waldur_core.permissions.models import UserRole


def has_permission(user: Any, permission: str, scopes: Iterable[Model | None]) -> bool:
    """True for staff, and for holders of an active role with `permission` on any of `scopes`. One query."""
    remember(PERMISSION)
    if user.is_staff:
        return True
    condition = Q(pk__in=())
    for scope in scopes:
        if scope is not None:
            condition |= Q(content_type=ContentType.objects.get_for_model(scope), object_id=scope.pk)
    grants = UserRole.objects.active().filter(condition, user=user, role__permissions__contains=[str(permission)])
    return bool(grants.exists())


def require_permission(user: Any, permission: str, scopes: Iterable[Model | None]) -> None:
    """Raise 403 unless `has_permission`."""
    if not has_permission(user, permission, scopes):
        raise PermissionDenied(f"You do not have the permission {permission} here.")


def where_permitted(user: Any, permission: str, paths: Mapping[str, type[Model]]) -> Q:
    """The same for many rows at once: a condition on those that `paths` ({ORM path: what it leads to}) connect with a
    scope on which the user holds `permission`."""
    remember(PERMISSION)
    if user.is_staff:
        return Q()
    grants = UserRole.objects.active().filter(user=user, role__permissions__contains=[str(permission)])
    condition = Q(pk__in=())
    for path, model in paths.items():
        scopes = grants.filter(content_type=ContentType.objects.get_for_model(model)).values("object_id")
        condition |= Q(**{f"{path}__in": scopes})
    return condition


def scopes_of(obj: Any, paths: Iterable[str]) -> list[Model | None]:
    """Follow dotted attribute paths from an object: `scopes_of(vm, ["project", "project.customer"])`."""
    found: list[Model | None] = []
    for path in paths:
        value: Any = obj
        for part in filter(None, path.split(".")):
            value = getattr(value, part, None)
        found.append(value)
    return found
