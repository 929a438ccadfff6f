"""`/api/project-quotas/`, `/api/customer-quotas/`, `/api/service-settings-quotas/`: what tenants use together."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Visible
from waldur_core.rest.filters import UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, ModelSerializer
from waldur_core.rest.views import GenericViewSet, ListMixin
from waldur_core.structure.models import Customer, Project, ServiceSettings
from waldur_openstack.quotas import totals


class TotalFilter(django_filters.ChoiceFilter):
    """Which total `value` is."""

    def __init__(self, names: Any) -> None:
        super().__init__(choices=[(name, name) for name in names], required=True)

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        return totals.with_total(qs, value)


class ProjectQuotasSerializer(ModelSerializer):
    project_uuid = HexUUIDField(source="uuid")
    project_name = serializers.CharField(source="name")
    customer_name = serializers.CharField(source="customer.name")
    customer_abbreviation = serializers.CharField(source="customer.abbreviation")
    value = serializers.IntegerField()

    class Meta:
        model = Project
        fields = ("project_uuid", "project_name", "customer_name", "customer_abbreviation", "value")


class ProjectQuotasFilter(django_filters.FilterSet):
    quota_name = TotalFilter(totals.OF_TEAMS)
    customer_uuid = UUIDFilter(field_name="customer__uuid")

    class Meta:
        model = Project
        fields = ()


class CustomerQuotasSerializer(ModelSerializer):
    customer_uuid = HexUUIDField(source="uuid")
    customer_name = serializers.CharField(source="name")
    customer_abbreviation = serializers.CharField(source="abbreviation")
    value = serializers.IntegerField()

    class Meta:
        model = Customer
        fields = ("customer_uuid", "customer_name", "customer_abbreviation", "value")


class CustomerQuotasFilter(django_filters.FilterSet):
    quota_name = TotalFilter(totals.OF_TEAMS)
    customer_uuid = UUIDFilter(field_name="uuid")

    class Meta:
        model = Customer
        fields = ()


class CloudQuotasSerializer(ModelSerializer):
    service_settings_uuid = HexUUIDField(source="uuid")
    service_settings_name = serializers.CharField(source="name")
    value = serializers.IntegerField()

    class Meta:
        model = ServiceSettings
        fields = ("service_settings_uuid", "service_settings_name", "value")


class CloudQuotasFilter(django_filters.FilterSet):
    quota_name = TotalFilter(totals.OF_CLOUDS)

    class Meta:
        model = ServiceSettings
        fields = ()


class TotalsViewSet(ListMixin, GenericViewSet):
    """Those one sees, each with one total over all its tenants; `quota_name` says which."""

    ordering_fields = {"value": "value", "name": "name"}
    access = {"list": Visible()}

    @extend_schema(summary="What the tenants use together")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One total of each; MiB for RAM and storage."""
        return super().list(request, *args, **kwargs)


class ProjectQuotasViewSet(TotalsViewSet):
    queryset = Project.objects.select_related("customer")
    serializer_class = ProjectQuotasSerializer
    filterset_class = ProjectQuotasFilter


class CustomerQuotasViewSet(TotalsViewSet):
    queryset = Customer.objects.all()
    serializer_class = CustomerQuotasSerializer
    filterset_class = CustomerQuotasFilter


class CloudQuotasViewSet(TotalsViewSet):
    queryset = ServiceSettings.objects.filter(type="OpenStack")
    serializer_class = CloudQuotasSerializer
    filterset_class = CloudQuotasFilter
