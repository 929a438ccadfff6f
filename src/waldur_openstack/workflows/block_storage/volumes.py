"""Volumes: create and delete, on their own or as part of a server."""

from typing import Any

from django.db import transaction

from waldur_core.operations.errors import Invalid, NotFound
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Volume, VolumeAvailabilityZone, VolumeType
from waldur_openstack.sync.block_storage import volume_columns
from waldur_openstack.workflows.block_storage.reasons import given_up
from waldur_openstack.workflows.context import CloudContext, metadata_mark, save, zone_named
from waldur_openstack.workflows.provision import provision_limit

READY = ("available", "in-use")


class VolumeFailed(Invalid):
    """Cinder gave up on the volume: trying again changes nothing."""


def create_volume(cloud: Cloud, volume: Volume) -> JSON:
    return cloud.block_storage.create_volume(
        name=volume.name,
        description=volume.description,
        size=volume.gigabytes,
        metadata={**volume.metadata, **metadata_mark(volume)},
        **_origin(volume),
    )


def _origin(volume: Volume) -> JSON:
    """What it is made from, and where. From a snapshot it inherits type and zone: Cinder takes no others."""
    if volume.source_snapshot:
        return {"snapshot_id": volume.source_snapshot.backend_id}
    optional = {
        "imageRef": volume.image and volume.image.backend_id,
        "volume_type": volume.type and volume.type.name,
        "availability_zone": volume.availability_zone and volume.availability_zone.name,
    }
    return {key: value for key, value in optional.items() if value}


def find_volume(cloud: Cloud, volume: Volume) -> JSON | None:
    return cloud.block_storage.find_volume(metadata_mark(volume))


def volume_is_ready(cloud: Cloud, volume: Volume) -> bool:
    """Whether Cinder has finished it; what Cinder says of it is kept."""
    found = cloud.block_storage.volume(volume.backend_id)
    if found is None:
        raise NotFound(f"Volume {volume.name} has disappeared from the cloud.")
    status = found["status"]
    if status.startswith("error"):
        raise VolumeFailed(given_up(cloud, f"create volume {volume.name}", found))
    if status in READY:
        record_volume(volume, found)
    return status in READY


@transaction.atomic
def record_volume(volume: Volume, found: JSON) -> None:
    """Keep what the cloud says of a volume. One that was asked for without a type counts for the type it was given."""
    type_name = found.get("volume_type")
    if type_name and volume.type is None:
        volume.type = VolumeType.objects.filter(settings=volume.service_settings, name=type_name).first()
        counters.count(volume.tenant, quotas.of_type(volume))
    zone = zone_named(VolumeAvailabilityZone, volume, found.get("availability_zone"))
    save(volume, type=volume.type, availability_zone=zone or volume.availability_zone, **volume_columns(found))


def delete_volume(cloud: Cloud, volume: Volume) -> None:
    if volume.backend_id:
        cloud.block_storage.delete_volume(volume.backend_id)


def volume_is_gone(cloud: Cloud, volume: Volume) -> bool:
    found = cloud.block_storage.volume(volume.backend_id) if volume.backend_id else None
    if found and found["status"].startswith("error_deleting"):
        raise VolumeFailed(f"The cloud could not delete volume {volume.name}. Delete it again to remove it by force.")
    return found is None


def undo_volume(cloud: Cloud, volume: Volume) -> None:
    delete_volume(cloud, volume)
    save(volume, backend_id="", runtime_state="", state=CoreState.CREATION_SCHEDULED)


class VolumeContext(CloudContext):
    subject: Volume


class CreateVolume(CreateWorkflow):
    """A volume from nothing, from an image, or from a snapshot."""

    name = "openstack.volume.create"
    title = "Creation of volume"
    model = Volume
    context = VolumeContext
    throttle = provision_limit("OpenStack.Volume")
    steps = (
        Step(
            name="Create volume",
            do=lambda c: create_volume(c.cloud, c.subject),
            marker=lambda c: find_volume(c.cloud, c.subject),
            record=lambda c, volume: save(c.subject, backend_id=volume["id"]),
            undo=lambda c: undo_created(c),
            until=lambda c: volume_is_ready(c.cloud, c.subject),
            needs="volumes, storage, gigabytes_<type>",
        ),
    )


def undo_created(context: VolumeContext) -> None:
    """Delete what was made, but leave the row's state to the workflow."""
    delete_volume(context.cloud, context.subject)
    save(context.subject, backend_id="", runtime_state="")


class DeleteVolume(DeleteWorkflow):
    """Removes a volume that nobody uses."""

    name = "openstack.volume.delete"
    title = "Deletion of volume"
    model = Volume
    context = VolumeContext
    steps = (
        Step(
            name="Find the volume",
            do=lambda c: c.subject.backend_id or (find_volume(c.cloud, c.subject) or {}).get("id", ""),
            record=lambda c, volume_id: save(c.subject, backend_id=volume_id),
            keeps="only reads",
        ),
        Step(
            name="Delete volume",
            do=lambda c: delete_volume(c.cloud, c.subject),
            until=lambda c: volume_is_gone(c.cloud, c.subject),
            keeps="deletion is not undone",
        ),
    )

    def succeed(self, context: Any) -> None:
        counters.release(context.tenant, quotas.of_volume(context.subject))
        super().succeed(context)
