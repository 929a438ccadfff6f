"""Making a server: volumes, ports, the server, then its public addresses."""

from typing import Any, ClassVar

from waldur_core.operations.errors import OperationError
from waldur_core.operations.workflow import CreateWorkflow, Step
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Instance
from waldur_openstack.workflows.block_storage import create_volume, find_volume, undo_volume, volume_is_ready
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.compute.floating_ips import (
    attach_floating_ip,
    create_floating_ip,
    detach_floating_ip,
    floating_ips,
    record_floating_ip,
    release_floating_ip,
)
from waldur_openstack.workflows.compute.keypairs import find_key, push_key, remember_key, remove_key
from waldur_openstack.workflows.compute.ports import create_port, delete_port, record_port
from waldur_openstack.workflows.compute.server import (
    create_server,
    find_server,
    read_server,
    server_is_active,
    undo_server,
)
from waldur_openstack.workflows.context import described, save
from waldur_openstack.workflows.provision import provision_limit


class CreateInstance(CreateWorkflow):
    """Volumes, ports, the server, then its public addresses."""

    name = "openstack.instance.create"
    title = "Creation of instance"
    model = Instance
    context = InstanceContext
    throttle = provision_limit("OpenStack.Instance")
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="Create volume",
            each=lambda c: c.new(c.subject.volumes),
            do=lambda c: create_volume(c.cloud, c.volume),
            marker=lambda c: find_volume(c.cloud, c.volume),
            record=lambda c, volume: save(c.volume, backend_id=volume["id"], state=CoreState.CREATING),
            undo=lambda c: undo_volume(c.cloud, c.volume),
            needs="volumes, storage, gigabytes_<type>",
        ),
        Step(
            name="Create port",
            each=lambda c: c.new(c.subject.ports),
            do=create_port,
            marker=lambda c: c.cloud.network.first("port", description=described(c.port)),
            record=record_port,
            undo=delete_port,
            needs="port_count",
        ),
        Step(
            name="Wait for volume",
            each=lambda c: c.new(c.subject.volumes),
            until=lambda c: volume_is_ready(c.cloud, c.volume),
        ),
        Step(
            name="Push SSH key",
            when=lambda c: c.subject.ssh_key,
            do=push_key,
            marker=find_key,
            record=remember_key,
            undo=remove_key,
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
            name="Remove SSH key",
            when=lambda c: c.subject.ssh_key,
            do=remove_key,
            keeps="the server has a copy of its own",
        ),
        Step(
            name="Allocate floating IP",
            each=lambda c: c.new(floating_ips(c)),
            do=create_floating_ip,
            marker=lambda c: c.cloud.network.first("floatingip", description=described(c.floating_ip)),
            record=record_floating_ip,
            undo=release_floating_ip,
            needs="floating_ip_count",
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
