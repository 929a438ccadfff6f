"""Servers: create and delete. Volumes, ports and floating IPs of a server are made and removed with it."""

from typing import Any

from django.utils.dateparse import parse_datetime

from waldur_core.operations.errors import CloudFailure, Invalid, NotFound, OperationError
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import FloatingIP, Instance, Port, Volume
from waldur_openstack.workflows.block_storage import (
    create_volume,
    delete_volume,
    find_volume,
    record_volume,
    undo_volume,
    volume_is_gone,
    volume_is_ready,
)
from waldur_openstack.workflows.context import CloudContext, described, metadata_mark, save
from waldur_openstack.workflows.keypairs import ensure_keypair
from waldur_openstack.workflows.server_body import server_body

NOT_UNDONE = "deletion is not undone"


class ServerFailed(Invalid):
    """Nova gave up on the server: trying again changes nothing."""


class InstanceContext(CloudContext):
    subject: Instance

    @property
    def volume(self) -> Volume:
        return self.row(Volume.objects.select_related("image", "type", "availability_zone"))

    @property
    def port(self) -> Port:
        return self.row(Port.objects.select_related("network", "subnet"))

    @property
    def floating_ip(self) -> FloatingIP:
        return self.row(FloatingIP.objects.select_related("port"))

    def new(self, rows: Any) -> list[tuple[str, str]]:
        """The rows that this operation has to make in the cloud: (uuid, label)."""
        return [
            (row.uuid.hex, row.name or "") for row in rows.filter(state=CoreState.CREATION_SCHEDULED).order_by("pk")
        ]


# ports -----------------------------------------------------------------------------------------------------------


def create_port(context: InstanceContext) -> JSON:
    port = context.port
    # a direct connection to an external network is for the service account alone
    gateway = context.admin.network if port.network and port.network.is_external else context.cloud.network
    fixed_ips = {"fixed_ips": port.fixed_ips} if port.fixed_ips else {}
    security: dict[str, Any] = {"port_security_enabled": False}
    if port.port_security_enabled:
        security = {"security_groups": [group.backend_id for group in port.security_groups.all()]}
    return gateway.create(
        "port",
        name=port.name,
        description=described(port),
        project_id=context.tenant.backend_id,
        network_id=port.network.backend_id if port.network else port.tenant.external_network_id,
        **fixed_ips,
        **security,
    )


def record_port(context: InstanceContext, found: JSON) -> None:
    save(
        context.port,
        backend_id=found["id"],
        mac_address=found["mac_address"],
        fixed_ips=found["fixed_ips"],
        status=found["status"],
        state=CoreState.OK,
    )


def delete_port(context: InstanceContext) -> None:
    port = context.port
    if port.backend_id:
        context.cloud.network.remove("port", port.backend_id)
        save(port, backend_id="", state=CoreState.CREATION_SCHEDULED)


# the server ------------------------------------------------------------------------------------------------------


def create_server(context: InstanceContext) -> JSON:
    key_name = ensure_keypair(context.cloud, context.subject)
    server, hints = server_body(context.subject, context.parameters, key_name)
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
    if server["status"] == "ACTIVE":
        record_server(context.subject, server)
    return bool(server["status"] == "ACTIVE")


def record_server(instance: Instance, server: JSON) -> None:
    """Keep what Nova says of a server."""
    started = server.get("OS-SRV-USG:launched_at")
    save(
        instance,
        runtime_state=server["status"],
        start_time=parse_datetime(started + "+00:00") if started else None,
        hypervisor_hostname=server.get("OS-EXT-SRV-ATTR:hypervisor_hostname") or "",
        key_name=server.get("key_name") or "",
    )


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


class StillThere(CloudFailure):
    """Not an error: look again soon."""

    max_attempts = 300


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
            save(port, status=found["status"], device_id=found["device_id"], device_owner=found["device_owner"])


# floating IPs ----------------------------------------------------------------------------------------------------


def create_floating_ip(context: InstanceContext) -> JSON:
    address = context.floating_ip
    return context.cloud.network.create(
        "floatingip",
        description=described(address),
        floating_network_id=address.backend_network_id,
        project_id=context.tenant.backend_id,
    )


def record_floating_ip(context: InstanceContext, found: JSON) -> None:
    address = found["floating_ip_address"]
    save(context.floating_ip, backend_id=found["id"], address=address, name=address, runtime_state=found["status"])


def release_floating_ip(context: InstanceContext) -> None:
    address = context.floating_ip
    if address.backend_id:
        context.cloud.network.remove("floatingip", address.backend_id)
        save(address, backend_id="", address=None, state=CoreState.CREATION_SCHEDULED)


def attach_floating_ip(context: InstanceContext) -> JSON:
    address = context.floating_ip
    assert address.port
    return context.cloud.network.update("floatingip", address.backend_id, port_id=address.port.backend_id)


def detach_floating_ip(context: InstanceContext) -> None:
    address = context.floating_ip
    if address.backend_id and context.cloud.network.show("floatingip", address.backend_id):
        context.cloud.network.update("floatingip", address.backend_id, port_id=None)


def floating_ips(context: InstanceContext) -> Any:
    return FloatingIP.objects.filter(port__instance=context.subject)


class CreateInstance(CreateWorkflow):
    """Volumes, ports, the server, then its public addresses."""

    name = "openstack.instance.create"
    title = "Creation of instance"
    model = Instance
    context = InstanceContext
    steps = (
        Step(
            name="Create volume",
            each=lambda c: c.new(c.subject.volumes),
            do=lambda c: create_volume(c.cloud, c.volume),
            marker=lambda c: find_volume(c.cloud, c.volume),
            record=lambda c, volume: save(c.volume, backend_id=volume["id"], state=CoreState.CREATING),
            undo=lambda c: undo_volume(c.cloud, c.volume),
            needs="volumes, storage",
        ),
        Step(
            name="Create port",
            each=lambda c: c.new(c.subject.ports),
            do=create_port,
            marker=lambda c: c.cloud.network.first("port", description=described(c.port)),
            record=record_port,
            undo=delete_port,
        ),
        Step(
            name="Wait for volume",
            each=lambda c: c.new(c.subject.volumes),
            until=lambda c: volume_is_ready(c.cloud, c.volume),
        ),
        Step(
            name="Create server",
            do=create_server,
            marker=find_server,
            record=lambda c, server: save(c.subject, backend_id=server["id"]),
            undo=undo_server,
            until=server_is_active,
            needs="instances, vcpu, ram",
        ),
        Step(
            name="Allocate floating IP",
            each=lambda c: c.new(floating_ips(c)),
            do=create_floating_ip,
            marker=lambda c: c.cloud.network.first("floatingip", description=described(c.floating_ip)),
            record=record_floating_ip,
            undo=release_floating_ip,
        ),
        Step(
            name="Attach floating IP",
            each=lambda c: [(address.uuid.hex, str(address.address or "")) for address in floating_ips(c)],
            do=attach_floating_ip,
            record=lambda c, found: save(c.floating_ip, runtime_state=found["status"], state=CoreState.OK),
            undo=detach_floating_ip,
        ),
        Step(name="Read server", do=read_server, keeps="only reads"),
    )

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        """What belongs to a failed server has failed with it."""
        for rows in (context.subject.volumes, context.subject.ports, floating_ips(context)):
            rows.exclude(state=CoreState.OK).update(state=CoreState.ERRED, error_message=error.message)
        super().fail(context, error, trace)


class DeleteInstance(DeleteWorkflow):
    """The server, then what goes with it. Parameters: delete_volumes, release_floating_ips."""

    name = "openstack.instance.delete"
    title = "Deletion of instance"
    model = Instance
    context = InstanceContext
    steps = (
        Step(
            name="Find the server",
            do=lambda c: c.subject.backend_id or (find_server(c) or {}).get("id", ""),
            record=lambda c, server_id: save(c.subject, backend_id=server_id),
            keeps="only reads",
        ),
        Step(
            name="Detach volume",
            each=lambda c: [(volume.uuid.hex, volume.name) for volume in kept_volumes(c)],
            do=lambda c: c.cloud.compute.detach_volume(c.subject.backend_id, c.volume.backend_id),
            until=lambda c: volume_is_detached(c),
            keeps=NOT_UNDONE,
        ),
        Step(name="Delete server", do=delete_server, until=server_is_gone, keeps=NOT_UNDONE),
        Step(
            name="Delete volume",
            each=lambda c: [(volume.uuid.hex, volume.name) for volume in removed_volumes(c)],
            do=lambda c: delete_volume(c.cloud, c.volume),
            until=lambda c: volume_is_gone(c.cloud, c.volume),
            keeps=NOT_UNDONE,
        ),
        Step(
            name="Release floating IP",
            each=lambda c: [(address.uuid.hex, str(address)) for address in released_floating_ips(c)],
            do=lambda c: c.cloud.network.remove("floatingip", c.floating_ip.backend_id),
            keeps=NOT_UNDONE,
        ),
        Step(
            name="Delete port",
            each=lambda c: [(port.uuid.hex, port.name) for port in c.subject.ports.exclude(backend_id="")],
            do=lambda c: c.cloud.network.remove("port", c.port.backend_id),
            keeps=NOT_UNDONE,
        ),
    )

    def succeed(self, context: Any) -> None:
        remove_rows(context)
        super().succeed(context)


def kept_volumes(context: InstanceContext) -> Any:
    """Data volumes survive when the caller did not ask for their deletion; the system volume goes with the server."""
    keep = not context.parameters.get("delete_volumes", True)
    return context.subject.volumes.filter(bootable=False).exclude(backend_id="") if keep else Volume.objects.none()


def removed_volumes(context: InstanceContext) -> Any:
    kept = kept_volumes(context).values("pk")
    return context.subject.volumes.exclude(pk__in=kept).exclude(backend_id="")


def released_floating_ips(context: InstanceContext) -> Any:
    release = context.parameters.get("release_floating_ips", True)
    return floating_ips(context).exclude(backend_id="") if release else FloatingIP.objects.none()


def volume_is_detached(context: InstanceContext) -> bool:
    found = context.cloud.block_storage.volume(context.volume.backend_id)
    return found is None or found["status"] == "available"


def remove_rows(context: InstanceContext) -> None:
    """Delete the rows of what went with the server and give back the quotas."""
    instance, tenant = context.subject, context.tenant
    for volume in kept_volumes(context):
        save(volume, instance=None, device="", runtime_state="available")
    volumes = list(instance.volumes.select_related("type"))
    addresses = floating_ips(context)
    released = addresses if context.parameters.get("release_floating_ips", True) else addresses.filter(backend_id="")
    deltas = [quotas.of_instance(instance), {"floating_ip_count": released.count()}]
    counters.release(tenant, quotas.added(*deltas, *(quotas.of_volume(volume) for volume in volumes)))
    released.delete()
    addresses.update(port=None, runtime_state="DOWN")
    for volume in volumes:
        volume.delete()
    instance.ports.all().delete()
