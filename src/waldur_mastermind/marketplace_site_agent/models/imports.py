from typing import ClassVar

from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace.models.bases import TransitionModel


class BackendResource(IdentifiedModel):
    """Something an agent found at its service that the marketplace does not know."""

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="backend_resources")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=150)
    backend_id = models.CharField(max_length=255, blank=True, default="")
    backend_metadata = models.JSONField(default=dict, blank=True)

    visible_through: ClassVar[tuple[str, ...]] = ("offering", "offering__customer")

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(fields=("offering", "backend_id"), name="backend_resource_unique_in_offering"),
        )

    def __str__(self) -> str:
        return self.name


class BackendResourceRequest(TransitionModel, IdentifiedModel):
    """The question to an agent what there is at its service."""

    class State(models.TextChoices):
        SENT = "Sent"
        PROCESSING = "Processing"
        DONE = "Done"
        ERRED = "Erred"

    allowed: ClassVar = {
        State.PROCESSING: {State.SENT},
        State.DONE: {State.PROCESSING},
        State.ERRED: {State.SENT, State.PROCESSING},
    }

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="backend_resource_requests")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SENT, db_index=True)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)
    error_message = models.TextField(blank=True, default="")
    error_traceback = models.TextField(blank=True, default="")

    visible_through: ClassVar[tuple[str, ...]] = ("offering", "offering__customer")

    class Meta:
        ordering = ("-created", "-pk")
