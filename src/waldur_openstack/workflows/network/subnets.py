"""Blocks of addresses: make and connect, change, disconnect, remove."""

from functools import cached_property
from typing import Any
from uuid import UUID

from waldur_core.operations.errors import NotFound
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step, UpdateWorkflow
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Port, Router, SubNet
from waldur_openstack.models.network import ROUTER_INTERFACES
from waldur_openstack.removal import Removal
from waldur_openstack.sync.network import subnet_columns
from waldur_openstack.workflows.context import CloudContext, described, save
from waldur_openstack.workflows.network import gateways, interfaces
from waldur_openstack.workflows.network.objects import create_router, create_subnet, find_own, remove_own

DELETED = "deletion is not undone"


class SubNetContext(CloudContext):
    """`parameters`: router, the uuid of the one to connect to; new_router, when that is still to be made."""

    subject: SubNet

    @cached_property
    def known_router(self) -> Router | None:
        return Router.objects.filter(uuid=self.parameters["router"], tenant=self.tenant).first()

    @cached_property
    def router(self) -> Router:
        """One that is still to be made has no row until it is real."""
        if self.known_router:
            return self.known_router
        if not self.makes_router:
            raise NotFound("The router has been deleted meanwhile.")
        name = f"{self.subject.network.name}-router"
        return Router(uuid=UUID(self.parameters["router"]), tenant=self.tenant, name=name)

    @property
    def connects(self) -> bool:
        return bool(self.parameters.get("router"))

    @property
    def makes_router(self) -> bool:
        return bool(self.parameters.get("new_router"))


def record_subnet(context: SubNetContext, found: JSON) -> None:
    save(context.subject, backend_id=found["id"], **subnet_columns(found))


def record_router(context: SubNetContext, found: JSON) -> None:
    router = context.router
    router.backend_id, router.state = found["id"], CoreState.OK
    router.save()


def undo_router(context: SubNetContext) -> None:
    """Also one that was made but not recorded."""
    router = context.router
    backend_id = router.backend_id or (find_own(context.cloud, "router", router) or {}).get("id")
    if backend_id:
        context.cloud.network.remove("router", backend_id)
    Router.objects.filter(uuid=router.uuid).delete()
    gateways.follow_gateway(context.tenant)


def undo_gateway(context: SubNetContext) -> None:
    if router := context.known_router:
        gateways.record_gateway(router, gateways.clear_gateway(context.cloud, router))


def undo_interface(context: SubNetContext) -> None:
    if router := context.known_router:
        interfaces.disconnect(context.cloud, router, context.subject)
        interfaces.forget_interface(router, context.subject)


def connection(*, undone: bool) -> Step:
    """The step that puts the subnet on its router."""
    return Step(
        name="Connect subnet to router",
        when=lambda c: c.connects,
        do=lambda c: interfaces.add_interface(c.cloud, c.router, c.subject),
        marker=lambda c: interfaces.find_interface(c.cloud, c.router, c.subject),
        record=lambda c, found: interfaces.record_interface(c.router, found),
        undo=undo_interface if undone else None,
        needs="port_count",
        keeps="" if undone else "the opposite action is the user's to take",
    )


class CreateSubNet(CreateWorkflow):
    """A subnet, and the router it is connected to when there is none yet."""

    name = "openstack.subnet.create"
    title = "Creation of subnet"
    model = SubNet
    context = SubNetContext
    done_event = "openstack_subnet_created"
    steps = (
        Step(
            name="Create subnet",
            do=lambda c: create_subnet(c.cloud, c.subject),
            marker=lambda c: find_own(c.cloud, "subnet", c.subject),
            record=record_subnet,
            undo=lambda c: remove_own(c.cloud, "subnet", c.subject),
            needs="subnet_count",
        ),
        Step(
            name="Create router",
            when=lambda c: c.makes_router,
            do=lambda c: create_router(c.cloud, c.router),
            marker=lambda c: find_own(c.cloud, "router", c.router),
            record=record_router,
            undo=undo_router,
        ),
        Step(
            name="Connect router to external network",
            when=lambda c: c.makes_router and c.external_network_id,
            do=lambda c: gateways.set_gateway(c.cloud, c.router, c.external_network_id),
            record=lambda c, found: gateways.record_gateway(c.router, found),
            undo=undo_gateway,
        ),
        connection(undone=True),
    )


CLOUD_NAMES = ("name", "gateway_ip", "allocation_pools", "dns_nameservers", "enable_dhcp", "host_routes")


def push_changes(context: SubNetContext) -> JSON:
    """Only what has changed, so that what Neutron does not let change now is not in the way of the rest."""
    subnet, changed = context.subject, context.parameters["changed"]
    attributes = {name: getattr(subnet, name) for name in CLOUD_NAMES if name in changed}
    if "disable_gateway" in changed:
        attributes["gateway_ip"] = subnet.gateway_ip
    return context.cloud.network.update("subnet", subnet.backend_id, description=described(subnet), **attributes)


class UpdateSubNet(UpdateWorkflow):
    """Parameters: changed, the columns that say something new."""

    name = "openstack.subnet.update"
    title = "Update of subnet"
    model = SubNet
    context = SubNetContext
    done_event = "openstack_subnet_updated"
    steps = (Step(name="Update subnet", do=push_changes, record=record_subnet, keeps="the next change sets it again"),)


class ConnectSubNet(UpdateWorkflow):
    """Parameters: router, its uuid."""

    name = "openstack.subnet.connect"
    title = "Connection of subnet"
    model = SubNet
    context = SubNetContext
    done_event = "openstack_subnet_updated"
    steps = (connection(undone=False),)


class DisconnectSubNet(UpdateWorkflow):
    """Parameters: router, its uuid."""

    name = "openstack.subnet.disconnect"
    title = "Disconnection of subnet"
    model = SubNet
    context = SubNetContext
    done_event = "openstack_subnet_updated"
    steps = (
        Step(
            name="Disconnect subnet from router",
            do=lambda c: interfaces.disconnect(c.cloud, c.router, c.subject),
            record=lambda c, _: interfaces.forget_interface(c.router, c.subject),
            keeps="the opposite action is the user's to take",
        ),
    )


def remove_interfaces(context: SubNetContext) -> None:
    """Of whatever router: the cloud knows best which."""
    subnet = context.subject
    if not subnet.backend_id:
        return
    for port in context.cloud.network.list("port", fixed_ips=f"subnet_id={subnet.backend_id}"):
        if port["device_owner"] in ROUTER_INTERFACES:
            interfaces.remove_interface(context.cloud, port["device_id"], port["id"])


def forget_interfaces(context: SubNetContext, _: Any) -> None:
    subnet = context.subject
    ports = Port.objects.filter(subnet=subnet, device_owner__in=ROUTER_INTERFACES)
    routers = list(Router.objects.filter(tenant=context.tenant, backend_id__in=ports.values("device_id")))
    interfaces.forget_ports(ports)
    save(subnet, is_connected=False, router=None)
    for router in routers:
        interfaces.note_addresses(router)


class DeleteSubNet(DeleteWorkflow):
    """Off its router first."""

    name = "openstack.subnet.delete"
    title = "Deletion of subnet"
    model = SubNet
    context = SubNetContext
    done_event = "openstack_subnet_deleted"
    steps = (
        Step(name="Disconnect subnet from router", do=remove_interfaces, record=forget_interfaces, keeps=DELETED),
        Step(name="Delete subnet", do=lambda c: remove_own(c.cloud, "subnet", c.subject), keeps=DELETED),
    )

    def succeed(self, context: Any) -> None:
        Removal([context.subject]).carry_out()
