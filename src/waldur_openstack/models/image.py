from typing import ClassVar

from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_openstack.models.identity import CatalogueItem


class Image(CatalogueItem, IdentifiedModel):
    """A Glance image. Sizes in MiB."""

    name = models.CharField(max_length=255)
    min_disk = models.PositiveIntegerField(default=0)
    min_ram = models.PositiveIntegerField(default=0)
    backend_created_at = models.DateTimeField(null=True)
    hw_rescue_device = models.CharField(max_length=50, blank=True, default="")
    hw_rescue_bus = models.CharField(max_length=50, blank=True, default="")

    resource_type: ClassVar = "OpenStack.Image"

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("settings", "backend_id"), name="image_unique_per_cloud"),)

    @property
    def is_rescue_image(self) -> bool:
        """Whether a server that boots from a volume can be rescued with it: Nova asks for both properties."""
        return bool(self.hw_rescue_device and self.hw_rescue_bus)

    def __str__(self) -> str:
        return self.name
