from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from waldur_core.models import IdentifiedModel, NamedModel, SluggedModel
from waldur_core.secrets.fields import EncryptedJSONField
from waldur_core.structure.models import Customer, Project
from waldur_mastermind.marketplace.models.bases import ScopedModel, TransitionModel
from waldur_mastermind.marketplace.models.offerings import Offering
from waldur_mastermind.marketplace.models.plans import Plan


class Resource(TransitionModel, ScopedModel, SluggedModel, NamedModel):
    """What a customer got from an order: a name, a plan, limits. The thing itself is its scope."""

    class State(models.TextChoices):
        CREATING = "Creating"
        OK = "OK"
        ERRED = "Erred"
        UPDATING = "Updating"
        TERMINATING = "Terminating"
        TERMINATED = "Terminated"

    ALIVE = (State.CREATING, State.OK, State.ERRED, State.UPDATING, State.TERMINATING)

    allowed: ClassVar = {
        State.CREATING: {State.ERRED, State.TERMINATED},  # tried again, or restored
        State.OK: {State.CREATING, State.UPDATING, State.TERMINATING, State.ERRED},
        State.ERRED: {State.CREATING, State.OK, State.UPDATING, State.TERMINATING},
        State.UPDATING: {State.OK, State.ERRED},
        State.TERMINATING: {State.OK, State.ERRED, State.UPDATING},
        State.TERMINATED: set(ALIVE),
    }

    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="resources")
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="resources")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="marketplace_resources")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")
    state = models.CharField(max_length=20, choices=State.choices, default=State.CREATING, db_index=True)
    name = models.CharField(max_length=255)
    attributes = models.JSONField(default=dict, blank=True)
    limits = models.JSONField(default=dict, blank=True)
    current_usages = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=list, blank=True)
    backend_id = models.CharField(max_length=255, blank=True, default="", db_index=True)
    backend_metadata = models.JSONField(default=dict, blank=True)
    effective_id = models.CharField(max_length=255, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    error_traceback = models.TextField(blank=True, default="")
    end_date = models.DateField(null=True, blank=True, help_text="Terminated on this day.")
    end_date_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    end_date_updated_at = models.DateTimeField(null=True, blank=True)
    last_sync = models.DateTimeField(auto_now_add=True)
    endpoints = models.JSONField(default=list, blank=True, help_text="Addresses to reach it by: [{uuid, name, url}].")
    secret_metadata: Any = EncryptedJSONField(
        default=dict, blank=True, help_text="The password-like part of what the service tells about it."
    )
    paused = models.BooleanField(default=False, help_text="Its service is to stop it for the time being.")
    downscaled = models.BooleanField(default=False, help_text="Its service is to give it the least it can.")
    restrict_member_access = models.BooleanField(default=False, help_text="Members of the project are kept out.")

    slug_is_unique: ClassVar[bool] = True
    visible_through: ClassVar[tuple[str, ...]] = ("project", "project__customer", "offering", "offering__customer")

    class Meta:
        ordering = ("name",)
        indexes = (models.Index(fields=("content_type", "object_id")),)
        constraints = (
            models.UniqueConstraint(
                fields=("scope_uuid",),
                condition=~models.Q(state="Terminated"),
                name="one_living_resource_per_scope",
            ),
        )

    @property
    def customer(self) -> Customer:
        return self.project.customer


class PlanPeriod(IdentifiedModel):
    """The time a resource spent on one plan; the running one has no end."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="plan_periods")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    start = models.DateTimeField(default=timezone.now)
    end = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("start", "pk")
        constraints = (
            models.UniqueConstraint(fields=("resource",), condition=Q(end=None), name="one_running_plan_period"),
        )
