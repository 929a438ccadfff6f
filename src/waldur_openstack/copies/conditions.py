"""When something may be copied, restored or removed. Each function raises Conflict (409) with what is in the way."""

from typing import Any

from django.db.models import Q, QuerySet

from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Backup, Instance, Snapshot, Volume

S = CoreState
COPYABLE = ("available", "in-use")
BUSY = (S.CREATION_SCHEDULED, S.CREATING, S.UPDATE_SCHEDULED, S.UPDATING)


def require_copyable(volume: Volume) -> None:
    """The volume is OK and Cinder can make a snapshot of it."""
    if volume.state != S.OK or volume.runtime_state not in COPYABLE:
        found = f"{volume.state} and {volume.runtime_state or 'unknown'} in the cloud"
        raise Conflict(f"Volume {volume} is {found}; it must be OK and {' or '.join(COPYABLE)}.")


def require_volumes_copyable(instance: Instance) -> None:
    """The server has volumes, and each can be copied."""
    volumes = list(instance.volumes.all())
    if not volumes:
        raise Conflict("The instance has no volumes: there is nothing to copy.")
    for volume in volumes:
        require_copyable(volume)


def require_no_snapshots(volume: Volume) -> None:
    """No snapshot hangs on the volume: Cinder deletes a volume only after its snapshots."""
    _refuse(volume.snapshots.all(), "The volume has snapshots")


def require_no_copies(instance: Instance) -> None:
    """The server has no backup, and no volume of it a snapshot."""
    _refuse(instance.backups.all(), "The instance has backups")
    _refuse(Snapshot.objects.filter(source_volume__instance=instance), "Volumes of the instance have snapshots")


def require_unbound(snapshot: Snapshot) -> None:
    """The snapshot belongs to no backup, and no volume is being made from it."""
    backup = snapshot.backups.first()
    if backup:
        raise Conflict(f"The snapshot is part of backup {backup}. Delete the backup.")
    _require_no_restoration(snapshot.volumes.all())


def require_unused(backup: Backup) -> None:
    """No volume is being made from the backup."""
    _require_no_restoration(Volume.objects.filter(source_snapshot__backups=backup))


def require_complete(backup: Backup) -> None:
    """All snapshots are there, and one of them can be booted from."""
    snapshots = list(backup.snapshots.all())
    if any(snapshot.state != S.OK for snapshot in snapshots):
        raise Conflict("Not all snapshots of the backup are OK.")
    if not any(snapshot.bootable for snapshot in snapshots):
        raise Conflict("The backup has no bootable volume: no server can start from it.")


def _require_no_restoration(volumes: QuerySet[Volume]) -> None:
    """A volume whose creation has failed can be tried again, and needs its snapshot then."""
    unfinished = Q(state__in=(S.CREATION_SCHEDULED, S.CREATING)) | Q(state=S.ERRED, backend_id="")
    volume = volumes.filter(unfinished).first()
    if volume:
        raise Conflict(f"Volume {volume} is being made from it and is {volume.state}. Wait for it, or delete it.")


def _refuse(copies: QuerySet[Any], reason: str) -> None:
    found = [str(copy) for copy in copies.order_by("pk")[:6]]
    if found:
        more = ", …" if len(found) > 5 else ""
        raise Conflict(f"{reason}: {', '.join(found[:5])}{more}. Delete them first.")
