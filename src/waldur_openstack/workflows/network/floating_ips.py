"""Public addresses: take one, attach it to a port, detach it, describe it, give it back."""

from typing import Any

from waldur_core.operations.errors import NotFound
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step, UpdateWorkflow
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import FloatingIP, Port
from waldur_openstack.sync.network import floating_ip_columns
from waldur_openstack.workflows.context import CloudContext, described, save

REVERSIBLE_BY_USER = "the opposite action is the user's to take"


class FloatingIPContext(CloudContext):
    subject: FloatingIP

    @property
    def port(self) -> Port:
        """The port that the address is to be attached to."""
        port = Port.objects.filter(uuid=self.parameters["port"], tenant=self.tenant).first()
        if port is None:
            raise NotFound("The port has been deleted meanwhile.")
        return port

    def update(self, **attributes: Any) -> JSON:
        return self.cloud.network.update("floatingip", self.subject.backend_id, **attributes)


def create_address(context: FloatingIPContext) -> JSON:
    address = context.subject
    return context.cloud.network.create(
        "floatingip",
        description=described(address),
        floating_network_id=address.backend_network_id,
        project_id=context.tenant.backend_id,
    )


def find_address(context: FloatingIPContext) -> JSON | None:
    return context.cloud.network.first("floatingip", description=described(context.subject))


def record_address(context: FloatingIPContext, found: JSON) -> None:
    save(context.subject, backend_id=found["id"], **floating_ip_columns(found, context.tenant.service_settings))


def remove_address(context: FloatingIPContext) -> None:
    """Give it back, also one that was made but not recorded."""
    address = context.subject
    backend_id = address.backend_id or (find_address(context) or {}).get("id")
    if backend_id:
        context.cloud.network.remove("floatingip", backend_id)
    save(address, backend_id="", address=None, external_address=None, name="", runtime_state="")


class CreateFloatingIP(CreateWorkflow):
    """An address of the external network that the row names."""

    name = "openstack.floating_ip.create"
    title = "Creation of floating IP"
    model = FloatingIP
    context = FloatingIPContext
    steps = (
        Step(
            name="Allocate floating IP",
            do=create_address,
            marker=find_address,
            record=record_address,
            undo=remove_address,
            needs="floating_ip_count",
        ),
    )


class AttachFloatingIP(UpdateWorkflow):
    """Parameters: port, its uuid."""

    name = "openstack.floating_ip.attach"
    title = "Attachment of floating IP"
    model = FloatingIP
    context = FloatingIPContext
    steps = (
        Step(
            name="Attach floating IP",
            do=lambda c: c.update(port_id=c.port.backend_id),
            record=lambda c, found: save(c.subject, port=c.port, runtime_state=found["status"]),
            keeps=REVERSIBLE_BY_USER,
        ),
    )


class DetachFloatingIP(UpdateWorkflow):
    name = "openstack.floating_ip.detach"
    title = "Detachment of floating IP"
    model = FloatingIP
    context = FloatingIPContext
    steps = (
        Step(
            name="Detach floating IP",
            do=lambda c: c.update(port_id=None),
            record=lambda c, found: save(c.subject, port=None, runtime_state=found["status"]),
            keeps=REVERSIBLE_BY_USER,
        ),
    )


class DescribeFloatingIP(UpdateWorkflow):
    name = "openstack.floating_ip.update"
    title = "Update of floating IP"
    model = FloatingIP
    context = FloatingIPContext
    steps = (
        Step(
            name="Update description",
            do=lambda c: c.update(description=described(c.subject)),
            keeps="the next change sets it again",
        ),
    )


class DeleteFloatingIP(DeleteWorkflow):
    """Gives the address back; a port that has it loses it."""

    name = "openstack.floating_ip.delete"
    title = "Deletion of floating IP"
    model = FloatingIP
    context = FloatingIPContext
    steps = (Step(name="Release floating IP", do=remove_address, keeps="deletion is not undone"),)

    def succeed(self, context: Any) -> None:
        counters.release(context.tenant, quotas.OF_FLOATING_IP)
        super().succeed(context)
