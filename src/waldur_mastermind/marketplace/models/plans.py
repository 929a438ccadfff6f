from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from waldur_core.models import IdentifiedModel, NamedModel
from waldur_mastermind.marketplace.models.components import OfferingComponent
from waldur_mastermind.marketplace.models.offerings import Offering


class Plan(NamedModel):
    """A price list of an offering."""

    class Unit(models.TextChoices):
        MONTH = "month"
        QUARTER = "quarter"
        HALF_MONTH = "half_month"
        DAY = "day"
        HOUR = "hour"
        QUANTITY = "quantity"

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="plans")
    unit = models.CharField(max_length=10, choices=Unit.choices, default=Unit.MONTH)
    unit_price = models.DecimalField(
        max_digits=22, decimal_places=10, default=0, help_text="The flat part: the sum of the fixed components."
    )
    article_code = models.CharField(max_length=30, blank=True, default="")
    backend_id = models.CharField(max_length=255, blank=True, default="")
    max_amount = models.PositiveIntegerField(null=True, blank=True, help_text="Resources that may use it at a time.")
    archived = models.BooleanField(default=False, help_text="Closed to new orders; resources keep it.")

    visible_through: ClassVar = ("offering", "offering__customer")

    class Meta:
        ordering = ("name",)

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        """The prices of what one may see."""
        from waldur_core.permissions.visibility import visibility

        return Q(offering__in=Offering.objects.filter(visibility(user, Offering)).values("pk"))


class PlanComponent(IdentifiedModel):
    """What one component costs in a plan, and how much of a fixed one is included."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="components")
    component = models.ForeignKey(OfferingComponent, on_delete=models.CASCADE, related_name="plan_components")
    amount = models.PositiveIntegerField(default=0, help_text="Included units of a fixed component.")
    price = models.DecimalField(max_digits=22, decimal_places=10, default=0, help_text="Per measured unit.")
    future_price = models.DecimalField(
        max_digits=22, decimal_places=10, null=True, blank=True, help_text="The price from the next month on."
    )
    future_price_from = models.DateField(null=True, blank=True, help_text="The first day of the future price.")

    visible_through: ClassVar = ("plan__offering", "plan__offering__customer")

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("plan", "component"), name="component_unique_in_plan"),)

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        from waldur_core.permissions.visibility import visibility

        return Q(plan__in=Plan.objects.filter(visibility(user, Plan)).values("pk"))
