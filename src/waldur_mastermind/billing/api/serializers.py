"""Invoices and their lines. Amounts of money are texts with cents; those of lines carry ten digits."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_mastermind.billing.closing import address_of
from waldur_mastermind.billing.models import Invoice, InvoiceItem
from waldur_mastermind.billing.sums import net, tax_of, with_tax
from waldur_mastermind.marketplace.api.fields import ObjectField

Money = extend_schema_field({"type": "string", "format": "decimal"})
Number = extend_schema_field({"type": "number"})


class CustomerDetailsSerializer(serializers.Serializer[Any]):
    """An address, as it stands on an invoice."""

    name = serializers.CharField(required=False)
    address = serializers.CharField(required=False)
    country = serializers.CharField(required=False)
    country_name = serializers.CharField(required=False, allow_null=True)
    email = serializers.CharField(required=False)
    postal = serializers.CharField(required=False)
    phone_number = serializers.CharField(required=False)
    bank_name = serializers.CharField(required=False)
    bank_account = serializers.CharField(required=False)
    vat_code = serializers.CharField(required=False)


class BaseItemSerializer(ModelSerializer):
    """What every view of a line shows."""

    price = serializers.SerializerMethodField()
    project_name = serializers.SerializerMethodField()
    project_uuid = serializers.SerializerMethodField()
    resource = RelatedLinkField("marketplace-resource-detail", read_only=True, allow_null=True)
    details = ObjectField(read_only=True)

    @Number
    def get_price(self, item: InvoiceItem) -> float:
        return float(item.price)

    def get_project_name(self, item: InvoiceItem) -> str:
        return str(item.details.get("project_name", ""))

    @extend_schema_field({"type": "string", "format": "uuid", "nullable": True})
    def get_project_uuid(self, item: InvoiceItem) -> str | None:
        return item.details.get("project_uuid")


class InvoiceItemSerializer(BaseItemSerializer):
    """A line, as part of its invoice."""

    url = LinkField("invoice-item-detail")
    tax = serializers.SerializerMethodField()
    total = serializers.SerializerMethodField()
    factor = serializers.SerializerMethodField()
    resource_uuid = HexUUIDField(source="resource.uuid", read_only=True)
    resource_name = serializers.SerializerMethodField()
    credit = serializers.BooleanField(default=False, read_only=True)

    class Meta:
        model = InvoiceItem
        fields = (
            "url", "uuid", "name", "price", "tax", "total", "unit_price", "unit", "factor", "measured_unit", "start",
            "end", "article_code", "project_name", "project_uuid", "quantity", "details", "resource", "resource_uuid",
            "resource_name", "billing_type", "credit",
        )  # fmt: skip
        read_only_fields = fields

    @Money
    def get_tax(self, item: InvoiceItem) -> str:
        return f"{tax_of(item.invoice, item.price):.10f}"

    @Money
    def get_total(self, item: InvoiceItem) -> str:
        return f"{item.price + tax_of(item.invoice, item.price):.10f}"

    def get_factor(self, item: InvoiceItem) -> int:
        """Units of a limit in one measured unit."""
        return item.component.factor if item.component else 1

    def get_resource_name(self, item: InvoiceItem) -> str:
        return str(item.details.get("resource_name", ""))


class InvoiceItemDetailSerializer(BaseItemSerializer):
    """A line by itself, with the names around it."""

    invoice = RelatedLinkField("invoice-detail", read_only=True)
    offering_uuid = serializers.SerializerMethodField()
    offering_name = serializers.SerializerMethodField()
    offering_component_type = serializers.CharField(source="component_type", read_only=True)
    customer_uuid = HexUUIDField(source="invoice.customer.uuid", read_only=True)
    customer_name = serializers.CharField(source="invoice.customer.name", read_only=True)

    class Meta:
        model = InvoiceItem
        fields = (
            "invoice", "resource", "uuid", "article_code", "unit_price", "unit", "quantity", "measured_unit", "price",
            "name", "start", "end", "details", "offering_uuid", "offering_name", "offering_component_type",
            "project_uuid", "project_name", "customer_uuid", "customer_name",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uuid"})
    def get_offering_uuid(self, item: InvoiceItem) -> str:
        return str(item.details["offering_uuid"])

    def get_offering_name(self, item: InvoiceItem) -> str:
        return str(item.details["offering_name"])


class InvoiceSerializer(ModelSerializer):
    """An invoice with its lines. While it is pending, all of it follows what happens."""

    url = LinkField("invoice-detail")
    number = serializers.IntegerField(read_only=True)
    customer = RelatedLinkField("customer-detail", read_only=True)
    price = serializers.SerializerMethodField()
    tax = serializers.SerializerMethodField()
    total = serializers.SerializerMethodField()
    customer_details = serializers.SerializerMethodField()
    issuer_details = CustomerDetailsSerializer(read_only=True)
    items = InvoiceItemSerializer(many=True, read_only=True)
    compensations = serializers.SerializerMethodField()
    incurred_costs = serializers.SerializerMethodField()

    class Meta:
        model = Invoice
        fields = (
            "url", "uuid", "number", "customer", "price", "tax", "total", "state", "year", "month", "issuer_details",
            "invoice_date", "due_date", "customer_details", "items", "backend_id", "payment_url", "reference_number",
            "compensations", "incurred_costs",
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Invoice) -> dict[str, Any]:
        """Published clients read no null as the due date."""
        data = super().to_representation(instance)
        if data.get("due_date", "") is None:
            del data["due_date"]
        return data

    @Money
    def get_price(self, invoice: Invoice) -> str:
        return f"{net(invoice):.2f}"

    @Money
    def get_tax(self, invoice: Invoice) -> str:
        return f"{with_tax(invoice) - net(invoice):.2f}"

    @Money
    def get_total(self, invoice: Invoice) -> str:
        return f"{with_tax(invoice):.2f}"

    @extend_schema_field(CustomerDetailsSerializer)
    def get_customer_details(self, invoice: Invoice) -> dict[str, Any]:
        details: dict[str, Any] = invoice.customer_details or address_of(invoice.customer)
        return details

    @Number
    def get_compensations(self, invoice: Invoice) -> float:
        """What was given back; there are no credits."""
        return 0.0

    @Number
    def get_incurred_costs(self, invoice: Invoice) -> float:
        return float(sum((item.price for item in invoice.items.all()), Decimal(0)))


class PaidSerializer(serializers.Serializer[Any]):
    """On which day it was paid. A `proof` is taken from published clients and not kept."""

    date = serializers.DateField()


class InvoiceBackendIDSerializer(serializers.Serializer[Any]):
    backend_id = serializers.CharField(max_length=255, allow_blank=True)


class PaymentURLSerializer(serializers.Serializer[Any]):
    payment_url = serializers.URLField(allow_blank=True, max_length=200)


class ReferenceNumberSerializer(serializers.Serializer[Any]):
    reference_number = serializers.CharField(max_length=300, allow_blank=True)


class InvoiceStatsSerializer(serializers.Serializer[Any]):
    """The sum of an invoice's lines of one offering."""

    offering_name = serializers.CharField()
    aggregated_price = serializers.FloatField()
    aggregated_tax = serializers.FloatField()
    aggregated_total = serializers.FloatField()
    service_category_title = serializers.CharField()
    service_provider_name = serializers.CharField()
    service_provider_uuid = serializers.CharField()


class CustomerGrowthSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    periods = serializers.ListField(child=serializers.FloatField())


class InvoiceGrowthSerializer(serializers.Serializer[Any]):
    """Twelve months: of all customers, of the four largest, and of all others together."""

    periods = serializers.ListField(child=serializers.CharField())
    total_periods = serializers.ListField(child=serializers.FloatField())
    other_periods = serializers.ListField(child=serializers.FloatField())
    customer_periods = CustomerGrowthSerializer(many=True)


class InvoiceCostSerializer(serializers.Serializer[Any]):
    """What a month cost."""

    price = serializers.FloatField()
    year = serializers.IntegerField()
    month = serializers.IntegerField()
    compensation = serializers.FloatField()
    incurred = serializers.FloatField()


class TotalPriceSerializer(serializers.Serializer[Any]):
    total_price = serializers.DecimalField(max_digits=22, decimal_places=2)


class CostsForPeriodSerializer(TotalPriceSerializer):
    start_date = serializers.DateField()
    end_date = serializers.DateField()
