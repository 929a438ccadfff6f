"""What a caller sees and may do, for many rows at once."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request

from waldur_core.permissions.models import UserRole
from waldur_core.structure.models import Customer
from waldur_mastermind.marketplace.models import Offering


def as_provider(user: Any, queryset: QuerySet[Any], offering: str = "") -> QuerySet[Any]:
    """Narrow what a user sees to what he sees by a role on the offering (reached by the path `offering`) or on its
    customer; staff and support keep everything."""
    if user.is_staff or user.is_support:
        return queryset
    path = f"{offering}__" if offering else ""
    return queryset.filter(
        Q(**{f"{path}pk__in": _granted(user, Offering)}) | Q(**{f"{path}customer__in": _granted(user, Customer)})
    )


def _granted(user: Any, model: type[Model]) -> QuerySet[Any]:
    grants = UserRole.objects.active().filter(user=user, content_type=ContentType.objects.get_for_model(model))
    return grants.values("object_id")


class Grants:
    """The scopes on which the caller holds some permissions: one query per permission and request, not per row."""

    def __init__(self, request: Request) -> None:
        self.user: Any = request.user
        self._scopes: dict[str, frozenset[tuple[int, int]]] = {}

    def holds(self, permission: str, *scopes: Model | None) -> bool:
        if self.user.is_staff:
            return True
        held = self._held(permission)
        return any(
            (ContentType.objects.get_for_model(scope).pk, scope.pk) in held for scope in scopes if scope is not None
        )

    def _held(self, permission: str) -> frozenset[tuple[int, int]]:
        if permission not in self._scopes:
            rows = UserRole.objects.active().filter(user=self.user, role__permissions__contains=[str(permission)])
            self._scopes[permission] = frozenset(rows.values_list("content_type_id", "object_id"))
        return self._scopes[permission]


def grants_of(context: Any) -> Grants:
    """The grants of the request that a serializer answers."""
    found: Grants = context.setdefault("grants", Grants(context["request"]))
    return found
