"""What was used: how much of each component in each month, and by whom."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from waldur_core.models import IdentifiedModel
from waldur_mastermind.marketplace.models.components import OfferingComponent
from waldur_mastermind.marketplace.models.resources import PlanPeriod, Resource

RESOURCE_PATHS = ("project", "project__customer", "offering", "offering__customer")


class ComponentUsage(IdentifiedModel):
    """How much of a component a resource used in a month, in units of the component, while it was on one plan.

    Of a component billed by usage it is what flowed in the whole of the period; of any other the level at `date`.
    """

    class MissingUsagePolicy(models.TextChoices):
        """What holds for the next month when nothing is reported for it."""

        NONE = "none"
        REUSE = "reuse"
        ZERO = "zero"

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="usages")
    component = models.ForeignKey(OfferingComponent, on_delete=models.CASCADE, related_name="usages")
    plan_period = models.ForeignKey(
        PlanPeriod, null=True, blank=True, on_delete=models.CASCADE, related_name="usages", help_text="None: no plan."
    )
    billing_period = models.DateField(db_index=True, help_text="The first day of the month.")
    date = models.DateTimeField(default=timezone.now, help_text="When it was measured.")
    usage = models.DecimalField(max_digits=22, decimal_places=10, default=0)
    description = models.CharField(max_length=500, blank=True, default="")
    missing_usage_policy = models.CharField(
        max_length=5, choices=MissingUsagePolicy.choices, default=MissingUsagePolicy.NONE
    )
    modified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    visible_through: ClassVar = tuple(f"resource__{path}" for path in RESOURCE_PATHS)

    class Meta:
        ordering = ("-billing_period", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("resource", "component", "billing_period", "plan_period"), name="usage_once_per_plan_period"
            ),
            models.UniqueConstraint(
                fields=("resource", "component", "billing_period"),
                condition=Q(plan_period=None),
                name="usage_once_per_month_without_plan",
            ),
            models.CheckConstraint(condition=Q(usage__gte=0), name="usage_not_negative"),
            models.CheckConstraint(condition=Q(billing_period__day=1), name="usage_of_a_month"),
        )

    @property
    def recurring(self) -> bool:
        return self.missing_usage_policy == self.MissingUsagePolicy.REUSE


class ComponentUserUsage(IdentifiedModel):
    """Which part of a usage one person used, by the name the service knows that person by."""

    component_usage = models.ForeignKey(ComponentUsage, on_delete=models.CASCADE, related_name="user_usages")
    username = models.CharField(max_length=255)
    usage = models.DecimalField(max_digits=22, decimal_places=10, default=0)
    description = models.CharField(max_length=500, blank=True, default="")
    backend_id = models.CharField(max_length=255, blank=True, default="")

    visible_through: ClassVar = tuple(f"component_usage__resource__{path}" for path in RESOURCE_PATHS)

    class Meta:
        ordering = ("-component_usage__billing_period", "username", "pk")
        constraints = (
            models.UniqueConstraint(fields=("component_usage", "username"), name="user_usage_once_per_person"),
            models.CheckConstraint(condition=Q(usage__gte=0), name="user_usage_not_negative"),
        )
