"""Volumes that get another type."""

from typing import Any

from waldur_core.operations.workflow import Step
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Volume, VolumeType
from waldur_openstack.workflows.block_storage.attachments import AttachmentContext
from waldur_openstack.workflows.block_storage.reasons import given_up
from waldur_openstack.workflows.block_storage.volumes import VolumeFailed
from waldur_openstack.workflows.growth import GrowingWorkflow


def has_type(context: AttachmentContext, found: JSON) -> bool:
    return bool(found["volume_type"] == context.parameters["type_name"])


def find_retyped(context: AttachmentContext) -> JSON | None:
    """The volume, when an earlier try has begun, or done, what we want."""
    found = context.in_cloud()
    return found if found["status"] == "retyping" or has_type(context, found) else None


def is_retyped(context: AttachmentContext) -> bool:
    """Whether Cinder has done it. The old type again: it has given up."""
    found, name = context.in_cloud(), context.subject.name
    if found["status"] == "available" and has_type(context, found):
        RetypeVolume.settle(context)
        return True
    if found["status"] == "available" or found["status"].startswith("error"):
        deed = f"make volume {name} one of type {context.parameters['type_name']}"
        raise VolumeFailed(given_up(context.cloud, deed, found))
    return False


class RetypeVolume(GrowingWorkflow):
    """Parameters: type, its uuid, and type_name."""

    name = "openstack.volume.retype"
    title = "Change of type of volume"
    model = Volume
    context = AttachmentContext
    event = "resource_retype"
    action = "Retype"
    steps = (
        Step(
            name="Retype volume",
            do=lambda c: c.cloud.block_storage.retype_volume(c.subject.backend_id, c.parameters["type_name"]),
            marker=find_retyped,
            until=is_retyped,
            keeps="the old type can be chosen again",
            needs="gigabytes_<type>",
        ),
    )

    @staticmethod
    def goal(parameters: dict[str, Any]) -> dict[str, Any]:
        return {"type": VolumeType.objects.filter(uuid=parameters["type"]).first()}

    @staticmethod
    def counts(subject: Any) -> dict[str, int]:
        return quotas.of_volume(subject)
