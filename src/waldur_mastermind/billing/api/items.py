"""`/api/invoice-items/`: the lines of all invoices one sees, and what they come to."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Visible
from waldur_core.rest.filters import UUIDFilter
from waldur_core.rest.serializers import HexUUIDField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.billing import sums
from waldur_mastermind.billing.api.serializers import (
    CostsForPeriodSerializer,
    InvoiceCostSerializer,
    InvoiceItemDetailSerializer,
    TotalPriceSerializer,
)
from waldur_mastermind.billing.models import InvoiceItem
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.months import following, this_month

LONGEST = 120  # months
ONE = {"X-Result-Count": "1"}  # published clients count single answers too
MOST = 2**15 - 1


class WholeNumberFilter(django_filters.NumberFilter):
    """A whole number; one that no column holds finds nothing."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        return super().filter(qs, int(value)) if value == int(value) and 0 <= value <= MOST else qs.none()


class SinceFilter(WholeNumberFilter):
    """`start_year` and `start_month` belong together: from that month on."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        month = self.parent.form.cleaned_data.get("start_month") or 1
        later = Q(invoice__year__gt=min(value, MOST))
        return qs.filter(later | Q(invoice__year=min(value, MOST), invoice__month__gte=min(month, MOST)))


class AsksWithAnother(django_filters.NumberFilter):
    """Read by another parameter."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs


class InvoiceItemFilter(django_filters.FilterSet):
    customer_uuid = UUIDFilter(field_name="invoice__customer__uuid")
    project_uuid = UUIDFilter(field_name="project__uuid")
    offering_uuid = UUIDFilter(field_name="offering__uuid")
    resource_uuid = UUIDFilter(field_name="resource__uuid")
    year = WholeNumberFilter(field_name="invoice__year")
    month = WholeNumberFilter(field_name="invoice__month")
    start_year = SinceFilter(min_value=0)
    start_month = AsksWithAnother(min_value=0)

    class Meta:
        model = InvoiceItem
        fields = ()


class PeriodSerializer(serializers.Serializer[Any]):
    """The last `period` months, this one among them: of a project, a customer or a resource."""

    period = serializers.IntegerField(min_value=1, max_value=LONGEST, default=1)
    project_uuid = HexUUIDField(required=False)
    customer_uuid = HexUUIDField(required=False)
    resource_uuid = HexUUIDField(required=False)


PERIOD = [
    OpenApiParameter("period", OpenApiTypes.INT, description="How many months, this one among them."),
    OpenApiParameter("resource_uuid", OpenApiTypes.UUID),
]


class InvoiceItemViewSet(ReadOnlyViewSet):
    """Who sees an invoice sees its lines."""

    queryset = InvoiceItem.objects.select_related("resource", "invoice__customer")
    serializer_class = InvoiceItemDetailSerializer
    filterset_class = InvoiceItemFilter
    ordering_fields = {"start": "start", "end": "end", "price": "price", "name": "name"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "costs": Visible(),
        "total_price": Visible(),
        "customer_costs_for_period": Visible(),
        "project_costs_for_period": Visible(),
    }

    @extend_schema(responses=InvoiceCostSerializer(many=True))
    @action(detail=False, serializer_class=InvoiceCostSerializer)
    def costs(self, request: Request) -> Response:
        """What each month cost, the latest first."""
        page = self.paginate_queryset(sums.by_month(self.filter_queryset(self.get_queryset())))
        return self.get_paginated_response(InvoiceCostSerializer(page, many=True).data)

    @extend_schema(responses=TotalPriceSerializer)
    @action(detail=False, pagination_class=None, serializer_class=TotalPriceSerializer)
    def total_price(self, request: Request) -> Response:
        """What the lines that the parameters choose come to."""
        total = sums.total_price(self.filter_queryset(self.get_queryset()))
        return Response(TotalPriceSerializer({"total_price": total}).data, headers=ONE)

    @extend_schema(
        responses=CostsForPeriodSerializer,
        filters=False,
        parameters=[*PERIOD, OpenApiParameter("customer_uuid", OpenApiTypes.UUID)],
    )
    @action(detail=False, pagination_class=None, filterset_class=None, serializer_class=CostsForPeriodSerializer)
    def customer_costs_for_period(self, request: Request) -> Response:
        """What a customer's last months cost."""
        return self._costs_for_period(request)

    @extend_schema(
        responses=CostsForPeriodSerializer,
        filters=False,
        parameters=[*PERIOD, OpenApiParameter("project_uuid", OpenApiTypes.UUID)],
    )
    @action(detail=False, pagination_class=None, filterset_class=None, serializer_class=CostsForPeriodSerializer)
    def project_costs_for_period(self, request: Request) -> Response:
        """What a project's last months cost."""
        return self._costs_for_period(request)

    def _costs_for_period(self, request: Request) -> Response:
        asked = read(PeriodSerializer(data=request.query_params))
        first = _months_before(this_month(), asked.pop("period") - 1)
        paths = {"project_uuid": "project__uuid", "customer_uuid": "invoice__customer__uuid",
                 "resource_uuid": "resource__uuid"}  # fmt: skip
        later = Q(invoice__year__gt=first.year) | Q(invoice__year=first.year, invoice__month__gte=first.month)
        items = self.get_queryset().filter(later, **{paths[name]: value for name, value in asked.items()})
        answer = {"total_price": sums.total_price(items), "start_date": first, "end_date": following(this_month())}
        return Response(CostsForPeriodSerializer(answer).data, headers=ONE)


def _months_before(month: date, number: int) -> date:
    count = month.year * 12 + month.month - 1 - number
    return date(count // 12, count % 12 + 1, 1)
