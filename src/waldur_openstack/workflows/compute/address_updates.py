"""Which public addresses a server has."""

from typing import Any

from waldur_core.operations.errors import NotFound, OperationError
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import FloatingIP, Instance, Port
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.compute.floating_ips import create_floating_ip, record_floating_ip
from waldur_openstack.workflows.compute.reservation import give_back, require_all, reserve
from waldur_openstack.workflows.context import described, save

RESUMED = "a retry goes on from here"


class AddressContext(InstanceContext):
    """Parameters: attached, {uuid of an address: uuid of its port}; created, those that are new; detached, uuids."""

    @property
    def wanted_port(self) -> Port:
        port = self.subject.ports.filter(uuid=self.parameters["attached"][self.item]).first()
        if port is None:
            raise NotFound("The port of the server has been deleted meanwhile.")
        return port

    def update(self, port_id: str | None) -> JSON:
        return self.cloud.network.update("floatingip", self.floating_ip.backend_id, port_id=port_id)

    def record(self, found: JSON, port: Port | None) -> None:
        save(self.floating_ip, port=port, runtime_state=found["status"], state=CoreState.OK)

    def named(self, uuids: Any) -> list[tuple[str, str]]:
        rows = FloatingIP.objects.filter(tenant=self.tenant, uuid__in=list(uuids)).order_by("pk")
        return [(row.uuid.hex, row.name) for row in rows]


STEPS = (
    Step(
        name="Detach floating IP",
        each=lambda c: c.named(c.parameters["detached"]),
        do=lambda c: c.update(None),
        record=lambda c, found: c.record(found, None),
        keeps=RESUMED,
    ),
    Step(
        name="Allocate floating IP",
        each=lambda c: c.named(c.parameters["created"]),
        do=create_floating_ip,
        marker=lambda c: c.cloud.network.first("floatingip", description=described(c.floating_ip)),
        record=record_floating_ip,
        keeps=RESUMED,
        needs="floating_ip_count",
    ),
    Step(
        name="Attach floating IP",
        each=lambda c: c.named(c.parameters["attached"]),
        do=lambda c: c.update(c.wanted_port.backend_id),
        record=lambda c, found: c.record(found, c.wanted_port),
        keeps=RESUMED,
    ),
)


class SetInstanceFloatingIPs(UpdateWorkflow):
    """The addresses that are named become those of the server; the others stay in the tenant, free."""

    name = "openstack.instance.update_floating_ips"
    title = "Update of floating IPs of instance"
    model = Instance
    context = AddressContext
    event = "resource_update_floating_ips"
    action = "Update floating IPs"
    steps = STEPS

    def resume(self, operation: Operation, subject: Any) -> None:
        """Take again what has become free with the failure; 409 when somebody else has taken it."""
        rows = require_all(FloatingIP, [*operation.parameters["attached"], *operation.parameters["detached"]])
        if rows.filter(port__isnull=False).exclude(port__instance=subject).exists():
            raise Conflict("A floating IP that the operation wants has been attached elsewhere meanwhile.")
        reserve(FloatingIP, [row.uuid.hex for row in rows if row.backend_id])

    def succeed(self, context: Any) -> None:
        give_back(FloatingIP, [*context.parameters["attached"], *context.parameters["detached"]])
        super().succeed(context)

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        """What exists can be used by others; what could not be allocated has failed, and can be deleted."""
        parameters = context.parameters
        created = FloatingIP.objects.filter(uuid__in=parameters["created"], backend_id="")
        created.update(state=CoreState.ERRED, error_message=error.message)
        made = FloatingIP.objects.filter(uuid__in=parameters["created"]).exclude(backend_id="")
        made.exclude(state=CoreState.OK).update(state=CoreState.OK)
        give_back(FloatingIP, [*parameters["attached"], *parameters["detached"]])
        super().fail(context, error, trace)


class AssignFloatingIP(SetInstanceFloatingIPs):
    name = "openstack.instance.assign_floating_ip"
    title = "Assignment of floating IP to instance"
    event = "resource_assign_floating_ip"
    action = "Assign floating IP"


class UnassignFloatingIP(SetInstanceFloatingIPs):
    name = "openstack.instance.unassign_floating_ip"
    title = "Removal of floating IP from instance"
    event = "resource_unassign_floating_ip"
    action = "Unassign floating IP"
