"""Ports: make one, change what it may do and which addresses it has, remove it."""

from collections.abc import Callable
from typing import Any

from waldur_core.events.log import record
from waldur_core.operations.errors import Invalid
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step, UpdateWorkflow
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import FloatingIP, Port, SecurityGroup, SubNet
from waldur_openstack.sync.network import port_columns
from waldur_openstack.workflows.context import CloudContext, described, save

# what Neutron is told of each column
ATTRIBUTES: dict[str, Callable[[Port], Any]] = {
    "name": lambda port: port.name,
    "description": described,
    "admin_state_up": lambda port: port.admin_state_up,
    "port_security_enabled": lambda port: port.port_security_enabled,
    "mac_address": lambda port: port.mac_address,
    "fixed_ips": lambda port: port.fixed_ips,
    "allowed_address_pairs": lambda port: port.allowed_address_pairs,
    "security_groups": lambda port: [group.backend_id for group in port.security_groups.all()],
}
# which event tells of a change of a column; `port_updated` of all others
EVENTS = {
    "security_groups": "port_security_groups_changed",
    "allowed_address_pairs": "port_allowed_address_pairs_changed",
    "port_security_enabled": "port_security_",
}


class PortContext(CloudContext):
    subject: Port

    def tell(self, event: str, text: str) -> None:
        record(f"openstack_{event}", f"Port {self.subject} {text}.", scope=self.subject, actor=self.operation.user)


def create_port(context: PortContext) -> JSON:
    """With the groups of the row; `default_group` in the parameters leaves them to the cloud."""
    port = context.subject
    assert port.network
    wanted = ["name", "description", "allowed_address_pairs", "port_security_enabled"]
    wanted += [name for name in ("fixed_ips", "mac_address") if getattr(port, name)]
    if port.port_security_enabled and not context.parameters.get("default_group"):
        wanted.append("security_groups")
    return context.cloud.network.create(
        "port",
        project_id=context.tenant.backend_id,
        network_id=port.network.backend_id,
        **{name: ATTRIBUTES[name](port) for name in wanted},
    )


def find_port(context: PortContext) -> JSON | None:
    return context.cloud.network.first("port", description=described(context.subject))


def record_port(context: PortContext, found: JSON) -> None:
    """Keep what Neutron says: addresses that it chose, the subnet of the first of them, the groups we know."""
    port = context.subject
    ids = [fixed["subnet_id"] for fixed in found["fixed_ips"]]
    subnet = SubNet.objects.filter(network=port.network, backend_id=ids[0]).first() if ids else None
    save(port, backend_id=found["id"], subnet=subnet, **port_columns(found))
    port.security_groups.set(SecurityGroup.objects.filter(tenant=port.tenant, backend_id__in=found["security_groups"]))


def remove_port(context: PortContext) -> None:
    """Remove the port, also one that was made but not recorded."""
    port = context.subject
    backend_id = port.backend_id or (find_port(context) or {}).get("id")
    if backend_id:
        context.cloud.network.remove("port", backend_id)
    save(port, backend_id="", status="")


def refuse_used(context: PortContext) -> None:
    """Neutron would take the port away even from a server that we know nothing of."""
    found = context.cloud.network.show("port", context.subject.backend_id) if context.subject.backend_id else None
    if found and found["device_id"]:
        text = f"In the cloud the port is in use by {found['device_owner'] or 'a device'} {found['device_id']}."
        raise Invalid(f"{text} Detach it there, then retry.")


def update_port(context: PortContext) -> JSON:
    port = context.subject
    attributes = {name: ATTRIBUTES[name](port) for name in context.parameters["changed"]}
    return context.cloud.network.update("port", port.backend_id, **attributes)


class CreatePort(CreateWorkflow):
    """A free port. Parameters: default_group, whether the cloud chooses the security group."""

    name = "openstack.port.create"
    title = "Creation of port"
    model = Port
    context = PortContext
    steps = (
        Step(
            name="Create port",
            do=create_port,
            marker=find_port,
            record=record_port,
            undo=remove_port,
            needs="port_count",
        ),
    )

    def succeed(self, context: Any) -> None:
        context.tell("port_created", "has been created")
        super().succeed(context)


class UpdatePort(UpdateWorkflow):
    """Makes the cloud follow the row. Parameters: changed, the names of the columns."""

    name = "openstack.port.update"
    title = "Update of port"
    model = Port
    context = PortContext
    steps = (Step(name="Update port", do=update_port, record=record_port, keeps="the next change sets it again"),)

    def succeed(self, context: Any) -> None:
        switch = "enabled" if context.subject.port_security_enabled else "disabled"
        events = {EVENTS.get(name, "port_updated") for name in context.parameters["changed"]}
        for event in sorted(events):
            context.tell(event + switch if event.endswith("_") else event, "has been changed")
        super().succeed(context)


class DeletePort(DeleteWorkflow):
    """Removes a port that nothing uses; a floating IP on it becomes free."""

    name = "openstack.port.delete"
    title = "Deletion of port"
    model = Port
    context = PortContext
    steps = (
        Step(name="Look for users", do=refuse_used, keeps="only reads"),
        Step(name="Delete port", do=remove_port, keeps="deletion is not undone"),
    )

    def succeed(self, context: Any) -> None:
        context.tell("port_deleted", "has been deleted")
        forget_port(context.subject)
        counters.release(context.tenant, quotas.of_ports(1))
        super().succeed(context)


def forget_port(port: Port) -> None:
    """Its floating IPs are free."""
    FloatingIP.objects.filter(port=port).update(port=None, runtime_state="DOWN")
