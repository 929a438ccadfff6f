"""`/api/events/`: the audit log, as far as the caller may see it."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.models import Event
from waldur_core.events.types import GROUPS
from waldur_core.permissions.access import SignedIn, Visible
from waldur_core.rest.filters import MultiValueFilter, UUIDFilter, name_of
from waldur_core.rest.serializers import ModelSerializer
from waldur_core.rest.views import ReadOnlyViewSet


class EventSerializer(ModelSerializer):
    class Meta:
        model = Event
        fields = ("uuid", "created", "event_type", "message", "context")


class TimestampFilter(django_filters.NumberFilter):
    """Seconds since the epoch."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        try:
            moment = datetime.fromtimestamp(float(value), UTC) if value is not None else None
        except (OverflowError, OSError, ValueError) as error:
            raise ValidationError({name_of(self): ["This is not a time in seconds since 1970."]}) from error
        return super().filter(qs, moment)


class FeatureFilter(MultiValueFilter):
    """Whole groups of event types."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        names = [name for name in self._values() if name]
        if not names:
            return qs
        return qs.filter(event_type__in=[kind for name in names for kind in GROUPS.get(name, ())])


class EventFilter(django_filters.FilterSet):
    event_type = MultiValueFilter()
    feature = FeatureFilter(field_name="event_type")
    message = django_filters.CharFilter(lookup_expr="icontains")
    created_from = TimestampFilter(field_name="created", lookup_expr="gte")
    created_to = TimestampFilter(field_name="created", lookup_expr="lte")
    customer_uuid = UUIDFilter(field_name="customer__uuid")
    project_uuid = UUIDFilter(field_name="project__uuid")
    user_uuid = UUIDFilter(field_name="user__uuid")
    scope_uuid = UUIDFilter(field_name="scope_uuid")

    class Meta:
        model = Event
        fields = ()


class EventCountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class EventViewSet(ReadOnlyViewSet):
    """Who did what, and what became of it."""

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    filterset_class = EventFilter
    ordering_fields = {"created": "created"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "count": Visible(),
        "event_groups": SignedIn("the list of event types is not a secret"),
        "scope_types": SignedIn("the list of scope types is not a secret"),
    }

    @extend_schema(responses=EventCountSerializer)
    @action(detail=False)
    def count(self, request: Request) -> Response:
        """How many events match the filters."""
        return Response({"count": self.filter_queryset(self.get_queryset()).count()})

    @extend_schema(responses={200: dict[str, list[str]]}, filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def event_groups(self, request: Request) -> Response:
        """The event types by group."""
        return Response({group: list(types) for group, types in GROUPS.items()})

    @extend_schema(responses={200: list[str]}, filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def scope_types(self, request: Request) -> Response:
        """What an event can be about."""
        return Response(["customer", "project", "resource", "user"])
