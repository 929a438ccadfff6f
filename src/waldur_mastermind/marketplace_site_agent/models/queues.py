from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from waldur_core.models import IdentifiedModel
from waldur_mastermind.marketplace_site_agent.models.identities import AgentIdentity


class AgentQueue(IdentifiedModel):
    """Where an agent listens: one queue in RabbitMQ, in a virtual host of the user who runs the agent."""

    identity = models.OneToOneField(AgentIdentity, on_delete=models.CASCADE, related_name="queue")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    object_types = ArrayField(models.CharField(max_length=50), help_text="What it wants to be told of.")
    token_digest = models.CharField(max_length=64, help_text="Of the token that is its password in RabbitMQ.")

    visible_through: ClassVar[tuple[str, ...]] = ("identity__offering", "identity__offering__customer")

    class Meta:
        ordering = ("pk",)

    @property
    def vhost(self) -> str:
        return str(self.user.uuid.hex)

    @property
    def queue_name(self) -> str:
        return f"agent_{self.identity.uuid.hex}"

    @property
    def rmq_username(self) -> str:
        return str(self.identity.uuid.hex)


class AgentMessage(models.Model):
    """What an agent is to be told; written with the change itself, deleted once RabbitMQ has confirmed it."""

    queue = models.ForeignKey(AgentQueue, on_delete=models.CASCADE, related_name="messages")
    body: Any = models.JSONField()
    created = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ("pk",)
