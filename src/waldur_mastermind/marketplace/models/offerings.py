from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from waldur_core.models import NamedModel, SluggedModel
from waldur_core.secrets.fields import EncryptedJSONField
from waldur_core.structure.models import Customer, Project
from waldur_mastermind.marketplace.models.bases import ScopedModel, TransitionModel
from waldur_mastermind.marketplace.models.categories import Category


class Offering(TransitionModel, ScopedModel, SluggedModel, NamedModel):
    """Something that can be ordered. Its type names the plug-in that makes it; its scope is what makes it work."""

    class State(models.TextChoices):
        DRAFT = "Draft"
        ACTIVE = "Active"
        PAUSED = "Paused"
        ARCHIVED = "Archived"
        UNAVAILABLE = "Unavailable"

    PUBLIC = (State.ACTIVE, State.PAUSED)

    allowed: ClassVar = {
        State.DRAFT: {State.ACTIVE, State.PAUSED, State.UNAVAILABLE, State.ARCHIVED},
        State.ACTIVE: {State.DRAFT, State.PAUSED, State.UNAVAILABLE},
        State.PAUSED: {State.ACTIVE},
        State.UNAVAILABLE: {State.ACTIVE},
        State.ARCHIVED: {State.DRAFT, State.ACTIVE, State.PAUSED, State.UNAVAILABLE},
    }

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="offerings")
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Only members order here."
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="offerings")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    type = models.CharField(max_length=100, db_index=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT, db_index=True)
    shared = models.BooleanField(default=True, help_text="Any customer may order; else only its own customer.")
    billable = models.BooleanField(default=True)
    full_description = models.TextField(blank=True, default="")
    vendor_details = models.TextField(blank=True, default="")
    getting_started = models.TextField(blank=True, default="")
    integration_guide = models.TextField(blank=True, default="")
    privacy_policy_link = models.URLField(blank=True, default="")
    helpdesk_url = models.URLField(blank=True, default="")
    documentation_url = models.URLField(blank=True, default="")
    access_url = models.URLField(blank=True, default="")
    terms_of_service = models.TextField(blank=True, default="", help_text="Accepted with each order, when given.")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    country = models.CharField(max_length=2, blank=True, default="")
    paused_reason = models.TextField(blank=True, default="")
    backend_id = models.CharField(max_length=255, blank=True, default="")
    backend_metadata = models.JSONField(default=dict, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=dict, blank=True, help_text="The form of an order: {order, options}.")
    resource_options = models.JSONField(default=dict, blank=True, help_text="The form of a resource's options.")
    plugin_options = models.JSONField(default=dict, blank=True, help_text="Settings of the plug-in users may see.")
    secret_options: Any = EncryptedJSONField(
        default=dict, blank=True, help_text="How the plug-in reaches its service: addresses and credentials."
    )

    visible_through: ClassVar = ("", "customer")
    role_scope: ClassVar = "offering"

    class Meta:
        ordering = ("name",)

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        """What is on sale: for everybody when shared, else for the customer and project it is for."""
        from waldur_core.permissions.visibility import visibility

        if not user.is_authenticated:
            return Q(pk__in=())
        customers = Customer.objects.filter(visibility(user, Customer)).values("pk")
        projects = Project.objects.filter(visibility(user, Project)).values("pk")
        own = Q(project__in=projects) | Q(project=None, customer__in=customers)
        return Q(state__in=cls.PUBLIC) & (Q(shared=True) | own)
