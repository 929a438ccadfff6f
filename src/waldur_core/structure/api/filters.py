"""Filters of scopes by the roles that somebody holds on them."""

from typing import Any

from django.db.models import Q, QuerySet

from waldur_core.permissions.strings import RoleName
from waldur_core.rest.filters import BooleanFilter, MultiValueFilter, UUIDFilter
from waldur_core.rest.uuids import is_uuid
from waldur_core.structure.models import User
from waldur_core.structure.teams import scopes_held


class HasRoleFilter(UUIDFilter):
    """`?user_uuid=`: where this user holds any role."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        return qs.filter(pk__in=scopes_held(User.objects.filter(uuid=value).first(), qs.model))


class CurrentUserHasRoleFilter(MultiValueFilter):
    """`?current_user_has_role=`: where the caller holds one of these roles (uuid or name)."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        words = [word for word in self._values() if word]
        if not words:
            return qs
        named = Q(role__name__in=words) | Q(role__uuid__in=[word for word in words if is_uuid(word)])
        return qs.filter(pk__in=scopes_held(self.parent.request.user, qs.model, named))


class HoldsRoleFilter(BooleanFilter):
    """`?can_manage=true`: where the caller holds (or, with false, does not hold) one certain role."""

    def __init__(self, role: RoleName) -> None:
        self.role = role
        super().__init__()

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        held = scopes_held(self.parent.request.user, qs.model, Q(role__name=self.role))
        return qs.filter(pk__in=held) if value else qs.exclude(pk__in=held)
