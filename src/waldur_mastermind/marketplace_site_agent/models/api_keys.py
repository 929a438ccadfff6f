from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from waldur_core.models import IdentifiedModel
from waldur_core.secrets.fields import EncryptedTextField
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace.models.bases import TransitionModel


class ResourceApiKey(TransitionModel, IdentifiedModel):
    """A key to the interface of a resource, made and applied by the agent."""

    class State(models.TextChoices):
        OK = "OK"
        ERRED = "Erred"

    allowed: ClassVar = {State.OK: {State.OK, State.ERRED}, State.ERRED: {State.OK, State.ERRED}}

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="api_keys")
    client_id = models.CharField(max_length=255, help_text="Under which name the service knows the key.")
    api_key: Any = EncryptedTextField(help_text="The key itself.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OK, db_index=True)
    issued_at = models.DateTimeField(default=timezone.now, help_text="When the key that is valid now was applied.")
    error_message = models.TextField(blank=True, default="")

    visible_through: ClassVar[tuple[str, ...]] = (
        "resource__project",
        "resource__project__customer",
        "resource__offering",
        "resource__offering__customer",
    )

    class Meta:
        ordering = ("pk",)
        verbose_name = "API key"
        constraints = (models.UniqueConstraint(fields=("resource", "client_id"), name="client_id_unique_in_resource"),)

    def __str__(self) -> str:
        return self.client_id
