"""THE visibility rule. Every queryset that a request sees comes from `visible_to`.

A model declares, as `visible_through`, the ORM paths to the objects on which a role makes it visible; the empty path is
the object itself. A model may add `visible_also(user) -> Q` (own keys, public offerings).
"""

from functools import cache
from typing import Any, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from waldur_core.permissions.asked import VISIBILITY, remember
from waldur_core.permissions.models import UserRole

M = TypeVar("M", bound=Model)
_USER, _CONTENT_TYPE = -1, -2  # where the parameters go in the compiled query


def visible_to(user: Any, queryset: "QuerySet[M]") -> "QuerySet[M]":
    """Restrict `queryset` to what `user` may see: everything for staff and support, else what their roles reach."""
    remember(VISIBILITY)
    if getattr(user, "is_staff", False) or getattr(user, "is_support", False):
        return queryset
    return queryset.filter(visibility(user, queryset.model))


def visible_or_held(user: Any, queryset: "QuerySet[M]", permission: str, path: str) -> "QuerySet[M]":
    """The same, and in addition what is reached by `path` from where the user holds `permission`: a provider's actions
    on what others have in his cloud."""
    remember(VISIBILITY)
    if getattr(user, "is_staff", False) or getattr(user, "is_support", False):
        return queryset
    grants = _grants(user, _end_of(queryset.model, path)).filter(role__permissions__contains=[str(permission)])
    return queryset.filter(visibility(user, queryset.model) | Q(**{f"{path}__in": grants.values("object_id")}))


def visibility(user: Any, model: type[Model]) -> Q:
    """The rule as a condition on `model`, for users who are neither staff nor support."""
    also = getattr(model, "visible_also", None)
    condition: Q = also(user) if also else Q(pk__in=())
    if not user.is_authenticated:
        return condition
    for path in getattr(model, "visible_through", ()):
        condition |= Q(**{f"{path}__in" if path else "pk__in": _granted_ids(user, _end_of(model, path))})
    return condition


def _granted_ids(user: Any, scope_model: type[Model]) -> RawSQL:
    known = {_USER: user.pk, _CONTENT_TYPE: ContentType.objects.get_for_model(scope_model).pk}
    sql, params = _sql_of_granted_ids()
    return RawSQL(sql, [known.get(param, param) for param in params])


@cache
def _sql_of_granted_ids() -> tuple[str, tuple[Any, ...]]:
    """Compiled once: a rule asks for it up to ten times, and Django takes a millisecond each time."""
    grants = UserRole.objects.active().filter(user_id=_USER, content_type_id=_CONTENT_TYPE)
    return grants.values("object_id").query.sql_with_params()


def _grants(user: Any, scope_model: type[Model]) -> QuerySet[Any]:
    return UserRole.objects.active().filter(user=user, content_type=ContentType.objects.get_for_model(scope_model))


def _end_of(model: type[Model], path: str) -> type[Model]:
    for part in filter(None, path.split("__")):
        related = model._meta.get_field(part).related_model
        assert isinstance(related, type), f"{path!r} does not lead to a model"
        model = related
    return model
