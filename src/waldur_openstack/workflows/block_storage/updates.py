"""Changes of columns that Cinder knows, too. Parameters: changed, the names of the columns."""

from typing import Any

from waldur_core.events.log import record
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_openstack.models import Snapshot, Volume
from waldur_openstack.workflows.block_storage.snapshots import SnapshotContext
from waldur_openstack.workflows.block_storage.volumes import VolumeContext
from waldur_openstack.workflows.context import metadata_mark

KEPT = "the next change sets it again"


class ColumnsWorkflow(UpdateWorkflow):
    """An update that is told of once it is done."""

    def succeed(self, context: Any) -> None:
        super().succeed(context)
        text = f"{self.title} of {context.subject} has succeeded."
        record("resource_update_succeeded", text, scope=context.subject, actor=context.operation.user)


def names(*columns: str) -> Any:
    """Whether one of these columns has changed."""
    return lambda context: not set(columns).isdisjoint(context.parameters["changed"])


class UpdateVolume(ColumnsWorkflow):
    name = "openstack.volume.update"
    title = "Update of volume"
    model = Volume
    context = VolumeContext
    action = "Update"
    steps = (
        Step(
            name="Rename volume",
            when=names("name", "description"),
            do=lambda c: c.cloud.block_storage.update_volume(
                c.subject.backend_id, name=c.subject.name, description=c.subject.description
            ),
            keeps=KEPT,
        ),
        Step(
            name="Set bootable flag",
            when=names("bootable"),
            do=lambda c: c.cloud.block_storage.set_bootable(c.subject.backend_id, c.subject.bootable),
            keeps=KEPT,
        ),
    )


class UpdateSnapshot(ColumnsWorkflow):
    name = "openstack.snapshot.update"
    title = "Update of snapshot"
    model = Snapshot
    context = SnapshotContext
    action = "Update"
    steps = (
        Step(
            name="Rename snapshot",
            when=names("name", "description"),
            do=lambda c: c.cloud.block_storage.update_snapshot(
                c.subject.backend_id, name=c.subject.name, description=c.subject.description
            ),
            keeps=KEPT,
        ),
        Step(
            name="Set metadata",
            when=names("metadata"),
            do=lambda c: c.cloud.block_storage.set_snapshot_metadata(
                c.subject.backend_id, {**c.subject.metadata, **metadata_mark(c.subject)}
            ),
            keeps=KEPT,
        ),
    )
