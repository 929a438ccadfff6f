"""Routers: make, rename, connect to subnets and to the world, say where packets go, remove."""

from functools import cached_property
from typing import Any

from waldur_core.operations.errors import NotFound
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step, UpdateWorkflow
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Port, Router, SubNet
from waldur_openstack.sync.network import router_columns
from waldur_openstack.workflows.context import CloudContext, described, save
from waldur_openstack.workflows.network import gateways, interfaces
from waldur_openstack.workflows.network.objects import create_router, find_own, remove_own

REVERSIBLE_BY_USER = "the opposite action is the user's to take"
KEPT = "the next change sets them again"


class RouterContext(CloudContext):
    """`parameters` of changes of interfaces: the uuid of a `subnet` or of a `port`."""

    subject: Router

    @cached_property
    def subnet(self) -> SubNet | None:
        return self._named(SubNet, "subnet")

    @cached_property
    def port(self) -> Port | None:
        return self._named(Port, "port")

    def _named(self, model: Any, name: str) -> Any:
        if name not in self.parameters:
            return None
        row = model.objects.filter(uuid=self.parameters[name], tenant=self.tenant).first()
        if row is None:
            raise NotFound(f"The {name} has been deleted meanwhile.")
        return row

    def update(self, **attributes: Any) -> JSON:
        return self.cloud.network.update("router", self.subject.backend_id, **attributes)


def add_interface(context: RouterContext) -> JSON | None:
    if context.port:
        return interfaces.adopt_port(context.cloud, context.subject, context.port)
    assert context.subnet
    return interfaces.add_interface(context.cloud, context.subject, context.subnet)


def find_interface(context: RouterContext) -> JSON | None:
    router = context.subject
    if context.port:
        found = context.cloud.network.show("port", context.port.backend_id)
        return found if found and found["device_id"] == router.backend_id else None
    assert context.subnet
    return interfaces.find_interface(context.cloud, router, context.subnet)


def remove_interface(context: RouterContext) -> None:
    if found := find_interface(context):
        interfaces.remove_interface(context.cloud, context.subject.backend_id, found["id"])


def forget_interface(context: RouterContext, _: Any) -> None:
    subnet = context.port.subnet if context.port else context.subnet
    if subnet:
        interfaces.forget_interface(context.subject, subnet)


class CreateRouter(CreateWorkflow):
    """A router that is connected to nothing yet."""

    name = "openstack.router.create"
    title = "Creation of router"
    model = Router
    context = RouterContext
    steps = (
        Step(
            name="Create router",
            do=lambda c: create_router(c.cloud, c.subject),
            marker=lambda c: find_own(c.cloud, "router", c.subject),
            record=lambda c, found: save(c.subject, backend_id=found["id"], **router_columns(found)),
            undo=lambda c: remove_own(c.cloud, "router", c.subject),
        ),
    )


class UpdateRouter(UpdateWorkflow):
    """Name and description."""

    name = "openstack.router.update"
    title = "Update of router"
    model = Router
    context = RouterContext
    done_event = "openstack_router_updated"
    steps = (
        Step(
            name="Update router",
            do=lambda c: c.update(name=c.subject.name, description=described(c.subject)),
            keeps=KEPT,
        ),
    )


class AddRouterInterface(UpdateWorkflow):
    """Parameters: subnet or port, its uuid."""

    name = "openstack.router.add_interface"
    title = "Addition of an interface to router"
    model = Router
    context = RouterContext
    done_event = "openstack_router_interface_added"
    steps = (
        Step(
            name="Add interface",
            do=add_interface,
            marker=find_interface,
            record=lambda c, found: interfaces.record_interface(c.subject, found),
            keeps=REVERSIBLE_BY_USER,
            needs="port_count",
        ),
    )


class RemoveRouterInterface(UpdateWorkflow):
    """Parameters: subnet or port, its uuid. The port goes too."""

    name = "openstack.router.remove_interface"
    title = "Removal of an interface from router"
    model = Router
    context = RouterContext
    done_event = "openstack_router_interface_removed"
    steps = (Step(name="Remove interface", do=remove_interface, record=forget_interface, keeps=REVERSIBLE_BY_USER),)


class SetExternalGateway(UpdateWorkflow):
    """Parameters: network_id, the cloud's id; enable_snat and external_fixed_ips where they are not left open."""

    name = "openstack.router.set_external_gateway"
    title = "Connection of router to an external network"
    model = Router
    context = RouterContext
    done_event = "openstack_router_updated"
    steps = (
        Step(
            name="Set external gateway",
            do=lambda c: gateways.set_gateway(c.cloud, c.subject, **c.parameters),
            record=lambda c, found: gateways.record_gateway(c.subject, found),
            keeps=REVERSIBLE_BY_USER,
        ),
    )


class RemoveExternalGateway(UpdateWorkflow):
    name = "openstack.router.remove_external_gateway"
    title = "Disconnection of router from its external network"
    model = Router
    context = RouterContext
    done_event = "openstack_router_updated"
    steps = (
        Step(
            name="Remove external gateway",
            do=lambda c: gateways.clear_gateway(c.cloud, c.subject),
            record=lambda c, found: gateways.record_gateway(c.subject, found),
            keeps=REVERSIBLE_BY_USER,
        ),
    )


class SetRoutes(UpdateWorkflow):
    """Parameters: routes, [{destination, nexthop}], instead of those there are."""

    name = "openstack.router.set_routes"
    title = "Change of routes of router"
    model = Router
    context = RouterContext
    done_event = "openstack_router_updated"
    steps = (
        Step(
            name="Set routes",
            do=lambda c: c.update(routes=c.parameters["routes"]),
            record=lambda c, found: save(c.subject, routes=found["routes"]),
            keeps=KEPT,
        ),
    )


class DeleteRouter(DeleteWorkflow):
    """The router with its gateway."""

    name = "openstack.router.delete"
    title = "Deletion of router"
    model = Router
    context = RouterContext
    steps = (
        Step(
            name="Delete router",
            do=lambda c: remove_own(c.cloud, "router", c.subject),
            keeps="deletion is not undone",
        ),
    )

    def succeed(self, context: Any) -> None:
        tenant = context.tenant
        super().succeed(context)
        gateways.follow_gateway(tenant)
