"""What agents tell of their own work: what they wrote to their log, and whom they have let in."""

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from waldur_core.models import IdentifiedModel
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace_site_agent.models.identities import AgentIdentity


class AgentLog(IdentifiedModel):
    """A line of an agent's log."""

    class Level(models.TextChoices):
        DEBUG = "DEBUG"
        INFO = "INFO"
        WARNING = "WARNING"
        ERROR = "ERROR"
        CRITICAL = "CRITICAL"

    identity = models.ForeignKey(AgentIdentity, on_delete=models.CASCADE, related_name="logs")
    timestamp = models.FloatField(help_text="By the agent's clock, in seconds since 1970.")
    level = models.CharField(max_length=10, choices=Level.choices)
    message = models.TextField(blank=True)
    module = models.CharField(max_length=255, blank=True)

    visible_through: ClassVar[tuple[str, ...]] = ("identity__offering", "identity__offering__customer")

    class Meta:
        ordering = ("-timestamp", "-pk")


class MembershipReport(models.Model):
    """Whom of the team of a resource its service has let in: the agent's latest report, as a whole."""

    resource = models.OneToOneField(Resource, on_delete=models.CASCADE, related_name="membership_report")
    reported = models.DateTimeField(default=timezone.now)
    statuses: Any = models.JSONField(default=list, help_text="[{user, role_name, state, message}], user being an uuid.")
