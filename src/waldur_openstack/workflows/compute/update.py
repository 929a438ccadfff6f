"""Changes of a server that need no power: its name and description, its metadata."""

from typing import Any

from waldur_core.events.log import record
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Instance, Volume
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.context import MOST_METADATA, metadata_mark, save

KEPT = "the next change sets it again"


def update_server(context: InstanceContext) -> None:
    instance = context.subject
    context.cloud.compute.update_server(instance.backend_id, name=instance.name, description=instance.description)


def renamed_volume(context: InstanceContext) -> list[tuple[str, str]]:
    """The system volume, when its server has another name: (uuid, label)."""
    if "name" not in context.parameters["changed"]:
        return []
    volumes = context.subject.volumes.filter(Volume.SYSTEM).exclude(backend_id="")
    return [(volume.uuid.hex, volume.name) for volume in volumes]


def rename_volume(context: InstanceContext) -> JSON:
    name = context.subject.system_volume_name
    return context.cloud.block_storage.update_volume(context.volume.backend_id, name=name)


def set_metadata(context: InstanceContext) -> None:
    """The user's entries and our mark, which has served its time and yields when they need all the room there is."""
    wanted: dict[str, str] = context.parameters["metadata"]
    mark = metadata_mark(context.subject) if len(wanted) < MOST_METADATA else {}
    context.cloud.compute.set_metadata(context.subject.backend_id, {**wanted, **mark})


class UpdateInstance(UpdateWorkflow):
    """Name and description; the system volume is named after its server. Parameters: changed, the columns."""

    name = "openstack.instance.update"
    title = "Update of instance"
    model = Instance
    context = InstanceContext
    action = "Update"
    steps = (
        Step(name="Update server", do=update_server, keeps=KEPT),
        Step(
            name="Rename system volume",
            each=renamed_volume,
            do=rename_volume,
            record=lambda c, found: save(c.volume, name=found["name"]),
            keeps=KEPT,
        ),
    )

    def succeed(self, context: Any) -> None:
        super().succeed(context)
        instance, actor = context.subject, context.operation.user
        changed = " and ".join(context.parameters["changed"])
        text = f"Instance {instance.name} has been given a new {changed}."
        record("resource_update_succeeded", text, scope=instance, actor=actor)


class SetInstanceMetadata(UpdateWorkflow):
    """Parameters: metadata, all entries."""

    name = "openstack.instance.set_metadata"
    title = "Change of metadata of instance"
    model = Instance
    context = InstanceContext
    event = "resource_update_metadata"
    action = "Update metadata"
    steps = (
        Step(
            name="Set metadata",
            do=set_metadata,
            record=lambda c, _: save(c.subject, metadata=c.parameters["metadata"]),
            keeps=KEPT,
        ),
    )
