from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from waldur_core.models import IdentifiedModel
from waldur_core.structure.models import ServiceSettings

ALIVE = timedelta(seconds=30)  # a listener that has not been heard of for longer is not there any more


class NotificationListener(IdentifiedModel):
    """One process that reads the notifications of one cloud: how it fares, and what it has counted.

    `received` messages were `malformed`, or `ignored` as they speak of nothing we keep, or `hints`; those that came
    while the same object was waiting to be read were `coalesced`, those beyond the longest queue `dropped`; the rest
    became `reads`, of which some `failed`.
    """

    COUNTERS: ClassVar = (
        "received", "malformed", "ignored", "hints", "coalesced", "dropped", "reads", "failed",
    )  # fmt: skip

    service_settings = models.ForeignKey(
        ServiceSettings, on_delete=models.CASCADE, related_name="notification_listeners"
    )
    name = models.CharField(max_length=150, help_text="Host and process.")
    connected = models.BooleanField(default=False)
    connected_since = models.DateTimeField(null=True)
    seen = models.DateTimeField(default=timezone.now, help_text="When the process was last heard of.")
    last_message = models.DateTimeField(null=True)
    exchanges = models.JSONField(default=list, help_text="Those of the cloud's exchanges that are being read.")
    error_message = models.TextField(blank=True, default="")
    received = models.PositiveBigIntegerField(default=0)
    malformed = models.PositiveBigIntegerField(default=0)
    ignored = models.PositiveBigIntegerField(default=0)
    hints = models.PositiveBigIntegerField(default=0)
    coalesced = models.PositiveBigIntegerField(default=0)
    dropped = models.PositiveBigIntegerField(default=0)
    reads = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)

    visible_through: ClassVar = ("service_settings__customer",)

    class Meta:
        ordering = ("service_settings", "name")
        verbose_name = "notification listener"
        constraints = (
            models.UniqueConstraint(fields=("service_settings", "name"), name="one_listener_per_cloud_and_process"),
        )

    def __str__(self) -> str:
        return f"{self.name} on {self.service_settings}"

    @property
    def customer(self) -> Any:
        return self.service_settings.customer

    @property
    def is_connected(self) -> bool:
        """Whether it reads right now, as far as it was heard of lately."""
        return self.connected and self.seen > timezone.now() - ALIVE
