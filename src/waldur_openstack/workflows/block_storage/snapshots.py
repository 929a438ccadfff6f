"""Snapshots of volumes: create and delete, on their own or as part of a backup."""

from typing import Any

from waldur_core.operations.errors import CloudConflict, Invalid, NotFound
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Snapshot
from waldur_openstack.sync.block_storage import snapshot_columns
from waldur_openstack.workflows.block_storage.reasons import given_up
from waldur_openstack.workflows.context import CloudContext, metadata_mark, save, set_backend_id


class SnapshotFailed(Invalid):
    """Cinder gave up on the snapshot: trying again changes nothing."""


class StillBeingMade(CloudConflict):
    """Not an error: Cinder deletes a snapshot only once it is made."""

    max_attempts = 300


def create_snapshot(cloud: Cloud, snapshot: Snapshot) -> JSON:
    volume = snapshot.source_volume
    if volume is None or not volume.backend_id:
        raise NotFound("The volume does not exist any more.")
    return cloud.block_storage.create_snapshot(
        volume_id=volume.backend_id,
        name=snapshot.name,
        description=snapshot.description,
        metadata={**snapshot.metadata, **metadata_mark(snapshot)},
    )


def find_snapshot(cloud: Cloud, snapshot: Snapshot) -> JSON | None:
    volume = snapshot.source_volume
    if volume is None or not volume.backend_id:
        return None
    return cloud.block_storage.find_snapshot(volume.backend_id, metadata_mark(snapshot))


def snapshot_is_ready(cloud: Cloud, snapshot: Snapshot) -> bool:
    """Whether Cinder has finished it; what Cinder says of it is kept."""
    found = cloud.block_storage.snapshot(snapshot.backend_id)
    if found is None:
        raise NotFound(f"Snapshot {snapshot.name} has disappeared from the cloud.")
    status = found["status"]
    if status.startswith("error"):
        raise SnapshotFailed(given_up(cloud, f"create snapshot {snapshot.name}", found))
    if status == "available":
        save(snapshot, **snapshot_columns(found))
    return bool(status == "available")


def identify_snapshot(cloud: Cloud, snapshot: Snapshot) -> str:
    """Its id in the cloud, also when it was made but not recorded; empty: there is none."""
    return snapshot.backend_id or str((find_snapshot(cloud, snapshot) or {}).get("id", ""))


def delete_snapshot(cloud: Cloud, snapshot: Snapshot) -> None:
    if snapshot.backend_id:
        cloud.block_storage.delete_snapshot(snapshot.backend_id)


def snapshot_is_gone(cloud: Cloud, snapshot: Snapshot) -> bool:
    """Whether Cinder has removed it. Available again: something there depends on it."""
    found = cloud.block_storage.snapshot(snapshot.backend_id) if snapshot.backend_id else None
    if found and found["status"] == "error_deleting":
        text = f"The cloud could not delete snapshot {snapshot.name}. Delete it again to remove it by force."
        raise SnapshotFailed(text)
    if found and found["status"] == "available":
        raise SnapshotFailed(f"The cloud does not delete snapshot {snapshot.name}: it is in use there.")
    return found is None


def undo_snapshot(cloud: Cloud, snapshot: Snapshot) -> None:
    found = cloud.block_storage.snapshot(snapshot.backend_id) if snapshot.backend_id else None
    if found and found["status"] == "creating":
        raise StillBeingMade(f"Snapshot {snapshot.name} is still being made.", after=1)
    delete_snapshot(cloud, snapshot)
    save(snapshot, backend_id="", runtime_state="")


class SnapshotContext(CloudContext):
    subject: Snapshot


class CreateSnapshot(CreateWorkflow):
    """The contents of a volume as they are now."""

    name = "openstack.snapshot.create"
    title = "Creation of snapshot"
    model = Snapshot
    context = SnapshotContext
    steps = (
        Step(
            name="Create snapshot",
            do=lambda c: create_snapshot(c.cloud, c.subject),
            marker=lambda c: find_snapshot(c.cloud, c.subject),
            record=set_backend_id(lambda c: c.subject),
            undo=lambda c: undo_snapshot(c.cloud, c.subject),
            until=lambda c: snapshot_is_ready(c.cloud, c.subject),
            needs="snapshots, storage, gigabytes_<type>",
        ),
    )


class DeleteSnapshot(DeleteWorkflow):
    """Removes a snapshot; one that is gone already is what was wanted."""

    name = "openstack.snapshot.delete"
    title = "Deletion of snapshot"
    model = Snapshot
    context = SnapshotContext
    steps = (
        Step(
            name="Find the snapshot",
            do=lambda c: identify_snapshot(c.cloud, c.subject),
            record=lambda c, snapshot_id: save(c.subject, backend_id=snapshot_id),
            keeps="only reads",
        ),
        Step(
            name="Delete snapshot",
            do=lambda c: delete_snapshot(c.cloud, c.subject),
            until=lambda c: snapshot_is_gone(c.cloud, c.subject),
            keeps="deletion is not undone",
        ),
    )

    def succeed(self, context: Any) -> None:
        counters.release(context.tenant, quotas.of_snapshot(context.subject))
        super().succeed(context)
