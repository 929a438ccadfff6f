from typing import ClassVar

from django.db import models

from waldur_core.models import NamedModel
from waldur_core.structure.models.customers import Customer, Project
from waldur_core.structure.models.settings import ServiceSettings
from waldur_core.structure.states import StatefulModel


class ServiceResource(StatefulModel, NamedModel):
    """An object in a cloud that belongs to a project. `backend_id` is its id there, empty until it exists."""

    service_settings = models.ForeignKey(ServiceSettings, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    backend_id = models.CharField(max_length=255, blank=True, default="", db_index=True)

    visible_through: ClassVar[tuple[str, ...]] = ("project", "project__customer")
    resource_type: ClassVar[str] = ""

    class Meta:
        abstract = True
        ordering = ("name", "id")

    @property
    def customer(self) -> Customer:
        return self.project.customer
