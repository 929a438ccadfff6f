"""Which ports a server has, and what they let pass."""

from typing import Any

from waldur_core.operations.errors import NotFound, OperationError
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Instance, Port, SecurityGroup
from waldur_openstack.sync.network import port_columns
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.compute.ports import create_port, record_port
from waldur_openstack.workflows.compute.reservation import give_back, require_all, reserve
from waldur_openstack.workflows.context import described, save
from waldur_openstack.workflows.network.ports import forget_port

KEPT = "the next change sets them again"
RESUMED = "a retry goes on from here"


class PortsContext(InstanceContext):
    def update(self, **attributes: Any) -> JSON:
        return self.cloud.network.update("port", self.port.backend_id, **attributes)

    @property
    def groups(self) -> list[SecurityGroup]:
        """The wanted security groups."""
        wanted = self.parameters["security_groups"]
        groups = list(SecurityGroup.objects.filter(tenant=self.tenant, uuid__in=wanted))
        if len(groups) != len(wanted):
            raise NotFound("One of the security groups has been deleted meanwhile.")
        return groups

    def named(self, key: str) -> list[tuple[str, str]]:
        """The ports of the parameter: (uuid, name)."""
        ports = Port.objects.filter(tenant=self.tenant, uuid__in=self.parameters[key]).order_by("pk")
        return [(port.uuid.hex, port.name) for port in ports]


def set_groups(context: PortsContext) -> JSON:
    return context.update(security_groups=[group.backend_id for group in context.groups])


def attach_port(context: PortsContext) -> JSON:
    """Give the port to the server; what Neutron says of it then."""
    context.cloud.compute.attach_port(context.subject.backend_id, context.port.backend_id)
    return show_port(context)


def show_port(context: PortsContext) -> JSON:
    found = context.cloud.network.show("port", context.port.backend_id)
    if found is None:
        raise NotFound(f"Port {context.port} does not exist in the cloud any more.")
    return found


def is_attached(context: PortsContext) -> bool:
    interfaces = context.cloud.compute.interfaces(context.subject.backend_id)
    return context.port.backend_id in {interface["port_id"] for interface in interfaces}


def record_attached(context: PortsContext, found: JSON) -> None:
    save(context.port, instance=context.subject, state=CoreState.OK, **port_columns(found))


def detach_port(context: PortsContext) -> None:
    """Ask once: a port that the server does not have needs nothing."""
    if is_attached(context):
        context.cloud.compute.detach_port(context.subject.backend_id, context.port.backend_id)


def forget(context: PortsContext, _: object) -> None:
    forget_port(context.port)
    counters.release(context.tenant, quotas.of_ports(1))
    context.port.delete()


class SetInstanceSecurityGroups(UpdateWorkflow):
    """Parameters: security_groups, the uuids. Ports without port security have none."""

    name = "openstack.instance.update_security_groups"
    title = "Update of security groups of instance"
    model = Instance
    context = PortsContext
    event = "resource_update_security_groups"
    action = "Update security groups"
    steps = (
        Step(
            name="Set security groups of port",
            each=lambda c: [
                (port.uuid.hex, port.name)
                for port in c.subject.ports.exclude(backend_id="").filter(port_security_enabled=True).order_by("pk")
            ],
            do=set_groups,
            record=lambda c, _: c.port.security_groups.set(c.groups),
            keeps=KEPT,
        ),
    )

    def succeed(self, context: Any) -> None:
        context.subject.security_groups.set(context.groups)
        super().succeed(context)


class SetInstanceAddressPairs(UpdateWorkflow):
    """Parameters: port, its uuid; allowed_address_pairs."""

    name = "openstack.instance.update_allowed_address_pairs"
    title = "Update of allowed address pairs of instance"
    model = Instance
    context = PortsContext
    event = "resource_update_allowed_address_pairs"
    action = "Update allowed address pairs"
    steps = (
        Step(
            name="Set address pairs of port",
            each=lambda c: [(c.parameters["port"], "")],
            do=lambda c: c.update(allowed_address_pairs=c.parameters["allowed_address_pairs"]),
            record=lambda c, found: save(c.port, allowed_address_pairs=found["allowed_address_pairs"]),
            keeps=KEPT,
        ),
    )


class SetInstancePorts(UpdateWorkflow):
    """New ports first, then those that go, so that the server is never without network.

    Parameters, uuids each: created, attached (free ports that exist), removed.
    """

    name = "openstack.instance.update_ports"
    title = "Update of ports of instance"
    model = Instance
    context = PortsContext
    event = "resource_update_ports"
    action = "Update ports"
    steps = (
        Step(
            name="Create port",
            each=lambda c: c.named("created"),
            do=create_port,
            marker=lambda c: c.cloud.network.first("port", description=described(c.port)),
            record=record_port,
            keeps=RESUMED,
            needs="port_count",
        ),
        Step(
            name="Attach port",
            each=lambda c: c.named("created") + c.named("attached"),
            do=attach_port,
            marker=lambda c: show_port(c) if is_attached(c) else None,
            record=record_attached,
            until=is_attached,
            keeps=RESUMED,
        ),
        Step(
            name="Detach port",
            each=lambda c: c.named("removed"),
            do=detach_port,
            until=lambda c: not is_attached(c),
            keeps=RESUMED,
        ),
        Step(
            name="Delete port",
            each=lambda c: c.named("removed"),
            do=lambda c: c.cloud.network.remove("port", c.port.backend_id),
            record=forget,
            keeps=RESUMED,
        ),
    )

    def resume(self, operation: Operation, subject: Any) -> None:
        parameters = operation.parameters
        require_all(Port, parameters["created"])
        waiting = require_all(Port, parameters["attached"]).filter(instance=None)
        reserve(Port, [uuid.hex for uuid in waiting.values_list("uuid", flat=True)], device_id="")

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        """New ports that were not made have failed; free ones that were not attached are free again."""
        created = Port.objects.filter(uuid__in=context.parameters["created"])
        created.exclude(state=CoreState.OK).update(state=CoreState.ERRED, error_message=error.message)
        give_back(Port, context.parameters["attached"])
        super().fail(context, error, trace)
