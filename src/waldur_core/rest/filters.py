"""Query parameters shared by all lists: ordering by `o` and the filter types of the API."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django_filters.constants import EMPTY_VALUES
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from waldur_core.rest.links import parse_link
from waldur_core.rest.uuids import is_uuid


class OrderingBackend(BaseFilterBackend):
    """`?o=-created,name` or repeated; a view declares `ordering_fields = {key: path}`; unknown keys are ignored."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        allowed: dict[str, str] = getattr(view, "ordering_fields", {})
        keys = [key.strip() for value in request.query_params.getlist("o") for key in value.split(",")]
        paths = [
            ("-" if key.startswith("-") else "") + allowed[key.lstrip("-")]
            for key in keys
            if key.lstrip("-") in allowed
        ]
        # the primary key makes pages stable when the chosen column has equal values
        return queryset.order_by(*paths, "pk") if paths else queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        allowed = sorted(getattr(view, "ordering_fields", {}))
        if not allowed:
            return []
        keys = [sign + key for key in allowed for sign in ("", "-")]
        schema = {"type": "array", "items": {"type": "string", "enum": keys}}
        return [{"name": "o", "in": "query", "required": False, "description": "Ordering", "schema": schema}]


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class MultiValueFilter(django_filters.Filter):
    """A repeatable parameter: `?key=a&key=b` means a or b. `aliases` maps historic words to today's."""

    def __init__(self, *args: Any, aliases: dict[str, str] | None = None, **kwargs: Any) -> None:
        self.aliases = aliases or {}
        super().__init__(*args, **kwargs)

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        values = [item for item in self._values() if item not in EMPTY_VALUES]
        if not values:
            return qs
        return qs.filter(**{f"{self.field_name}__in": [self.aliases.get(item, item) for item in values]})

    def _values(self) -> Sequence[str]:
        name, data = name_of(self), self.parent.data
        values: Sequence[str] = data.getlist(name) if hasattr(data, "getlist") else [data.get(name, "")]
        if any("\0" in value for value in values):
            raise ValidationError({name: ["Null characters are not allowed."]})
        return values


class UUIDFilter(django_filters.UUIDFilter):
    """One uuid, dashed or hex; malformed input is a 400 that names the parameter."""


@extend_schema_field({"type": "array", "items": {"type": "string", "format": "uuid"}})
class MultiUUIDFilter(MultiValueFilter):
    """A repeatable uuid parameter."""

    def _values(self) -> Sequence[str]:
        values = super()._values()
        if not all(is_uuid(value) for value in values if value):
            raise ValidationError({name_of(self): ["Enter a valid UUID."]})
        return values


class MomentFilter(django_filters.IsoDateTimeFilter):
    """A moment in ISO 8601. PostgreSQL knows fewer offsets than ISO does, so it is given UTC."""

    def filter(self, qs: QuerySet[Any], value: datetime | None) -> QuerySet[Any]:
        if value is None:
            return qs
        try:
            return super().filter(qs, value.astimezone(UTC))
        except OverflowError:  # the offset leads out of the calendar
            raise ValidationError({name_of(self): ["Enter a valid date/time."]}) from None


class BooleanField(forms.Field):
    """As in bodies: what is neither true nor false is refused, and not taken for absent."""

    def to_python(self, value: Any) -> bool | None:
        word = (value or "").lower()
        if word in serializers.BooleanField.NULL_VALUES:
            return None
        if word in serializers.BooleanField.TRUE_VALUES:
            return True
        if word in serializers.BooleanField.FALSE_VALUES:
            return False
        raise ValidationError("Enter true or false.")


class BooleanFilter(django_filters.BooleanFilter):
    """True or false; anything else is a 400 that names the parameter."""

    field_class = BooleanField


class AddressFilter(django_filters.Filter):
    """An IP address; what is none is a 400 that names the parameter."""

    field_class = forms.GenericIPAddressField


class LinkFilter(django_filters.CharFilter):
    """A parameter that is the absolute URL of an object, or its uuid.

    One that leads nowhere gives an empty list; what is neither is a 400 that names the parameter.
    """

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value in EMPTY_VALUES:
            return qs
        try:
            link = parse_link(value)
        except ValueError:
            raise ValidationError({name_of(self): ["Enter the URL of an object or its UUID."]}) from None
        return qs.filter(**{f"{self.field_name}__uuid": link.uuid}) if link else qs.none()


class AnyOfFilter(django_filters.CharFilter):
    """`?query=text`: text contained in any of several columns."""

    def __init__(self, *args: Any, paths: Sequence[str], **kwargs: Any) -> None:
        self.paths = paths
        super().__init__(*args, **kwargs)

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value in EMPTY_VALUES:
            return qs
        condition = Q()
        for path in self.paths:
            condition |= Q(**{f"{path}__icontains": value})
        return qs.filter(condition)


class NamedFilterSet(django_filters.FilterSet):
    """The parameters every named object has."""

    name = django_filters.CharFilter(lookup_expr="icontains")
    name_exact = django_filters.CharFilter(field_name="name")
    description = django_filters.CharFilter(lookup_expr="icontains")
    created = MomentFilter(lookup_expr="gte")
    created_before = MomentFilter(field_name="created", lookup_expr="lte")
    modified = MomentFilter(lookup_expr="gte")
    modified_before = MomentFilter(field_name="modified", lookup_expr="lte")


def name_of(item: django_filters.Filter) -> str:
    """The query parameter of a filter: what an error must name."""
    return next(key for key, other in item.parent.filters.items() if other is item)
