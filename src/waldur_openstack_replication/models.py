from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_core.structure.models import Customer, Project, ServiceSettings
from waldur_core.structure.states import StatefulModel
from waldur_mastermind.marketplace.models import Resource
from waldur_openstack.models import Tenant


class Migration(StatefulModel, IdentifiedModel):
    """One tenant on its way to another cloud (seed: Migration). `items` are its plan, and what became of it."""

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    src_resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="migrations_away")
    dst_resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="migrations_here")
    service_settings = models.ForeignKey(ServiceSettings, on_delete=models.PROTECT, related_name="+")
    mappings = models.JSONField(default=dict, blank=True)
    plan = models.JSONField(default=dict, blank=True, help_text="Limits, quotas, conflicts and notices, as planned.")
    fingerprint = models.CharField(max_length=64, help_text="Of the source as it was planned from.")
    verification = models.JSONField(default=dict, blank=True)
    rolled_back = models.DateTimeField(null=True)

    resource_type: ClassVar = "OpenStack.Migration"

    class Meta:
        ordering = ("created", "pk")
        verbose_name = "migration"

    def __str__(self) -> str:
        return f"{self.src_resource.name} to {self.service_settings.name}"

    @classmethod
    def visible_also(cls, user: Any) -> models.Q:
        """Only to who made it (staff and support see everything)."""
        return models.Q(created_by=user.pk) if user.is_authenticated else models.Q(pk__in=())

    @property
    def project(self) -> Project:
        return self.dst_resource.project

    @property
    def customer(self) -> Customer:
        return self.project.customer

    @property
    def tenant(self) -> Tenant | None:
        """The one that is made; None once it is gone."""
        found: Any = self.dst_resource.scope
        return found if isinstance(found, Tenant) else None


class MigrationItem(models.Model):
    """One object of the plan. Its `uuid` is that of our row, and so the mark that the object carries in the cloud.

    `wanted` is what it is to be; other objects in it are named by their `source_id`.
    """

    class Kind(models.TextChoices):
        NETWORK = "network"
        ROUTER = "router"
        SECURITY_GROUP = "security_group"
        SUBNET = "subnet"
        SECURITY_GROUP_RULE = "security_group_rule"
        INTERFACE = "router_interface"
        PORT = "port"
        ROUTE = "static_route"

    class State(models.TextChoices):
        PLANNED = "planned"
        CREATED = "created"
        ADOPTED = "adopted", "found in the cloud: made by a try whose answer was lost, or by the cloud itself"
        SKIPPED = "skipped", "left out by the plan"
        FAILED = "failed"
        REMOVED = "removed", "by a rollback"
        KEPT = "kept", "a rollback could not remove it"

    MADE = (State.CREATED, State.ADOPTED)

    migration = models.ForeignKey(Migration, on_delete=models.CASCADE, related_name="items")
    uuid = models.UUIDField(unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    source_id = models.CharField(max_length=160)
    source_uuid = models.UUIDField(null=True)
    name = models.CharField(max_length=255, blank=True, default="")
    address = models.CharField(max_length=255, blank=True, default="")
    wanted = models.JSONField(default=dict)
    backend_id = models.CharField(max_length=80, blank=True, default="")
    reason = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("migration", "kind", "state")),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name or self.address}"

    @property
    def description(self) -> str:
        """The user's text; in the cloud our mark is added to it."""
        return str(self.wanted.get("description") or "")

    @property
    def is_cloud_made(self) -> bool:
        """The group `default`, which every project has, and what is in it."""
        return bool(self.wanted.get("is_default"))
