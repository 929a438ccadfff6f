"""Interfaces and static routes of routers: one call each, several at a time."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import mark
from waldur_openstack.models import Port, Router, SubNet
from waldur_openstack.models.network import ROUTER_INTERFACES
from waldur_openstack.sync.network import port_columns, router_columns
from waldur_openstack_replication.models import MigrationItem
from waldur_openstack_replication.workflows.bodies import MissingPart, reference
from waldur_openstack_replication.workflows.context import Kind, MigrationContext, State, write
from waldur_openstack_replication.workflows.making import failed, give_up, keep, settle_each


@dataclass(frozen=True)
class Interface:
    """A port that a router is to have. With one subnet by its gateway's address, Neutron makes it."""

    router: str
    subnet: str
    port: JSON


def interface(context: MigrationContext, item: MigrationItem, gateways: dict[str, str | None]) -> Interface:
    """`gateways`: of each subnet, by its id in the source."""
    router = reference(context, item.wanted["router"], "router")
    network = reference(context, item.wanted["network"], "network")
    fixed_ips = [
        {"subnet_id": reference(context, fixed["subnet"], "subnet"), "ip_address": fixed["ip_address"]}
        for fixed in item.wanted["fixed_ips"]
    ]
    by_gateway = [gateways[fixed["subnet"]] for fixed in item.wanted["fixed_ips"]] == [fixed_ips[0]["ip_address"]]
    subnet = fixed_ips[0]["subnet_id"] if by_gateway else ""
    # with this owner Neutron gives exactly these addresses, also where others follow from the MAC address
    port = {
        "network_id": network,
        "fixed_ips": fixed_ips,
        "device_owner": ROUTER_INTERFACES[0],
        "description": mark(item),
    }
    return Interface(router, subnet, port)


def interfaces_there(context: MigrationContext) -> list[JSON]:
    """All ports of routers, also those on their way to one."""
    ports = context.cloud.network.list("port", project_id=context.project_id)
    return [port for port in ports if port["device_owner"] in ROUTER_INTERFACES]


def port_of(context: MigrationContext, item: MigrationItem, ports: list[JSON]) -> JSON | None:
    """What there is of an interface: the port with its mark, or the one at its addresses."""
    wanted = {(context.backend_ids.get(fixed["subnet"]), fixed["ip_address"]) for fixed in item.wanted["fixed_ips"]}
    for port in ports:
        has = {(fixed["subnet_id"], fixed["ip_address"]) for fixed in port["fixed_ips"]}
        if port["description"] == mark(item) or wanted == has:
            return port
    return None


def adopt_interfaces(context: MigrationContext, unfinished: bool = False) -> list[JSON] | None:
    """All interfaces there are, when none is left to be made. `unfinished`: also ports still without their router."""
    pending = context.items(Kind.INTERFACE)
    if not pending and not context.items(Kind.INTERFACE, states=MigrationItem.MADE):
        return []
    ports = interfaces_there(context)
    found = [(item, port) for item in pending if (port := port_of(context, item, ports))]
    pairs = [(item, port) for item, port in found if port["device_id"] or unfinished]
    keep(context, Kind.INTERFACE, pairs, State.ADOPTED)
    return None if context.items(Kind.INTERFACE) else ports


def connect(context: MigrationContext) -> list[JSON]:
    """Put the subnets on their routers; returns all interfaces there are then."""
    subnets = context.subject.items.filter(kind=Kind.SUBNET)
    gateways = dict(subnets.values_list("source_id", "wanted__gateway_ip"))
    ready, lost = [], []
    for item in context.items(Kind.INTERFACE):
        try:
            ready.append(([item], interface(context, item, gateways)))
        except MissingPart as reason:
            lost.append(failed(item, str(reason)))
    give_up(context, lost)
    cloud = context.cloud
    settle_each(
        context,
        lambda wanted: _connect(cloud, wanted),
        ready,
        lambda items, port: keep(context, Kind.INTERFACE, [(items[0], {"id": port})], State.CREATED),
    )
    return interfaces_there(context) if ready else []


def _connect(cloud: Cloud, wanted: Interface) -> str:
    """Returns the port's id."""
    if wanted.subnet:
        return str(cloud.network.add_router_interface(wanted.router, wanted.subnet)["port_id"])
    made = cloud.network.first("port", description=wanted.port["description"])
    port = made or cloud.network.create("port", **wanted.port)
    cloud.network.add_router_interface(wanted.router, port_id=port["id"])
    return str(port["id"])


def keep_interfaces(context: MigrationContext, there: list[JSON]) -> None:
    """The rows of the interfaces' ports, and what subnets and routers say of them."""
    made = {item.backend_id for item in context.items(Kind.INTERFACE, states=MigrationItem.MADE)}
    if not there:
        return
    tenant: Any = context.tenant
    routers = {row.backend_id: row for row in Router.objects.filter(tenant=tenant).exclude(backend_id="")}
    subnets = {row.backend_id: row for row in SubNet.objects.filter(tenant=tenant).exclude(backend_id="")}
    known = set(Port.objects.filter(tenant=tenant, backend_id__in=made).values_list("backend_id", flat=True))
    addresses: dict[str, list[JSON]] = defaultdict(list)
    rows = []
    listed = {port["id"]: port for port in there if port["id"] in made}
    for port in sorted(listed.values(), key=lambda port: str(port["id"])):
        addresses[port["device_id"]] += port["fixed_ips"]
        on = [subnets[fixed["subnet_id"]] for fixed in port["fixed_ips"]]
        for subnet, fixed in zip(on, port["fixed_ips"], strict=True):
            subnet.is_connected = True
            if subnet.router is None or fixed["ip_address"] == subnet.gateway_ip:  # its way out
                subnet.router = routers.get(port["device_id"])
        if port["id"] not in known:
            rows.append(
                Port(
                    tenant=tenant, project=tenant.project, service_settings=tenant.service_settings,
                    network_id=on[0].network_id if on else None, subnet=on[0] if on else None, state=CoreState.OK,
                    backend_id=port["id"], **port_columns(port),
                )
            )  # fmt: skip
    Port.objects.bulk_create(rows, batch_size=500)
    write(subnets.values(), ["is_connected", "router"])
    for backend_id, fixed_ips in addresses.items():
        if backend_id in routers:
            routers[backend_id].fixed_ips = fixed_ips
    write(routers.values(), ["fixed_ips"])


def set_routes(context: MigrationContext) -> None:
    """All routes of a router in one call; one that has them already is left alone."""
    routes = defaultdict(list)
    for item in context.items(Kind.ROUTE):
        routes[item.wanted["router"]].append(item)
    lost = [item for router, items in routes.items() if router not in context.backend_ids for item in items]
    give_up(context, [failed(item, "Its router could not be made.") for item in lost])
    pending = [(context.backend_ids[key], items) for key, items in routes.items() if key in context.backend_ids]
    if not pending:
        return
    cloud = context.cloud
    there = {router["id"]: router for router in cloud.network.list("router", project_id=context.project_id)}

    def done(items: list[MigrationItem], found: JSON) -> None:
        keep(context, Kind.ROUTE, [(item, {"id": f"{found['id']}:{item.pk}"}) for item in items], State.CREATED)
        Router.objects.filter(tenant=context.tenant, backend_id=found["id"]).update(**router_columns(found))

    todo = [(items, (there.get(router), router, _wanted(items))) for router, items in pending]
    settle_each(context, lambda job: _set_routes(cloud, *job), todo, done)


def _wanted(items: list[MigrationItem]) -> list[JSON]:
    return [{name: item.wanted[name] for name in ("destination", "nexthop")} for item in items]


def _set_routes(cloud: Cloud, there: JSON | None, router: str, wanted: list[JSON]) -> JSON:
    has = (there or {}).get("routes") or []
    if there and all(route in has for route in wanted):
        return there
    kept = [route for route in has if route not in wanted]
    return cloud.network.update("router", router, routes=kept + wanted)
