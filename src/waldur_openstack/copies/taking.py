"""The rows of new copies, their quotas, and the operations that make them real."""

from typing import Any

from django.db import transaction

from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.models import Backup, Instance, Snapshot, Volume
from waldur_openstack.workflows.block_storage import CreateBackup, CreateSnapshot

REMEMBERED = (
    "name", "description", "min_ram", "min_disk", "key_name", "key_fingerprint", "flavor_name", "image_name",
)  # fmt: skip


@transaction.atomic
def take_snapshot(volume: Volume, *, user: Any, **attributes: Any) -> Snapshot:
    """A snapshot of a volume. Raises QuotaExceeded (400)."""
    snapshot = _snapshot_of(volume, **attributes)
    counters.change(volume.tenant, quotas.of_snapshot(snapshot))
    snapshot.save()
    start(CreateSnapshot, snapshot, user=user)
    return snapshot


@transaction.atomic
def take_backup(instance: Instance, *, user: Any, **attributes: Any) -> Backup:
    """A backup of a server: the volume it boots from first. Raises QuotaExceeded (400)."""
    name = attributes["name"]
    volumes = instance.volumes.select_related("type", "tenant")
    snapshots = [
        _snapshot_of(volume, name=f"Part of {name[:60]}: {volume.name[:70]}", description=f"Part of backup {name}.")
        for volume in sorted(volumes, key=lambda volume: (not volume.is_system, volume.pk))
    ]
    counters.change(instance.tenant, quotas.added(*(quotas.of_snapshot(snapshot) for snapshot in snapshots)))
    size = sum(snapshot.size for snapshot in snapshots)
    backup = Backup.objects.create(
        tenant=instance.tenant,
        instance=instance,
        metadata={**{column: getattr(instance, column) for column in REMEMBERED}, "size": size},
        user_data=instance.user_data,
        **attributes,
    )
    for snapshot in snapshots:
        snapshot.save()
    backup.snapshots.set(snapshots)
    start(CreateBackup, backup, user=user)
    return backup


def _snapshot_of(volume: Volume, **attributes: Any) -> Snapshot:
    return Snapshot(
        tenant=volume.tenant,
        source_volume=volume,
        size=volume.size,
        type=volume.type,
        bootable=volume.bootable,
        **attributes,
    )
