"""`/api/marketplace-component-usages/` and `/api/marketplace-component-user-usages/`."""

from datetime import MAXYEAR, MINYEAR
from typing import Any, ClassVar

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Holder, InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.filters import LinkFilter, MultiValueFilter, UUIDFilter
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace import usage_checks
from waldur_mastermind.marketplace.api.fields import MarketplaceStatusSerializer
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.api.usage_serializers import (
    ComponentUsageSerializer,
    ComponentUserUsageSerializer,
    UsageReportSerializer,
    UserUsageItemSerializer,
    UserUsageReportSerializer,
)
from waldur_mastermind.marketplace.models import ComponentUsage, ComponentUserUsage, PlanPeriod, Resource
from waldur_mastermind.marketplace.usages import is_closed, report

OF_RESOURCE = ("resource.offering", "resource.offering.customer")


class UsageFilterSet(django_filters.FilterSet):
    """The parameters of both lists."""

    path: ClassVar[str] = ""  # leads to the usage

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        usage, resource = cls.path, f"{cls.path}resource"
        return {
            "billing_period": django_filters.DateFilter(field_name=f"{usage}billing_period"),
            "billing_period_month": django_filters.NumberFilter(
                field_name=f"{usage}billing_period__month", min_value=1, max_value=12
            ),
            "billing_period_year": django_filters.NumberFilter(
                field_name=f"{usage}billing_period__year", min_value=MINYEAR, max_value=MAXYEAR
            ),
            "customer_uuid": UUIDFilter(field_name=f"{resource}__project__customer__uuid"),
            "date_after": django_filters.DateFilter(field_name=f"{usage}date__date", lookup_expr="gte"),
            "date_before": django_filters.DateFilter(field_name=f"{usage}date__date", lookup_expr="lte"),
            "offering_uuid": UUIDFilter(field_name=f"{resource}__offering__uuid"),
            "project_uuid": UUIDFilter(field_name=f"{resource}__project__uuid"),
            "resource": LinkFilter(field_name=resource),
            "resource_uuid": UUIDFilter(field_name=f"{resource}__uuid"),
            "type": django_filters.CharFilter(field_name=f"{usage}component__type"),
            **super().get_filters(),
        }


class ComponentUsageFilter(UsageFilterSet):
    missing_usage_policy = MultiValueFilter(field_name="missing_usage_policy")

    class Meta:
        model = ComponentUsage
        fields = ()


class ComponentUserUsageFilter(UsageFilterSet):
    path = "component_usage__"
    component_usage__billing_period = django_filters.DateFilter()
    component_usage_billing_period = django_filters.DateFilter(field_name="component_usage__billing_period")
    username = django_filters.CharFilter()

    class Meta:
        model = ComponentUserUsage
        fields = ()


class ComponentUsageViewSet(ReadOnlyViewSet):
    """How much of each component was used, by month."""

    queryset = ComponentUsage.objects.select_related(
        "component", "resource__offering__customer", "resource__project__customer"
    )
    serializer_class = ComponentUsageSerializer
    filterset_class = ComponentUsageFilter
    ordering_fields = {name: name for name in ("billing_period", "missing_usage_policy", "usage")}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "set_usage": InBody(permission=Permission.RESOURCE_SET_USAGE, on="the offering of the resource"),
        "set_user_usage": Holder(permission=Permission.RESOURCE_SET_USAGE, on=OF_RESOURCE),
        "set_user_usages": Holder(permission=Permission.RESOURCE_SET_USAGE, on=OF_RESOURCE),
    }

    @extend_schema(request=UsageReportSerializer, responses={201: MarketplaceStatusSerializer})
    @action(detail=False, methods=["post"])
    def set_usage(self, request: Request) -> Response:
        """Report what a resource has used this month so far; a later report replaces an earlier one."""
        data = read(UsageReportSerializer(data=request.data, context=self.get_serializer_context()))
        period = self._period(data)
        resource: Resource = period.resource if period else data["resource"]
        require_permission(request.user, Permission.RESOURCE_SET_USAGE, (resource.offering, resource.offering.customer))
        usage_checks.check_metered(resource)
        at = data.get("date") or (period.end if period and period.end else timezone.now())
        usage_checks.check_date(resource, at, period)
        measured = usage_checks.check_components(resource, data["usages"])
        report(resource, measured, at, of_period=period, actor=request.user)
        return Response({"status": "The usage has been recorded."}, status=status.HTTP_201_CREATED)

    @extend_schema(request=UserUsageItemSerializer, responses={201: MarketplaceStatusSerializer})
    @action(detail=True, methods=["post"])
    def set_user_usage(self, request: Request, uuid: str) -> Response:
        """Report which part of the usage one person used."""
        usage = self.get_object()
        return self._set_user_usages(usage, [read(UserUsageItemSerializer(data=request.data))])

    @extend_schema(request=UserUsageReportSerializer, responses={201: MarketplaceStatusSerializer})
    @action(detail=True, methods=["post"])
    def set_user_usages(self, request: Request, uuid: str) -> Response:
        """Report which parts of the usage several people used; those not named keep theirs."""
        usage = self.get_object()
        return self._set_user_usages(usage, read(UserUsageReportSerializer(data=request.data))["usages"])

    def _period(self, data: dict[str, Any]) -> PlanPeriod | None:
        """The plan period that a report names, if it does; it must be of the resource, if that is named too."""
        if "plan_period" not in data:
            if "resource" not in data:
                raise ValidationError({"resource": ["Name the resource, or one of its plan periods."]})
            return None
        seen = visible_to(self.request.user, Resource.objects.all())
        periods = PlanPeriod.objects.filter(uuid=data["plan_period"], resource__in=seen)
        period = periods.select_related("resource__offering__customer").first()
        if period is None or data.get("resource", period.resource) != period.resource:
            raise ValidationError({"plan_period": ["The resource has no such plan period."]})
        return period

    @staticmethod
    def _set_user_usages(usage: ComponentUsage, items: list[dict[str, Any]]) -> Response:
        if is_closed(usage.billing_period):
            raise ValidationError({"usages": [f"{usage.billing_period:%B %Y} has been billed already."]})
        rows = {
            item["username"]: ComponentUserUsage(
                component_usage=usage, username=item["username"], usage=item["usage"], modified=timezone.now()
            )
            for item in items
        }
        if len(rows) < len(items):
            raise ValidationError({"usages": ["A person stands here twice."]})
        ComponentUserUsage.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["component_usage", "username"],
            update_fields=["usage", "modified"],
        )
        return Response({"status": "The usages have been recorded."}, status=status.HTTP_201_CREATED)


class ComponentUserUsageViewSet(ReadOnlyViewSet):
    """Which part of each usage was whose."""

    queryset = ComponentUserUsage.objects.select_related(
        "component_usage__component",
        "component_usage__resource__offering",
        "component_usage__resource__project__customer",
    )
    serializer_class = ComponentUserUsageSerializer
    filterset_class = ComponentUserUsageFilter
    ordering_fields = {
        "billing_period": "component_usage__billing_period",
        "component_type": "component_usage__component__type",
        "usage": "usage",
        "username": "username",
    }
    access = {"list": Visible(), "retrieve": Visible()}
