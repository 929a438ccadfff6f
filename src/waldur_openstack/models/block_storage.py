from typing import ClassVar

from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_openstack.models.compute import Instance
from waldur_openstack.models.identity import CatalogueItem, TenantObject
from waldur_openstack.models.image import Image

ROOT_DEVICES = ("", "/dev/vda", "/dev/sda", "/dev/xvda", "/dev/hda")  # unknown counts as root: the careful guess


def gigabytes_of(mebibytes: int) -> int:
    """A size as clouds count it."""
    return -(-mebibytes // 1024)


class VolumeType(CatalogueItem, IdentifiedModel):
    """A kind of storage, such as ssd or hdd."""

    name = models.CharField(max_length=255)
    description = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        ordering = ("settings", "name")
        verbose_name = "volume type"
        constraints = (models.UniqueConstraint(fields=("settings", "backend_id"), name="volume_type_unique_per_cloud"),)

    def __str__(self) -> str:
        return self.name


class VolumeAvailabilityZone(CatalogueItem, IdentifiedModel):
    """A zone volumes can be placed in; its backend id is its name."""

    name = models.CharField(max_length=255)
    available = models.BooleanField(default=True)

    class Meta:
        ordering = ("settings", "name")
        verbose_name = "volume availability zone"
        constraints = (models.UniqueConstraint(fields=("settings", "name"), name="volume_zone_unique_per_cloud"),)

    def __str__(self) -> str:
        return self.name


class Volume(TenantObject):
    """A block device. `size` in MiB; a cloud counts GiB, rounded up."""

    size = models.PositiveIntegerField()
    bootable = models.BooleanField(default=False)
    type = models.ForeignKey(VolumeType, null=True, on_delete=models.SET_NULL, related_name="volumes")
    image = models.ForeignKey(Image, null=True, on_delete=models.SET_NULL, related_name="+")
    image_name = models.CharField(max_length=255, blank=True, default="")
    image_metadata = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    availability_zone = models.ForeignKey(
        VolumeAvailabilityZone, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    source_snapshot = models.ForeignKey(
        "openstack.Snapshot", null=True, on_delete=models.SET_NULL, related_name="volumes"
    )
    instance = models.ForeignKey(Instance, null=True, on_delete=models.SET_NULL, related_name="volumes")
    device = models.CharField(max_length=50, blank=True, default="")
    runtime_state = models.CharField(max_length=50, blank=True, default="")
    action = models.CharField(max_length=50, blank=True, default="")
    action_details = models.JSONField(default=dict, blank=True)

    resource_type: ClassVar = "OpenStack.Volume"

    class Meta(TenantObject.Meta):
        verbose_name = "volume"
        indexes = (models.Index(fields=("name", "id")),)

    @property
    def gigabytes(self) -> int:
        """The size as the cloud counts it."""
        return gigabytes_of(self.size)

    # what a server boots from; a bootable volume that was attached to it later is one like any other
    SYSTEM: ClassVar = models.Q(bootable=True, device__in=ROOT_DEVICES)

    @property
    def is_system(self) -> bool:
        """Whether its server boots from it."""
        return self.instance_id is not None and self.bootable and self.device in ROOT_DEVICES
