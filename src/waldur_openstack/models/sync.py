"""How we keep up with each cloud: whose turn it is, how far we are, what came of each look, and whether it answers."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from waldur_core.models import IdentifiedModel
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models.identity import Tenant


class CloudSync(IdentifiedModel):
    """The lease on a cloud, and its circuit breaker: a cloud that does not answer is left alone for a while."""

    class Breaker(models.TextChoices):
        CLOSED = "closed", "the cloud answers"
        OPEN = "open", "it does not, and is left alone until `next_try`"
        HALF_OPEN = "half-open", "the next look tells"

    service_settings = models.OneToOneField(ServiceSettings, on_delete=models.CASCADE, related_name="cloud_sync")
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Looks in a row that the cloud did not answer.")
    open_since = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, default="")
    next_try = models.DateTimeField(null=True)

    visible_through: ClassVar = ("service_settings__customer",)

    class Meta:
        ordering = ("service_settings__name",)

    def __str__(self) -> str:
        return f"Sync of {self.service_settings}"

    @property
    def breaker(self) -> Breaker:
        if self.open_since is None:
            return self.Breaker.CLOSED
        return self.Breaker.OPEN if self.next_try and self.next_try > timezone.now() else self.Breaker.HALF_OPEN

    @property
    def is_running(self) -> bool:
        return self.lease_until is not None and self.lease_until > timezone.now()


class SyncCursor(models.Model):
    """How far we have followed one kind of object in a cloud.

    `since`: changes before that moment are known. `doubted`: ids that were missing in the last listing, too many at
    once to be believed.
    """

    service_settings = models.ForeignKey(ServiceSettings, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=50)
    since = models.DateTimeField(null=True)
    doubted = models.JSONField(default=list)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("service_settings", "kind"), name="one_cursor_per_kind"),)


class SyncRun(IdentifiedModel):
    """One look at a cloud, or at one tenant of it."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled"
        RUNNING = "running"
        DONE = "done"
        ERRED = "erred"

    service_settings = models.ForeignKey(ServiceSettings, on_delete=models.CASCADE, related_name="sync_runs")
    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.CASCADE, related_name="sync_runs")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Who asked for it."
    )
    task = models.CharField(max_length=50, db_index=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SCHEDULED)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    cloud_calls = models.PositiveIntegerField(default=0)
    rows_seen = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_missing = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    details = models.JSONField(default=dict, help_text="The same numbers per kind of object.")
    error = models.TextField(blank=True, default="")

    visible_through: ClassVar = ("service_settings__customer", "tenant__project", "tenant__project__customer")

    class Meta:
        ordering = ("-created", "-pk")
        indexes = (models.Index(fields=("service_settings", "-created"), name="sync_run_of_cloud"),)

    def __str__(self) -> str:
        return f"{self.task} of {self.service_settings}"

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken so far; None before it begins."""
        end: datetime = self.ended or timezone.now()
        return (end - self.started).total_seconds() if self.started else None
