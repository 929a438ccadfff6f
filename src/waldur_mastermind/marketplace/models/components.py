from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_mastermind.marketplace.models.offerings import Offering


class OfferingComponent(IdentifiedModel):
    """One measured part of an offering: cores, memory, a licence. Built-in ones belong to the plug-in."""

    class BillingType(models.TextChoices):
        FIXED = "fixed"
        USAGE = "usage"
        LIMIT = "limit"
        ONE = "one"
        FEW = "few"

    class LimitPeriod(models.TextChoices):
        MONTH = "month"
        QUARTERLY = "quarterly"
        ANNUAL = "annual"
        TOTAL = "total"

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="components")
    type = models.SlugField(max_length=150)
    name = models.CharField(max_length=150)
    description = models.CharField(max_length=2000, blank=True, default="")
    measured_unit = models.CharField(max_length=30, blank=True, default="")
    unit_factor = models.PositiveIntegerField(default=1, help_text="Units of the service in one measured unit.")
    billing_type = models.CharField(max_length=5, choices=BillingType.choices)
    limit_period = models.CharField(max_length=9, choices=LimitPeriod.choices, null=True, blank=True)
    limit_amount = models.BigIntegerField(null=True, blank=True)
    min_value = models.BigIntegerField(null=True, blank=True)
    max_value = models.BigIntegerField(null=True, blank=True)
    max_available_limit = models.BigIntegerField(null=True, blank=True, help_text="Of all resources together.")
    default_limit = models.BigIntegerField(null=True, blank=True)
    is_builtin = models.BooleanField(default=False)
    retired = models.BooleanField(
        default=False, help_text="Not sold any more; what it cost and what was used of it stays in the accounts."
    )
    is_boolean = models.BooleanField(default=False)
    article_code = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("offering", "type"), name="component_type_unique_in_offering"),)

    def __str__(self) -> str:
        return self.name

    @property
    def factor(self) -> int:
        """Units of limits and usages in one measured unit. Those of a component that the provider made are in measured
        units already: only the agent, on its way to the service, converts by `unit_factor`."""
        return self.unit_factor if self.is_builtin else 1
