"""The request body of a server that is built from a backup, and the rows it becomes."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_openstack.api.compute.create import InstanceCreateSerializer
from waldur_openstack.api.validators import MOST_MIB
from waldur_openstack.copies.restoring import volume_from
from waldur_openstack.models import (
    Backup,
    BackupRestoration,
    Instance,
    Snapshot,
    SnapshotRestoration,
    Volume,
)
from waldur_openstack.workflows.compute import RestoreBackup

ASKED = ("name", "description", "flavor", "ports", "floating_ips", "security_groups", "availability_zone")


class BackupRestoreSerializer(InstanceCreateSerializer):
    """A new server from the backup of the URL. What the body leaves out is as in the server that was copied.

    Without `ports` it gets one on each subnet that the server has now; addresses are new ones, public ones none.
    """

    workflow = RestoreBackup

    def get_fields(self) -> dict[str, serializers.Field]:
        """The backup knows the rest."""
        return {name: field for name, field in super().get_fields().items() if name in ASKED}

    @property
    def backup(self) -> Backup:
        backup: Backup = self.context["object"]
        return backup

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            data = {**self._as_before(), **{key: data[key] for key in data}}
        attrs: dict[str, Any] = super().to_internal_value(data)
        attrs["user_data"] = self.backup.user_data
        attrs["metadata"], attrs["connect_directly_to_external_network"] = {}, False
        return attrs

    def _as_before(self) -> dict[str, Any]:
        """What the body need not say."""
        instance, metadata = self.backup.instance, self.backup.metadata
        known = {name: metadata[name] for name in ("name", "description") if name in metadata}
        if instance is None:
            return known
        subnets = {port.subnet.uuid.hex for port in instance.ports.select_related("subnet") if port.subnet}
        if subnets:
            known["ports"] = [{"subnet": uuid} for uuid in sorted(subnets)]
        if instance.availability_zone:
            known["availability_zone"] = instance.availability_zone.uuid.hex
        return {**known, "security_groups": [group.uuid.hex for group in instance.security_groups.all()]}

    def _check_sizes(self, attrs: dict[str, Any]) -> None:
        """Disks are as large as they were; of the flavor's own disk a server with volumes uses nothing."""
        flavor, least = attrs["flavor"], self.backup.metadata.get("min_ram", 0)
        if least > flavor.ram:
            text = f"The backup needs {least} MiB of RAM, the flavor has {flavor.ram}. Choose a larger flavor."
            raise ValidationError({"flavor": [text]})
        if sum(volume.size for volume in self._volumes(attrs)) > MOST_MIB:
            raise ValidationError({"non_field_errors": [f"All volumes together are larger than {MOST_MIB} MiB."]})

    def _instance(self, attrs: dict[str, Any]) -> Instance:
        flavor, source, metadata = attrs["flavor"], self.backup.instance, self.backup.metadata
        remembered = ("image_name", "min_ram", "min_disk", "key_name", "key_fingerprint")
        return Instance(
            tenant=self.tenant,
            flavor_name=flavor.name,
            flavor_disk=flavor.disk,
            cores=flavor.cores,
            ram=flavor.ram,
            disk=sum(volume.size for volume in self._volumes(attrs)),
            config_drive=source.config_drive if source else self.tenant.service_settings.options.get("config_drive"),
            availability_zone=attrs.get("availability_zone"),
            **{name: metadata[name] for name in remembered if name in metadata},
            **{name: attrs[name] for name in ("name", "description", "user_data")},
        )

    def _volumes(self, attrs: dict[str, Any]) -> list[Volume]:
        """`-volume`, `-volume-2`, …: the one that it boots from first."""
        names = (f"{attrs['name'][:140]}-volume" + (f"-{number}" if number > 1 else "") for number in range(1, 1000))
        return [volume_from(snapshot, name=name) for snapshot, name in zip(self._snapshots(), names, strict=False)]

    def _snapshots(self) -> list[Snapshot]:
        related = ("type", "tenant__service_settings", "tenant__project", "source_volume__availability_zone")
        return list(self.backup.snapshots.select_related(*related).order_by("pk"))

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> Instance:
        """All rows, also those that say what was restored from what."""
        instance = super().create(validated)
        BackupRestoration.objects.create(backup=self.backup, instance=instance, flavor=validated["flavor"])
        SnapshotRestoration.objects.bulk_create(
            [
                SnapshotRestoration(snapshot=volume.source_snapshot, volume=volume)
                for volume in instance.volumes.select_related("source_snapshot")
            ]
        )
        return instance
