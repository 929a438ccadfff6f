"""Volumes from snapshots. (Servers from backups: `api/block_storage/backup_restore.py`.)"""

from typing import Any

from django.db import transaction

from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.models import Snapshot, SnapshotRestoration, Volume
from waldur_openstack.workflows.block_storage import CreateVolume


def volume_from(snapshot: Snapshot, **attributes: Any) -> Volume:
    """A volume as large and of the same type, unsaved."""
    source = snapshot.source_volume
    return Volume(
        tenant=snapshot.tenant,
        source_snapshot=snapshot,
        size=snapshot.size,
        type=snapshot.type,
        bootable=snapshot.bootable,
        image_name=source.image_name if source else "",
        availability_zone=source.availability_zone if source else None,
        **attributes,
    )


@transaction.atomic
def restore_snapshot(snapshot: Snapshot, *, user: Any, **attributes: Any) -> Volume:
    """A new volume with the contents of the snapshot. Raises QuotaExceeded (400)."""
    volume = volume_from(snapshot, **attributes)
    counters.change(snapshot.tenant, quotas.of_volume(volume))
    volume.save()
    SnapshotRestoration.objects.create(snapshot=snapshot, volume=volume)
    start(CreateVolume, volume, user=user)
    return volume
