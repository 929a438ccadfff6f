"""Invoices and their lines, what months have been billed, and what it all comes to."""

from typing import Any, ClassVar

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from waldur_core.models import IdentifiedModel
from waldur_core.structure.models import Customer, Project
from waldur_mastermind.marketplace.models import Offering, OfferingComponent, Plan, Resource

MONEY: dict[str, Any] = {"max_digits": 22, "decimal_places": 10}
FIRST_NUMBER = 100000


class BilledMonth(models.Model):
    """A month whose usages, limits and plans count no more: its invoices are being made out, or are out."""

    month = models.DateField(unique=True, help_text="Its first day.")
    begun_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("month",)
        constraints = (models.CheckConstraint(condition=Q(month__day=1), name="billed_month_is_a_month"),)


class Invoice(IdentifiedModel):
    """What a customer owes for a month. While it is pending its lines follow what happens; then they stay."""

    class State(models.TextChoices):
        PENDING = "pending"
        PENDING_FINALIZATION = "pending_finalization"
        CREATED = "created"
        PAID = "paid"
        CANCELED = "canceled"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices")
    year = models.PositiveSmallIntegerField()
    month = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.PENDING, db_index=True)
    tax_percent = models.DecimalField(max_digits=4, decimal_places=2, default=0)
    invoice_date = models.DateField(null=True, blank=True, help_text="When it was made out.")
    due_date = models.DateField(null=True, blank=True)
    paid_date = models.DateField(null=True, blank=True)
    customer_details = models.JSONField(default=dict, blank=True, help_text="The address, as it was then.")
    issuer_details = models.JSONField(default=dict, blank=True)
    backend_id = models.CharField(max_length=255, blank=True, default="")
    payment_url = models.URLField(blank=True, default="")
    reference_number = models.CharField(max_length=300, blank=True, default="")

    visible_through: ClassVar = ("customer",)

    class Meta:
        ordering = ("-year", "-month", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("customer", "year", "month"), name="one_invoice_per_month"),
            models.CheckConstraint(condition=Q(month__gte=1, month__lte=12), name="invoice_of_a_month"),
        )

    def __str__(self) -> str:
        return f"{self.customer} {self.year}-{self.month:02}"

    @property
    def number(self) -> int:
        return FIRST_NUMBER + int(self.pk)


class InvoiceItem(IdentifiedModel):
    """A line: a component of a resource for a time, or at a moment (start = end). The names are those of then.

    The database refuses a second line for the same component of a resource at the same time.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="items")
    resource = models.ForeignKey(Resource, null=True, on_delete=models.SET_NULL, related_name="invoice_items")
    project = models.ForeignKey(Project, null=True, on_delete=models.SET_NULL, related_name="+")
    offering = models.ForeignKey(Offering, null=True, on_delete=models.SET_NULL, related_name="+")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.SET_NULL, related_name="+")
    component = models.ForeignKey(OfferingComponent, null=True, on_delete=models.SET_NULL, related_name="+")
    component_type = models.CharField(max_length=150, blank=True, default="", help_text="Empty: the plan itself.")
    billing_type = models.CharField(max_length=5, choices=OfferingComponent.BillingType.choices)
    name = models.TextField()
    article_code = models.CharField(max_length=30, blank=True, default="")
    measured_unit = models.CharField(max_length=30, blank=True, default="")
    unit = models.CharField(max_length=10, choices=Plan.Unit.choices)
    unit_price = models.DecimalField(**MONEY)
    quantity = models.DecimalField(**MONEY, help_text="Amount times the number of units of time.")
    price = models.DecimalField(**MONEY, help_text="Without tax, not rounded to cents: the invoice is.")
    start = models.DateTimeField()
    end = models.DateTimeField()
    details = models.JSONField(default=dict, blank=True)

    visible_through: ClassVar = ("invoice__customer",)

    class Meta:
        ordering = ("invoice", "name", "start", "pk")
        indexes = (models.Index(fields=("resource", "component_type", "start")),)
        constraints = (
            models.CheckConstraint(condition=Q(end__gte=F("start")), name="invoice_item_ends_after_it_starts"),
            models.UniqueConstraint(
                fields=("resource", "component_type", "billing_type", "start"),
                condition=Q(end=F("start")),
                name="nothing_is_charged_twice_at_once",
            ),
            # GiST knows no plain numbers and texts without an extension, but it knows ranges: one stands for each.
            ExclusionConstraint(
                name="no_time_is_charged_twice",
                expressions=(
                    (
                        Func("resource", "resource", Value("[]"), function="int8range",
                             output_field=BigIntegerRangeField()),
                        RangeOperators.EQUAL,
                    ),
                    (
                        Func(
                            Func("component_type", Value(0), function="hashtextextended",
                                 output_field=models.BigIntegerField()),
                            Value(None, output_field=models.BigIntegerField()),
                            Value("[]"),
                            function="int8range",
                            output_field=BigIntegerRangeField(),
                        ),
                        RangeOperators.EQUAL,
                    ),
                    (
                        Func("start", "end", Value("[)"), function="tstzrange", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name


class PriceEstimate(models.Model):
    """What a month comes to for a customer, a project or a resource: in all, as things stand, and up to now."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    scope = GenericForeignKey("content_type", "object_id")
    month = models.DateField(help_text="Its first day; an estimate of another month is none.")
    total = models.DecimalField(**MONEY, default=0)
    current = models.DecimalField(**MONEY, default=0)
    tax = models.DecimalField(**MONEY, default=0)
    tax_current = models.DecimalField(**MONEY, default=0)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("content_type", "object_id"), name="one_price_estimate_per_scope"),
        )
