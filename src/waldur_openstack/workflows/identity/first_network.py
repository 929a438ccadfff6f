"""The network a new tenant gets: subnet, router, and the way out."""

from collections.abc import Callable
from typing import Any

from waldur_core.operations.workflow import Step
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.sync.network import network_columns, router_columns, subnet_columns
from waldur_openstack.workflows.context import save
from waldur_openstack.workflows.identity.context import TenantContext
from waldur_openstack.workflows.network import gateways, interfaces
from waldur_openstack.workflows.network.objects import (
    create_network,
    create_router,
    create_subnet,
    find_own,
    remove_own,
)


def recorded(name: str, columns: Callable[[JSON], dict[str, Any]]) -> Callable[[TenantContext, JSON], None]:
    """What was made becomes the tenant's row of this name."""

    def record(context: TenantContext, found: JSON) -> None:
        save(getattr(context, name), backend_id=found["id"], state=CoreState.OK, **columns(found))

    return record


def removed(name: str) -> Callable[[TenantContext], None]:
    def undo(context: TenantContext) -> None:
        if row := getattr(context, name):
            remove_own(context.cloud, name, row, state=CoreState.CREATION_SCHEDULED)

    return undo


def record_network(context: TenantContext, found: JSON) -> None:
    recorded("network", network_columns)(context, found)
    save(context.tenant, internal_network_id=found["id"])


def remove_network(context: TenantContext) -> None:
    removed("network")(context)
    save(context.tenant, internal_network_id="")


def disconnect(context: TenantContext) -> None:
    if context.router and context.subnet:
        interfaces.disconnect(context.cloud, context.router, context.subnet)
        interfaces.forget_interface(context.router, context.subnet)


def clear_gateway(context: TenantContext) -> None:
    if context.router and context.router.backend_id:
        gateways.record_gateway(context.router, gateways.clear_gateway(context.cloud, context.router))


STEPS = (
    Step(
        name="Create network",
        when=lambda c: c.network,
        needs="network_count",
        do=lambda c: create_network(c.cloud, c.network),
        marker=lambda c: find_own(c.cloud, "network", c.network),
        record=record_network,
        undo=remove_network,
    ),
    Step(
        name="Create subnet",
        when=lambda c: c.subnet,
        needs="subnet_count",
        do=lambda c: create_subnet(c.cloud, c.subnet),
        marker=lambda c: find_own(c.cloud, "subnet", c.subnet),
        record=recorded("subnet", subnet_columns),
        undo=removed("subnet"),
    ),
    Step(
        name="Create router",
        when=lambda c: c.router,
        do=lambda c: create_router(c.cloud, c.router),
        marker=lambda c: find_own(c.cloud, "router", c.router),
        record=recorded("router", router_columns),
        undo=removed("router"),
    ),
    Step(
        name="Connect subnet to router",
        when=lambda c: c.router and c.subnet,
        do=lambda c: interfaces.add_interface(c.cloud, c.router, c.subnet),
        marker=lambda c: interfaces.find_interface(c.cloud, c.router, c.subnet),
        record=lambda c, found: interfaces.record_interface(c.router, found),
        undo=disconnect,
        needs="port_count",
    ),
    Step(
        name="Connect router to external network",
        when=lambda c: c.router and c.external_network_id,
        do=lambda c: gateways.set_gateway(c.cloud, c.router, c.external_network_id),
        record=lambda c, found: gateways.record_gateway(c.router, found),
        undo=clear_gateway,
    ),
)
