"""Flavors, images, volume types and availability zones."""

from tests.e2e.client.scenarios.base import Scenarios
from tests.e2e.client.stage import Row
from waldur_openstack import models


class Catalogue(Scenarios):
    """What the cloud offers."""

    def standing(self) -> Row:
        return self.model.objects.filter(settings=self.stage.tenant.service_settings).earliest("pk")

    def usage_stats(self, name: str) -> dict[str, int]:
        """Of one name. The client's function takes the list for a single object, so its model reads each row."""
        rows = self.stage.rows(f"{self.section}_usage_stats_retrieve", who="staff")
        return next(row.to_dict() for row in rows if row.to_dict()["name"] == name)


class Flavors(Catalogue):
    section, model = "openstack_flavors", models.Flavor

    def usage_stats_retrieve(self) -> None:
        used = self.usage_stats(self.stage.server.flavor_name)
        assert used["running_instances_count"] >= 1

    def usage_stats_count(self) -> None:
        assert self.call("usage_stats_count", who="staff") > 0


class Images(Catalogue):
    section, model = "openstack_images", models.Image

    def usage_stats_retrieve(self) -> None:
        used = self.usage_stats(self.stage.server.image_name)
        assert used["created_instances_count"] >= used["running_instances_count"] >= 1

    def usage_stats_count(self) -> None:
        assert self.call("usage_stats_count", who="staff") > 0


class VolumeTypes(Catalogue):
    section, model = "openstack_volume_types", models.VolumeType

    def names_retrieve(self) -> None:
        assert self.standing().name in self.call("names_retrieve", who="member")

    def names_count(self) -> None:
        assert self.call("names_count", who="member") > 0


class InstanceZones(Catalogue):
    section, model = "openstack_instance_availability_zones", models.InstanceAvailabilityZone


class VolumeZones(Catalogue):
    section, model = "openstack_volume_availability_zones", models.VolumeAvailabilityZone
