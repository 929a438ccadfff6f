from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from waldur_core.models import IdentifiedModel
from waldur_core.secrets.fields import EncryptedTextField
from waldur_mastermind.marketplace.models import Offering

QUIET = timedelta(hours=2)  # an agent that works says so at least every 30 minutes


class AgentIdentity(IdentifiedModel):
    """One installation of the agent that works for an offering."""

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="agents")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=255)
    version = models.CharField(max_length=50, blank=True, default="")
    dependencies = models.JSONField(default=list, blank=True, help_text="[{package, version}]")
    config_file_path = models.CharField(max_length=2000, blank=True, default="")
    config_file_content: Any = EncryptedTextField(blank=True, default="", help_text="It may hold passwords.")
    last_restarted = models.DateTimeField(default=timezone.now)

    visible_through: ClassVar[tuple[str, ...]] = ("offering", "offering__customer")

    class Meta:
        ordering = ("name", "pk")
        verbose_name = "agent identity"
        verbose_name_plural = "agent identities"
        constraints = (models.UniqueConstraint(fields=("offering", "name"), name="agent_name_unique_in_offering"),)

    def __str__(self) -> str:
        return self.name


class AgentService(IdentifiedModel):
    """One kind of work that an agent does: processing orders, reporting usage."""

    class State(models.TextChoices):
        ACTIVE = "Active"
        IDLE = "Idle"
        ERROR = "Error"

    identity = models.ForeignKey(AgentIdentity, on_delete=models.CASCADE, related_name="services")
    name = models.CharField(max_length=255)
    mode = models.CharField(max_length=50, blank=True, default="")
    statistics = models.JSONField(default=dict, blank=True)

    visible_through: ClassVar[tuple[str, ...]] = ("identity__offering", "identity__offering__customer")

    class Meta:
        ordering = ("name", "pk")
        constraints = (models.UniqueConstraint(fields=("identity", "name"), name="service_name_unique_in_agent"),)

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """Idle when it has not been heard of for some time."""
        return self.State.IDLE if timezone.now() - self.modified > QUIET else self.State.ACTIVE


class AgentProcessor(IdentifiedModel):
    """What does the work inside a service, on which kind of back end."""

    service = models.ForeignKey(AgentService, on_delete=models.CASCADE, related_name="processors")
    name = models.CharField(max_length=255)
    backend_type = models.CharField(max_length=255)
    backend_version = models.CharField(max_length=100, blank=True, default="")
    last_run = models.DateTimeField(null=True, blank=True)

    visible_through: ClassVar[tuple[str, ...]] = (
        "service__identity__offering",
        "service__identity__offering__customer",
    )

    class Meta:
        ordering = ("name", "pk")
        constraints = (models.UniqueConstraint(fields=("service", "name"), name="processor_name_unique_in_service"),)

    def __str__(self) -> str:
        return self.name
