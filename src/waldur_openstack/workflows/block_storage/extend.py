"""Volumes that grow.

One that a stopped server has is detached meanwhile and comes back to the same device; one that a running server has
grows in its place.
"""

from typing import Any, ClassVar

from waldur_core.operations.workflow import Step
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Volume, gigabytes_of
from waldur_openstack.workflows.block_storage.attachments import (
    AttachmentContext,
    attach,
    detach,
    find_attachment,
    is_attached,
)
from waldur_openstack.workflows.block_storage.attachments import is_detached as is_available
from waldur_openstack.workflows.block_storage.reasons import given_up
from waldur_openstack.workflows.block_storage.volumes import VolumeFailed
from waldur_openstack.workflows.growth import GrowingWorkflow


def was_attached(context: AttachmentContext) -> bool:
    return context.subject.instance_id is not None


def wanted(context: AttachmentContext) -> int:
    return gigabytes_of(context.parameters["size"])


def find_extended(context: AttachmentContext) -> JSON | None:
    """The volume, when an earlier try has begun, or done, what we want."""
    found = context.in_cloud()
    return found if found["size"] >= wanted(context) or found["status"] == "extending" else None


def is_extended(context: AttachmentContext, settled: str = "available") -> bool:
    """Whether it has its new size and is `settled` again."""
    found = context.in_cloud()
    done = found["status"] == settled and found["size"] >= wanted(context)
    if done:
        ExtendVolume.settle(context)
    elif found["status"] == settled or found["status"].startswith("error"):
        raise VolumeFailed(given_up(context.cloud, f"extend volume {context.subject.name}", found))
    return bool(done)


class ExtendVolume(GrowingWorkflow):
    """Parameters: size in MiB."""

    name = "openstack.volume.extend"
    title = "Extension of volume"
    model = Volume
    context = AttachmentContext
    event = "resource_extend"
    action = "Extend"
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="Detach volume",
            when=was_attached,
            do=detach,
            until=is_available,
            keeps="a retry goes on from here, and attaches it again",
        ),
        Step(
            name="Extend volume",
            do=lambda c: c.cloud.block_storage.extend_volume(c.subject.backend_id, wanted(c)),
            marker=find_extended,
            until=is_extended,
            keeps="volumes do not shrink",
            needs="storage, gigabytes_<type>",
        ),
        Step(
            name="Attach volume",
            when=was_attached,
            do=attach,
            marker=find_attachment,
            until=is_attached,
            keeps="it was attached before",
        ),
    )

    @staticmethod
    def goal(parameters: dict[str, Any]) -> dict[str, Any]:
        return {"size": parameters["size"]}

    @staticmethod
    def counts(subject: Any) -> dict[str, int]:
        return quotas.of_volume(subject)


class ExtendAttachedVolume(ExtendVolume):
    """While its server runs. Parameters: size in MiB."""

    name = "openstack.volume.extend_attached"
    title = "Extension of attached volume"
    steps = (
        Step(
            name="Extend attached volume",
            do=lambda c: c.cloud.block_storage.extend_attached_volume(c.subject.backend_id, wanted(c)),
            marker=find_extended,
            until=lambda c: is_extended(c, settled="in-use"),
            keeps="volumes do not shrink",
            needs="storage, gigabytes_<type>",
        ),
    )
