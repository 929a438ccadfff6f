"""Attaching volumes to servers and detaching them. The steps are used by other workflows too."""

from typing import Any

from waldur_core.operations.errors import NotFound
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Instance, Volume
from waldur_openstack.workflows.block_storage.reasons import given_up
from waldur_openstack.workflows.block_storage.volumes import VolumeContext, VolumeFailed, record_volume
from waldur_openstack.workflows.context import save


class AttachmentContext(VolumeContext):
    """The server is the one of the parameters, else the one that the volume belongs to."""

    @property
    def instance(self) -> Instance:
        uuid = self.parameters.get("instance")
        instance = Instance.objects.filter(uuid=uuid).first() if uuid else self.subject.instance
        if instance is None:
            raise NotFound("The server does not exist any more.")
        return instance

    def in_cloud(self) -> JSON:
        found = self.cloud.block_storage.volume(self.subject.backend_id)
        if found is None:
            raise NotFound(f"Volume {self.subject.name} does not exist in the cloud any more.")
        return found


def attach(context: AttachmentContext) -> JSON:
    server, volume = context.instance.backend_id, context.subject
    return context.cloud.compute.attach_volume(server, volume.backend_id, volume.device)


def find_attachment(context: AttachmentContext) -> JSON | None:
    attachments = context.cloud.compute.attachments(context.instance.backend_id)
    return next((found for found in attachments if found["volumeId"] == context.subject.backend_id), None)


def record_attachment(context: AttachmentContext, found: JSON) -> None:
    save(context.subject, instance=context.instance, device=found.get("device") or "")


def is_attached(context: AttachmentContext) -> bool:
    """Whether the server has it. Nova reserves a volume before it answers: one that is free again was given up."""
    found, volume = context.in_cloud(), context.subject
    if found["status"] == "available":
        save(volume, instance=None, device="", runtime_state="available")
    if found["status"] == "available" or found["status"].startswith("error"):
        raise VolumeFailed(given_up(context.cloud, f"attach volume {volume.name}", found))
    if found["status"] == "in-use":
        record_volume(volume, found)
    return bool(found["status"] == "in-use")


def detach(context: AttachmentContext) -> None:
    """Ask once: a volume on its way out, or out already, needs nothing."""
    if context.in_cloud()["status"] == "in-use":
        context.cloud.compute.detach_volume(context.instance.backend_id, context.subject.backend_id)


def is_detached(context: AttachmentContext) -> bool:
    found = context.in_cloud()
    if found["status"].startswith("error"):
        raise VolumeFailed(f"The cloud could not detach volume {context.subject.name}.")
    return bool(found["status"] == "available")


ATTACH = Step(
    name="Attach volume",
    do=attach,
    marker=find_attachment,
    record=record_attachment,
    until=is_attached,
    keeps="detaching is the user's to do",
)


class AttachVolume(UpdateWorkflow):
    """Parameters: instance."""

    name = "openstack.volume.attach"
    title = "Attachment of volume"
    model = Volume
    context = AttachmentContext
    event = "resource_attach"
    action = "Attach"
    steps = (ATTACH,)


class DetachVolume(UpdateWorkflow):
    name = "openstack.volume.detach"
    title = "Detachment of volume"
    model = Volume
    context = AttachmentContext
    event = "resource_detach"
    action = "Detach"
    steps = (Step(name="Detach volume", do=detach, until=is_detached, keeps="attaching is the user's to do"),)

    def succeed(self, context: Any) -> None:
        save(context.subject, instance=None, device="", runtime_state="available")
        super().succeed(context)
