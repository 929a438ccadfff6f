"""What stood when: each row is a step, which holds until the next one. So there are neither gaps nor overlaps."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from waldur_mastermind.marketplace.models.components import OfferingComponent
from waldur_mastermind.marketplace.models.plans import Plan
from waldur_mastermind.marketplace.models.resources import Resource


class LimitChange(models.Model):
    """From `start` on, a resource has these limits."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="limit_changes")
    limits = models.JSONField(default=dict, blank=True)
    start = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("start", "pk")
        indexes = (models.Index(fields=("resource", "start")),)


class PriceChange(models.Model):
    """From `start` on, a component costs this in a plan, and this much of it is included. Without a component: the
    price of the plan itself, which counts when nothing in it is fixed."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="price_changes")
    component = models.ForeignKey(
        OfferingComponent, null=True, blank=True, on_delete=models.CASCADE, related_name="price_changes"
    )
    price = models.DecimalField(max_digits=22, decimal_places=10)
    amount = models.PositiveIntegerField(default=1)
    start = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("start", "pk")
        constraints = (
            models.UniqueConstraint(fields=("plan", "component", "start"), name="price_changes_once_at_a_time"),
            models.UniqueConstraint(
                fields=("plan", "start"), condition=Q(component=None), name="plan_price_changes_once_at_a_time"
            ),
        )
