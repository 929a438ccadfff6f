"""How much flavors and images are used: counted by name, since servers remember names."""

from typing import Any

import django_filters
from django.db.models import OuterRef, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import StaffOrSupport
from waldur_core.rest.counts import count_rows
from waldur_core.rest.filters import BooleanFilter, UUIDFilter
from waldur_openstack.models import Instance

STATISTICS = StaffOrSupport()


class UsageStatsSerializer(serializers.Serializer[Any]):
    """The servers of one flavor or image: those that run now, and all there are."""

    name = serializers.CharField()
    running_instances_count = serializers.IntegerField()
    created_instances_count = serializers.IntegerField()


class UsageStatsFilter(django_filters.FilterSet):
    """Of which clouds: shared ones, or those of one provider (the uuid of its customer)."""

    shared = BooleanFilter(field_name="settings__shared")
    service_provider = UUIDFilter(field_name="settings__customer__uuid")


PARAMETERS = [OpenApiParameter("shared", bool), OpenApiParameter("service_provider", str)]


def usage_stats_of(column: str) -> Any:
    """The action of a catalogue's view; `column` is where a server keeps the item's name."""

    @extend_schema(parameters=PARAMETERS, responses=UsageStatsSerializer(many=True), filters=False)
    @action(detail=False, filterset_class=UsageStatsFilter)
    def usage_stats(self: Any, request: Request) -> Response:
        """How many servers run, and how many there are, by name."""
        items = self.filter_queryset(self.get_queryset())
        page = self.paginate_queryset(with_counts(items, column))
        return self.get_paginated_response(UsageStatsSerializer(page, many=True).data)

    return usage_stats


def with_counts(items: QuerySet[Any], column: str) -> QuerySet[Any]:
    """{name, running_instances_count, created_instances_count} of each name, by name."""
    clouds = items.order_by().values("settings")
    instances = Instance.objects.filter(Q(service_settings__in=clouds), **{column: OuterRef("name")})
    return (
        items.order_by("name")
        .values("name")
        .distinct()
        .annotate(
            running_instances_count=count_rows(instances.filter(runtime_state="ACTIVE")),
            created_instances_count=count_rows(instances),
        )
    )
