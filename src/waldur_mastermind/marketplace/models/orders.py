from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from waldur_core.models import IdentifiedModel, SluggedModel
from waldur_core.secrets.fields import EncryptedJSONField
from waldur_core.structure.models import Customer, Project
from waldur_mastermind.marketplace.models.bases import TransitionModel
from waldur_mastermind.marketplace.models.offerings import Offering
from waldur_mastermind.marketplace.models.plans import Plan
from waldur_mastermind.marketplace.models.resources import Resource


class Order(TransitionModel, SluggedModel, IdentifiedModel):
    """A request to create, change or end a resource, from the asking to the outcome."""

    class State(models.TextChoices):
        PENDING_CONSUMER = "pending-consumer"
        PENDING_PROVIDER = "pending-provider"
        PENDING_PROJECT = "pending-project"
        PENDING_START_DATE = "pending-start-date"
        EXECUTING = "executing"
        DONE = "done"
        ERRED = "erred"
        CANCELED = "canceled"
        REJECTED = "rejected"

    class Type(models.TextChoices):
        CREATE = "Create"
        UPDATE = "Update"
        TERMINATE = "Terminate"
        RESTORE = "Restore"

    UNDER_REVIEW = (State.PENDING_CONSUMER, State.PENDING_PROVIDER)
    PENDING = (*UNDER_REVIEW, State.PENDING_PROJECT, State.PENDING_START_DATE)
    UNFINISHED = (*PENDING, State.EXECUTING)

    allowed: ClassVar = {
        State.PENDING_PROVIDER: {State.PENDING_CONSUMER},
        State.PENDING_PROJECT: {*UNDER_REVIEW},
        State.PENDING_START_DATE: {*UNDER_REVIEW, State.PENDING_PROJECT},
        State.EXECUTING: {*PENDING, State.ERRED},  # a failed order is tried again
        State.DONE: {State.EXECUTING},
        State.ERRED: {State.EXECUTING},
        State.CANCELED: {*UNFINISHED},
        State.REJECTED: {*UNDER_REVIEW},
    }

    type = models.CharField(max_length=10, choices=Type.choices, default=Type.CREATE)
    state = models.CharField(max_length=20, choices=State.choices, default=State.PENDING_CONSUMER, db_index=True)
    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="orders")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="orders")
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="orders")
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="orders")
    old_plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    attributes = models.JSONField(default=dict, blank=True)
    secret_attributes: Any = EncryptedJSONField(
        default=dict, blank=True, help_text="Attributes that the plug-in names as secret: passwords, user data."
    )
    limits = models.JSONField(default=dict, blank=True)
    cost = models.DecimalField(max_digits=22, decimal_places=10, null=True, blank=True)
    start_date = models.DateField(null=True, blank=True, help_text="Not executed before this day.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    consumer_reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    consumer_reviewed_at = models.DateTimeField(null=True, blank=True)
    provider_reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    provider_reviewed_at = models.DateTimeField(null=True, blank=True)
    auto_approved = models.BooleanField(default=False, help_text="The consumer's approval came with the order.")
    request_comment = models.TextField(blank=True, default="")
    consumer_rejection_comment = models.TextField(blank=True, default="")
    provider_rejection_comment = models.TextField(blank=True, default="")
    termination_comment = models.TextField(blank=True, default="")
    callback_url = models.URLField(blank=True, default="")
    backend_id = models.CharField(max_length=255, blank=True, default="")
    output = models.TextField(blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    error_traceback = models.TextField(blank=True, default="")
    completed_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=255, blank=True, default="")

    visible_through: ClassVar[tuple[str, ...]] = ("project", "project__customer", "offering", "offering__customer")

    class Meta:
        ordering = ("-created", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("resource",),
                condition=Q(
                    state__in=(
                        "pending-consumer",
                        "pending-provider",
                        "pending-project",
                        "pending-start-date",
                        "executing",
                    )
                ),
                name="one_unfinished_order_per_resource",
            ),
        )
        indexes = (
            models.Index(
                fields=("created_by", "idempotency_key"), name="order_idempotency", condition=~Q(idempotency_key="")
            ),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.resource.name}"

    @property
    def customer(self) -> Customer:
        return self.project.customer

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.UNFINISHED

    def all_attributes(self) -> dict[str, Any]:
        """What was ordered, secrets included: for plug-ins, never for an answer."""
        return {**self.attributes, **self.secret_attributes}
