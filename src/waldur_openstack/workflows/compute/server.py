"""The server itself."""

from waldur_core.operations.errors import CloudFailure, Invalid, NotFound
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Instance, InstanceAvailabilityZone
from waldur_openstack.sync.compute import server_columns
from waldur_openstack.sync.network import port_columns
from waldur_openstack.workflows.block_storage import record_volume
from waldur_openstack.workflows.compute.body import server_body
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.context import metadata_mark, save, zone_named


class ServerFailed(Invalid):
    """Nova gave up on the server: trying again changes nothing."""


class StillThere(CloudFailure):
    """Not an error: look again soon."""

    max_attempts = 300


def create_server(context: InstanceContext) -> JSON:
    server, hints = server_body(context.subject, context.parameters, context.data.get("key_name", ""))
    return context.cloud.compute.create_server(server, hints)


def find_server(context: InstanceContext) -> JSON | None:
    return context.cloud.compute.find_server(context.subject.name, metadata_mark(context.subject))


def server_is_active(context: InstanceContext) -> bool:
    server = context.cloud.compute.server(context.subject.backend_id)
    if server is None:
        raise NotFound("The server has disappeared from the cloud while it was being built.")
    if server["status"] == "ERROR":
        reason = server.get("fault", {}).get("message", "no reason was given")
        raise ServerFailed(f"The cloud could not build the server: {reason}")
    # one whose system shuts down at once was built all the same
    off = server["status"] == "SHUTOFF" and not server.get("OS-EXT-STS:task_state")
    built = server["status"] == "ACTIVE" or off
    if built:
        record_server(context.subject, server)
    return built


def record_server(instance: Instance, server: JSON) -> None:
    """Keep what Nova says of a server."""
    zone = zone_named(InstanceAvailabilityZone, instance, server.get("OS-EXT-AZ:availability_zone"))
    save(instance, **server_columns(server), availability_zone=zone or instance.availability_zone)


def delete_server(context: InstanceContext) -> None:
    if context.subject.backend_id:
        context.cloud.compute.delete_server(context.subject.backend_id)


def server_is_gone(context: InstanceContext) -> bool:
    server = context.cloud.compute.server(context.subject.backend_id) if context.subject.backend_id else None
    return server is None or server["status"] in ("DELETED", "SOFT_DELETED")


def undo_server(context: InstanceContext) -> None:
    """Delete and wait: ports and volumes can go only after it. Still there: the undo is tried again."""
    delete_server(context)
    if not server_is_gone(context):
        raise StillThere("The server is still being deleted.", after=1)
    save(context.subject, backend_id="", runtime_state="")


def read_server(context: InstanceContext) -> None:
    """The last look: devices of the volumes, states of the ports."""
    instance = context.subject
    for volume in instance.volumes.exclude(backend_id=""):
        found = context.cloud.block_storage.volume(volume.backend_id)
        if found:
            record_volume(volume, found)
            volume.enter(CoreState.OK)
    ports = {port.backend_id: port for port in instance.ports.all()}
    for found in context.cloud.network.list("port", device_id=instance.backend_id):
        if port := ports.get(found["id"]):
            save(port, **port_columns(found))
