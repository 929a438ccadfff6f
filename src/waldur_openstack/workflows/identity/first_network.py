"""The network a new tenant gets: subnet, router, and the way out."""

from typing import Any

from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.sync.network import network_columns, router_columns, subnet_columns
from waldur_openstack.workflows.context import described, save
from waldur_openstack.workflows.identity.context import TenantContext


def create_network(context: TenantContext) -> JSON:
    network = context.network
    assert network
    mtu = {"mtu": network.mtu} if network.mtu else {}
    return context.cloud.network.create("network", name=network.name, description=described(network), **mtu)


def record_network(context: TenantContext, network: JSON) -> None:
    assert context.network
    save(context.network, backend_id=network["id"], state=CoreState.OK, **network_columns(network))
    save(context.tenant, internal_network_id=network["id"])


def delete_network(context: TenantContext) -> None:
    remove_object(context, "network", context.network)
    save(context.tenant, internal_network_id="")


def create_subnet(context: TenantContext) -> JSON:
    subnet = context.subnet
    assert subnet
    return context.cloud.network.create(
        "subnet",
        name=subnet.name,
        description=described(subnet),
        network_id=subnet.network.backend_id,
        cidr=subnet.cidr,
        ip_version=subnet.ip_version,
        enable_dhcp=subnet.enable_dhcp,
        allocation_pools=subnet.allocation_pools,
        dns_nameservers=subnet.dns_nameservers,
    )


def record_subnet(context: TenantContext, subnet: JSON) -> None:
    assert context.subnet
    save(context.subnet, backend_id=subnet["id"], state=CoreState.OK, **subnet_columns(subnet))


def create_router(context: TenantContext) -> JSON:
    return context.cloud.network.create("router", name=context.router.name, description=described(context.router))


def add_interface(context: TenantContext) -> None:
    router, subnet = context.router, context.subnet
    assert subnet
    context.cloud.network.add_router_interface(router.backend_id, subnet.backend_id)


def find_interface(context: TenantContext) -> JSON | None:
    router, subnet = context.router, context.subnet
    assert subnet
    filters = {"device_id": router.backend_id, "fixed_ips": f"subnet_id={subnet.backend_id}"}
    return context.cloud.network.first("port", **filters)


def record_interface(context: TenantContext, _: Any) -> None:
    assert context.subnet
    save(context.subnet, is_connected=True, router=context.router)


def remove_interface(context: TenantContext) -> None:
    port = find_interface(context) if context.router and context.router.backend_id else None
    if port:
        context.cloud.network.remove_router_interface(context.router.backend_id, port["id"])
    if context.subnet:
        save(context.subnet, is_connected=False, router=None)


def set_gateway(context: TenantContext) -> JSON:
    gateway = {"network_id": context.external_network_id}
    return context.cloud.network.update("router", context.router.backend_id, external_gateway_info=gateway)


def record_gateway(context: TenantContext, router: JSON) -> None:
    save(context.router, state=CoreState.OK, **router_columns(router))
    save(context.tenant, external_network_id=context.router.external_network_id)


def clear_gateway(context: TenantContext) -> None:
    if context.router and context.router.backend_id:
        context.cloud.network.update("router", context.router.backend_id, external_gateway_info=None)
    save(context.tenant, external_network_id="")


def find_described(kind: str, row: str) -> Any:
    """A marker: the object of this kind whose description is the one we give the row."""

    def marker(context: TenantContext) -> JSON | None:
        return context.cloud.network.first(kind, description=described(getattr(context, row)))

    return marker


def remove_row(kind: str, row: str) -> Any:
    def undo(context: TenantContext) -> None:
        remove_object(context, kind, getattr(context, row))

    return undo


def remove_object(context: TenantContext, kind: str, row: Any) -> None:
    if row is not None and row.backend_id:
        context.cloud.network.remove(kind, row.backend_id)
        save(row, backend_id="", state=CoreState.CREATION_SCHEDULED)


def connects(context: TenantContext) -> bool:
    return not context.tenant.skip_connection_extnet and bool(context.external_network_id)
