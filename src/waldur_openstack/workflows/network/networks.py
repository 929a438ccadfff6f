"""Virtual networks: make, rename, set the MTU, remove."""

from typing import Any

from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step, UpdateWorkflow
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Network
from waldur_openstack.removal import Removal
from waldur_openstack.sync.network import network_columns
from waldur_openstack.workflows.context import CloudContext, described, save
from waldur_openstack.workflows.network.objects import create_network, find_own, remove_own

KEPT = "the next change sets them again"


class NetworkContext(CloudContext):
    subject: Network

    def update(self, **attributes: Any) -> JSON:
        return self.cloud.network.update("network", self.subject.backend_id, **attributes)


def record_network(context: NetworkContext, found: JSON) -> None:
    save(context.subject, backend_id=found["id"], **network_columns(found))


class CreateNetwork(CreateWorkflow):
    """An empty network."""

    name = "openstack.network.create"
    title = "Creation of network"
    model = Network
    context = NetworkContext
    done_event = "openstack_network_created"
    steps = (
        Step(
            name="Create network",
            do=lambda c: create_network(c.cloud, c.subject),
            marker=lambda c: find_own(c.cloud, "network", c.subject),
            record=record_network,
            undo=lambda c: remove_own(c.cloud, "network", c.subject),
            needs="network_count",
        ),
    )


class UpdateNetwork(UpdateWorkflow):
    """Name and description."""

    name = "openstack.network.update"
    title = "Update of network"
    model = Network
    context = NetworkContext
    done_event = "openstack_network_updated"
    steps = (
        Step(
            name="Update network",
            do=lambda c: c.update(name=c.subject.name, description=described(c.subject)),
            keeps=KEPT,
        ),
    )


class SetMtu(UpdateWorkflow):
    """Parameters: mtu, in bytes. The row says it once the cloud has taken it."""

    name = "openstack.network.set_mtu"
    title = "Change of the MTU of network"
    model = Network
    context = NetworkContext
    done_event = "openstack_network_updated"
    steps = (
        Step(
            name="Set MTU",
            do=lambda c: c.update(mtu=c.parameters["mtu"]),
            record=lambda c, found: save(c.subject, mtu=found["mtu"]),
            keeps=KEPT,
        ),
    )


class DeleteNetwork(DeleteWorkflow):
    """The network with its subnets; Neutron removes both at once."""

    name = "openstack.network.delete"
    title = "Deletion of network"
    model = Network
    context = NetworkContext
    done_event = "openstack_network_deleted"
    steps = (
        Step(
            name="Delete network",
            do=lambda c: remove_own(c.cloud, "network", c.subject),
            keeps="deletion is not undone",
        ),
    )

    def succeed(self, context: Any) -> None:
        Removal([context.subject]).carry_out()
