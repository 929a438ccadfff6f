"""`Operation`: what PostgreSQL remembers of a running workflow."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone

from waldur_core.models import IdentifiedModel


class Operation(IdentifiedModel):
    """One run of a workflow on one subject. The row alone is enough to continue after any crash.

    `plan` holds the steps: [{step, item, title, state, attempts, started, finished}]; `cursor` is the index of the
    current one and `phase` how far it is. The lease says which worker is on it.
    """

    class State(models.TextChoices):
        SCHEDULED = "scheduled"
        RUNNING = "running"
        UNDOING = "undoing"
        DONE = "done"
        ERRED = "erred"
        CANCELLED = "cancelled"

    class Phase(models.TextChoices):
        READY = "ready", "nothing was called yet"
        BEGUN = "begun", "the effect may have happened"
        WAITING = "waiting", "the effect happened, its condition is awaited"

    LIVE = (State.SCHEDULED, State.RUNNING, State.UNDOING)

    workflow = models.CharField(max_length=100, db_index=True)
    content_type = models.ForeignKey(ContentType, on_delete=models.PROTECT)
    object_id = models.PositiveBigIntegerField()
    subject = GenericForeignKey("content_type", "object_id")
    subject_uuid = models.UUIDField(db_index=True)
    subject_name = models.CharField(max_length=500)
    project = models.ForeignKey("structure.Project", null=True, on_delete=models.SET_NULL, related_name="+")
    customer = models.ForeignKey("structure.Customer", null=True, on_delete=models.SET_NULL, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    state = models.CharField(max_length=10, choices=State.choices, default=State.SCHEDULED)
    parameters = models.JSONField(default=dict)
    data = models.JSONField(default=dict)
    plan = models.JSONField(default=list)
    cursor = models.PositiveIntegerField(default=0)
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.READY)
    attempts = models.PositiveIntegerField(default=0, help_text="Failed tries of the current step.")
    polls = models.PositiveIntegerField(default=0, help_text="Times the condition of the current step was not yet met.")
    step_started = models.DateTimeField(null=True)

    next_run_at = models.DateTimeField(default=timezone.now)
    deadline = models.DateTimeField()
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)

    error_code = models.CharField(max_length=20, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    error_traceback = models.TextField(blank=True, default="")

    visible_through: ClassVar = ("project", "customer")

    class Meta:
        ordering = ("-created", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("content_type", "object_id"),
                condition=Q(state__in=("scheduled", "running", "undoing")),
                name="one_live_operation_per_subject",
            ),
        )
        indexes = (
            models.Index(
                fields=("next_run_at",),
                name="operation_due",
                condition=Q(state__in=("scheduled", "running", "undoing")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.workflow} of {self.subject_name}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def current(self) -> dict[str, Any] | None:
        """The plan's entry at the cursor, None past the end."""
        return self.plan[self.cursor] if self.cursor < len(self.plan) else None
