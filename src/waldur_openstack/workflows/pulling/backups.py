"""The pull of a backup. The cloud knows no backups of servers: ours is as good as its snapshots."""

from typing import Any

from waldur_core.operations.workflow import Step
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Backup
from waldur_openstack.sync.block_storage import SNAPSHOT
from waldur_openstack.sync.kinds import Look
from waldur_openstack.sync.reconcile import look, reconcile
from waldur_openstack.workflows.context import CloudContext
from waldur_openstack.workflows.pulling.base import READS, PullWorkflow


class BackupContext(CloudContext):
    subject: Backup


def record_snapshots(context: BackupContext, seen: Look) -> None:
    reconcile(SNAPSHOT, context.tenant, seen)
    known = {item["id"] for item in seen.found}
    parts = context.subject.snapshots.exclude(backend_id="")
    context.data["lost"] = sorted(part.name for part in parts if part.backend_id not in known)


class PullBackup(PullWorkflow):
    """A backup that has lost a snapshot cannot be restored: it is ERRED."""

    name = "openstack.backup.pull"
    title = "Pull of backup"
    model = Backup
    context = BackupContext
    steps = (
        Step(
            name="Read snapshots",
            do=lambda c: look(SNAPSHOT, c.tenant, c.cloud),
            record=record_snapshots,
            keeps=READS,
        ),
    )

    def succeed(self, context: Any) -> None:
        lost = context.data["lost"]
        if not lost:
            super().succeed(context)
            return
        message = f"These snapshots of the backup do not exist in the cloud any more: {', '.join(lost)}."
        context.subject.refresh_from_db(fields=["state"])
        context.subject.enter(CoreState.ERRED, error_message=message)
