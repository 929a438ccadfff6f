"""Backups of servers: a snapshot of each volume. They succeed together or not at all."""

from typing import Any

from waldur_core.operations.errors import OperationError
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.models import Backup, Snapshot
from waldur_openstack.workflows.block_storage.snapshots import (
    create_snapshot,
    delete_snapshot,
    find_snapshot,
    identify_snapshot,
    snapshot_is_gone,
    snapshot_is_ready,
    undo_snapshot,
)
from waldur_openstack.workflows.context import CloudContext, save


class BackupContext(CloudContext):
    subject: Backup

    @property
    def snapshot(self) -> Snapshot:
        return self.row(Snapshot.objects.select_related("source_volume", "type"))

    def snapshots(self) -> list[tuple[str, str]]:
        return [(snapshot.uuid.hex, snapshot.name) for snapshot in self.subject.snapshots.order_by("pk")]


def is_ready(context: BackupContext) -> bool:
    ready = snapshot_is_ready(context.cloud, context.snapshot)
    if ready:
        context.snapshot.enter(CoreState.OK)
    return ready


def undo(context: BackupContext) -> None:
    undo_snapshot(context.cloud, context.snapshot)
    save(context.snapshot, state=CoreState.CREATION_SCHEDULED)


class CreateBackup(CreateWorkflow):
    """All snapshots are begun before the first is waited for, so that they are of nearly the same moment."""

    name = "openstack.backup.create"
    title = "Creation of backup"
    model = Backup
    context = BackupContext
    event = "resource_backup_creation"
    steps = (
        Step(
            name="Create snapshot",
            each=lambda c: c.snapshots(),
            do=lambda c: create_snapshot(c.cloud, c.snapshot),
            marker=lambda c: find_snapshot(c.cloud, c.snapshot),
            record=lambda c, found: save(c.snapshot, backend_id=found["id"], state=CoreState.CREATING),
            undo=undo,
            needs="snapshots, storage, gigabytes_<type>",
        ),
        Step(name="Wait for snapshot", each=lambda c: c.snapshots(), until=is_ready),
    )

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        context.subject.snapshots.update(state=CoreState.ERRED, error_message=error.message)
        super().fail(context, error, trace)


class DeleteBackup(DeleteWorkflow):
    """The snapshots, then the rows."""

    name = "openstack.backup.delete"
    title = "Deletion of backup"
    model = Backup
    context = BackupContext
    event = "resource_backup_deletion"
    steps = (
        Step(
            name="Find the snapshot",
            each=lambda c: c.snapshots(),
            do=lambda c: identify_snapshot(c.cloud, c.snapshot),
            record=lambda c, found: save(c.snapshot, backend_id=found, state=CoreState.DELETING),
            keeps="only reads",
        ),
        Step(
            name="Delete snapshot",
            each=lambda c: c.snapshots(),
            do=lambda c: delete_snapshot(c.cloud, c.snapshot),
            keeps="deletion is not undone",
        ),
        Step(
            name="Wait until the snapshot is gone",
            each=lambda c: c.snapshots(),
            until=lambda c: snapshot_is_gone(c.cloud, c.snapshot),
        ),
    )

    def succeed(self, context: Any) -> None:
        snapshots = list(context.subject.snapshots.select_related("type"))
        counters.release(context.tenant, quotas.added(*(quotas.of_snapshot(snapshot) for snapshot in snapshots)))
        Snapshot.objects.filter(pk__in=[snapshot.pk for snapshot in snapshots]).delete()
        super().succeed(context)

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        context.subject.snapshots.update(state=CoreState.ERRED, error_message=error.message)
        super().fail(context, error, trace)
