"""Removing a server and what goes with it."""

from typing import Any

from waldur_core.operations.workflow import DeleteWorkflow, Step
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.models import FloatingIP, Instance, Volume
from waldur_openstack.workflows.block_storage import delete_volume, volume_is_gone
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.compute.floating_ips import floating_ips
from waldur_openstack.workflows.compute.server import delete_server, find_server, server_is_gone
from waldur_openstack.workflows.context import save

NOT_UNDONE = "deletion is not undone"


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
    return context.subject.volumes.exclude(Volume.SYSTEM).exclude(backend_id="") if keep else Volume.objects.none()


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
    ports = quotas.of_ports(instance.ports.count())
    deltas = [quotas.of_instance(instance), {"floating_ip_count": released.count()}, ports]
    counters.release(tenant, quotas.added(*deltas, *(quotas.of_volume(volume) for volume in volumes)))
    released.delete()
    addresses.update(port=None, runtime_state="DOWN")
    for volume in volumes:
        volume.delete()
    instance.ports.all().delete()
