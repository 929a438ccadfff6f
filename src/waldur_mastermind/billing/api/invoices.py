"""`/api/invoices/`: what customers owe, month by month."""

from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Staff, StaffOrSupport, Visible
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import LinkFilter, MultiValueFilter, UUIDFilter
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.billing import sums
from waldur_mastermind.billing.api.serializers import (
    InvoiceBackendIDSerializer,
    InvoiceGrowthSerializer,
    InvoiceItemSerializer,
    InvoiceSerializer,
    InvoiceStatsSerializer,
    PaidSerializer,
    PaymentURLSerializer,
    ReferenceNumberSerializer,
)
from waldur_mastermind.billing.models import Invoice, InvoiceItem
from waldur_mastermind.marketplace.api.fields import MarketplaceStatusSerializer
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.months import this_month

ITEMS = InvoiceItem.objects.select_related("resource", "component", "offering__category", "invoice__customer")


class InvoiceFilter(django_filters.FilterSet):
    customer = LinkFilter(field_name="customer")
    customer_uuid = UUIDFilter(field_name="customer__uuid")
    state = MultiValueFilter(field_name="state")
    year = django_filters.NumberFilter(method="equals")
    month = django_filters.NumberFilter(method="equals")
    created = django_filters.DateFilter(field_name="invoice_date")
    start_date = django_filters.DateFilter(field_name="invoice_date", lookup_expr="gte")
    end_date = django_filters.DateFilter(field_name="invoice_date", lookup_expr="lte")

    class Meta:
        model = Invoice
        fields = ()

    def equals(self, queryset: QuerySet[Invoice], name: str, value: Any) -> QuerySet[Invoice]:
        """A number of any size; none is found that does not fit the column."""
        fits = value == int(value) and 0 <= value < 2**15
        return queryset.filter(**{name: int(value)}) if fits else queryset.none()


def require_made_out(invoice: Invoice) -> None:
    if invoice.state != Invoice.State.CREATED:
        raise Conflict(f"The invoice is {invoice.state}; only one that is created can be paid.")


class InvoiceViewSet(ReadOnlyViewSet):
    """The invoices of the customers on which you have a role."""

    queryset = Invoice.objects.select_related("customer").prefetch_related(Prefetch("items", ITEMS))
    serializer_class = InvoiceSerializer
    filterset_class = InvoiceFilter
    ordering_fields = {"created": "invoice_date", "year": "year", "month": "month"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "items": Visible(),
        "stats": Visible(),
        "growth": StaffOrSupport(),
        "paid": Staff(),
        "set_backend_id": Staff(),
        "set_payment_url": Staff(),
        "set_reference_number": Staff(),
    }
    preconditions = {"paid": (require_made_out,)}

    @extend_schema(responses=InvoiceItemSerializer(many=True), filters=False)
    @action(detail=True, serializer_class=InvoiceItemSerializer, filterset_class=None)
    def items(self, request: Request, uuid: str) -> Response:
        """Its lines."""
        page = self.paginate_queryset(ITEMS.filter(invoice=self.get_object()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses=InvoiceStatsSerializer(many=True), filters=False)
    @action(detail=True, serializer_class=InvoiceStatsSerializer, filterset_class=None)
    def stats(self, request: Request, uuid: str) -> Response:
        """The sum of its lines for each offering."""
        page = self.paginate_queryset(sums.by_offering(self.get_object()))
        return self.get_paginated_response(InvoiceStatsSerializer(page, many=True).data)

    @extend_schema(responses=InvoiceGrowthSerializer, filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def growth(self, request: Request) -> Response:
        """The invoices of the last twelve months, of all customers and of the largest."""
        growth = InvoiceGrowthSerializer(sums.growth(this_month())).data
        return Response(growth, headers={"X-Result-Count": "1"})  # published clients count single answers too

    @extend_schema(request=PaidSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def paid(self, request: Request, uuid: str) -> Response:
        """The customer has paid."""
        invoice: Invoice = self.get_object()
        invoice.paid_date, invoice.state = read(PaidSerializer(data=request.data))["date"], Invoice.State.PAID
        invoice.save(update_fields=["paid_date", "state", "modified"])
        text = f"The invoice of {invoice.customer} for {invoice.year}-{invoice.month:02} has been paid."
        record("invoice_paid", text, scope=invoice, actor=request.user, invoice_uuid=invoice.uuid.hex)
        return Response({"status": "The invoice has been paid."})

    @extend_schema(request=InvoiceBackendIDSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_backend_id(self, request: Request, uuid: str) -> Response:
        """Note under which id the accounting knows the invoice."""
        return self._write(InvoiceBackendIDSerializer(data=request.data), "The backend id has been set.")

    @extend_schema(request=PaymentURLSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_payment_url(self, request: Request, uuid: str) -> Response:
        """Say where the invoice can be paid."""
        return self._write(PaymentURLSerializer(data=request.data), "The address for payment has been set.")

    @extend_schema(request=ReferenceNumberSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_reference_number(self, request: Request, uuid: str) -> Response:
        """Give the invoice the number that payments refer to."""
        return self._write(ReferenceNumberSerializer(data=request.data), "The reference number has been set.")

    def _write(self, serializer: Any, text: str) -> Response:
        invoice, data = self.get_object(), read(serializer)
        for name, value in data.items():
            setattr(invoice, name, value)
        invoice.save(update_fields=[*data, "modified"])
        return Response({"status": text})
