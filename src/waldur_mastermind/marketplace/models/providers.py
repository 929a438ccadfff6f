from typing import Any

from django.db import models
from django.db.models import Q

from waldur_core.models import IdentifiedModel
from waldur_core.structure.models import Customer


class ServiceProvider(IdentifiedModel):
    """The registration that lets a customer publish offerings."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="service_provider")
    description = models.CharField(max_length=2000, blank=True, default="")
    enable_notifications = models.BooleanField(default=True)

    class Meta:
        ordering = ("customer__name",)

    def __str__(self) -> str:
        return self.customer.name

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        """Who provides is public: the name stands on every offering."""
        return Q(pk__isnull=False)
