from typing import Any, ClassVar

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_openstack.models.identity import Tenant


class Drift(IdentifiedModel):
    """One aspect of an object that a user declared, and that the cloud was seen to have otherwise.

    Our row of the object shows what is observed; what was declared is kept here. An object whose row went with it in
    the cloud has no `object_id` any more.
    """

    PRESENCE: ClassVar = "presence"  # the aspect of an object that is gone: declared true, observed false

    class State(models.TextChoices):
        OPEN = "open", "nobody has decided"
        REVERTING = "reverting", "the cloud is being made to say what was declared"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="drifts")
    project = models.ForeignKey("structure.Project", on_delete=models.CASCADE, related_name="+")
    content_type = models.ForeignKey(ContentType, on_delete=models.PROTECT)
    object_id = models.PositiveBigIntegerField(null=True)
    subject = GenericForeignKey("content_type", "object_id")
    kind = models.CharField(max_length=50, db_index=True, help_text="Word of the kind of object, such as instance.")
    object_uuid = models.UUIDField(db_index=True)
    object_name = models.CharField(max_length=255, blank=True, default="")
    backend_id = models.CharField(max_length=255, blank=True, default="")
    field = models.CharField(max_length=50, help_text="The aspect that differs, such as flavor.")
    declared = models.JSONField(null=True)
    observed = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN, db_index=True)
    error_message = models.TextField(blank=True, default="", help_text="Why the last attempt to revert failed.")

    visible_through: ClassVar = ("project", "project__customer")

    class Meta:
        ordering = ("-created", "-pk")
        verbose_name = "drift"
        constraints = (models.UniqueConstraint(fields=("object_uuid", "field"), name="one_drift_per_aspect"),)

    def __str__(self) -> str:
        return f"{self.field} of {self.kind.replace('_', ' ')} {self.object_name or self.backend_id}"

    @property
    def service_settings(self) -> Any:
        return self.tenant.service_settings

    @property
    def customer(self) -> Any:
        return self.project.customer
