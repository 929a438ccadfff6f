"""Routers, their interfaces, gateways and routes: https://docs.openstack.org/api-ref/network/v2/#routers."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from ..errors import ApiError, bad_request, conflict, not_found
from ..state import Obj
from ..wire import Call, Route
from . import ports
from .networks import NETWORKS
from .resource import Resource, in_use, invalid
from .subnets import SUBNETS

INTERFACE = "network:router_interface"
GATEWAY = "network:router_gateway"


def show(call: Call, router: Obj) -> Obj:
    return {
        **router,
        "availability_zones": [],
        "created_at": router["created_at"] + "Z",
        "updated_at": router["updated_at"] + "Z",
    }


def ports_of(call: Call, router: Obj, owner: str) -> list[Obj]:
    return [port for port in call.state.where("ports", "device_id", router["id"]) if port["device_owner"] == owner]


def prepare(call: Call, router: Obj) -> None:
    router["status"] = "ACTIVE"
    router["routes"] = []
    if router["external_gateway_info"]:
        router["external_gateway_info"] = set_gateway(call, router, router["external_gateway_info"])


def update(call: Call, router: Obj, changes: Obj) -> None:
    if "routes" in changes:
        changes["routes"] = check_routes(call, router, changes["routes"] or [])
    if "external_gateway_info" not in changes:
        return
    wanted = changes["external_gateway_info"] or {}
    present = router["external_gateway_info"] or {}
    same_network = present.get("network_id") == wanted.get("network_id")
    if present and wanted and same_network and not wanted.get("external_fixed_ips"):
        changes["external_gateway_info"] = {**present, "enable_snat": wanted.get("enable_snat", True)}
        return
    if present:
        clear_gateway(call, router, present)
    changes["external_gateway_info"] = set_gateway(call, router, wanted) if wanted else None


def set_gateway(call: Call, router: Obj, wanted: Obj) -> Obj:
    """A port on the external network; returns the shown form of the gateway."""
    if not wanted.get("network_id"):
        raise invalid("Invalid input for external_gateway_info. Reason: 'network_id' is required.")
    network = NETWORKS.fetch(call, wanted["network_id"])
    if not network["router:external"]:
        raise bad_request(f"Bad router request: Network {network['id']} is not an external network.")
    if "enable_snat" in wanted and not call.is_admin:
        refuse_detail("enable_snat")
    if wanted.get("external_fixed_ips") and not call.is_admin:
        refuse_detail("external_fixed_ips")
    port = ports.make(
        call,
        network_id=network["id"],
        fixed_ips=wanted.get("external_fixed_ips") or None,
        device_id=router["id"],
        device_owner=GATEWAY,
        project_id="",
        port_security_enabled=False,
        **{"binding:host_id": "network-1"},
    )
    return {
        "network_id": network["id"],
        "external_fixed_ips": port["fixed_ips"],
        "enable_snat": wanted.get("enable_snat", True),
    }


def refuse_detail(name: str) -> None:
    rule = f"update_router:external_gateway_info:{name}"
    raise ApiError(403, f"(rule:update_router and rule:{rule}) is disallowed by policy", "PolicyNotAuthorized")


def clear_gateway(call: Call, router: Obj, present: Obj) -> None:
    """Take the gateway away, unless floating IPs go through it."""
    if call.state.where("floatingips", "router_id", router["id"]):
        raise conflict(
            f"Gateway cannot be updated for router {router['id']}, since a gateway to external network "
            f"{present['network_id']} is required by one or more floating IPs.",
            "RouterExternalGatewayInUseByFloatingIp",
        )
    for port in ports_of(call, router, GATEWAY):
        ports.drop(call.state, port)


def check_routes(call: Call, router: Obj, routes: list[Obj]) -> list[Obj]:
    """Each next hop must be on a network of the router."""
    subnet_ids = {
        fixed["subnet_id"]
        for port in call.state.where("ports", "device_id", router["id"])
        for fixed in port["fixed_ips"]
    }
    reachable = [ip_network((call.state.get("subnets", key) or {})["cidr"]) for key in subnet_ids]
    for route in routes:
        try:
            hop = ip_address(route["nexthop"])
            ip_network(route["destination"])
        except (ValueError, KeyError):
            raise invalid(f"Invalid input for routes. Reason: Invalid data format for hostroute: '{route}'.") from None
        if not any(hop in network for network in reachable):
            raise bad_request(
                f"Invalid format for routes: {routes}, the nexthop is not connected with router",
                "InvalidRoutes",
            )
    return [{"destination": route["destination"], "nexthop": route["nexthop"]} for route in routes]


def delete(call: Call, router: Obj) -> None:
    attached = ports_of(call, router, INTERFACE)
    if attached:
        ids = ", ".join(port["id"] for port in attached)
        raise in_use("RouterInUse", f"Router {router['id']} has ports still attached: {ids}")
    if router["external_gateway_info"]:
        clear_gateway(call, router, router["external_gateway_info"])


def add_interface(call: Call) -> Obj:
    router = ROUTERS.fetch_own(call, "add_router_interface")
    body = call.body or {}
    if "port_id" in body:
        port = adopt_port(call, router, body["port_id"])
    elif "subnet_id" in body:
        port = port_on_subnet(call, router, body["subnet_id"])
    else:
        raise bad_request("Bad router request: Either subnet_id or port_id must be specified.")
    ROUTERS.touch(call, router)
    return interface(router, port)


def adopt_port(call: Call, router: Obj, port_id: str) -> Obj:
    port = ports.PORTS.fetch(call, port_id)
    if port["device_id"]:
        raise conflict(
            f"Unable to complete operation on port {port_id} for network {port['network_id']}. "
            f"Port already has an attached device {port['device_id']}.",
            "PortInUse",
        )
    for fixed in port["fixed_ips"]:
        refuse_second(call, router, fixed["subnet_id"])
    return call.state.edit("ports", port, device_id=router["id"], device_owner=INTERFACE, status="ACTIVE",
                           security_groups=[], port_security_enabled=False)


def port_on_subnet(call: Call, router: Obj, subnet_id: str) -> Obj:
    """A new port with the subnet's gateway address."""
    subnet = SUBNETS.fetch(call, subnet_id)
    if not subnet["gateway_ip"]:
        raise bad_request("Bad router request: Subnet for router interface must have a gateway IP.")
    refuse_second(call, router, subnet_id)
    return ports.make(
        call,
        network_id=subnet["network_id"],
        fixed_ips=[{"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}],
        device_id=router["id"],
        device_owner=INTERFACE,
        project_id=router["project_id"],
        port_security_enabled=False,
        **{"binding:host_id": "network-1"},
    )


def refuse_second(call: Call, router: Obj, subnet_id: str) -> None:
    subnet = call.state.get("subnets", subnet_id) or {}
    for port in ports_of(call, router, INTERFACE):
        for fixed in port["fixed_ips"]:
            if fixed["subnet_id"] == subnet_id:
                raise bad_request(f"Bad router request: Router already has a port on subnet {subnet_id}.")
            other = call.state.get("subnets", fixed["subnet_id"]) or {}
            if ip_network(other["cidr"]).overlaps(ip_network(subnet["cidr"])):
                raise bad_request(
                    f"Bad router request: Cidr {subnet['cidr']} of subnet {subnet_id} overlaps with cidr "
                    f"{other['cidr']} of subnet {other['id']}."
                )


def interface(router: Obj, port: Obj) -> Obj:
    subnet_ids = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
    return {
        "id": router["id"],
        "project_id": router["project_id"],
        "tenant_id": router["project_id"],
        "port_id": port["id"],
        "network_id": port["network_id"],
        "subnet_id": subnet_ids[0] if subnet_ids else None,
        "subnet_ids": subnet_ids,
    }


def remove_interface(call: Call) -> Obj:
    router = ROUTERS.fetch_own(call, "remove_router_interface")
    body = call.body or {}
    port = interface_port(call, router, body)
    refuse_while_floating(call, router, port)
    shown = interface(router, port)
    ports.drop(call.state, port)
    ROUTERS.touch(call, router)
    return shown


def interface_port(call: Call, router: Obj, body: Obj) -> Obj:
    attached = ports_of(call, router, INTERFACE)
    if "port_id" in body:
        for port in attached:
            if port["id"] == body["port_id"]:
                return port
        raise not_found(
            f"Router {router['id']} does not have an interface with id {body['port_id']}", "RouterInterfaceNotFound"
        )
    subnet_id = body.get("subnet_id")
    for port in attached:
        if any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"]):
            return port
    raise not_found(
        f"Router {router['id']} has no interface on subnet {subnet_id}", "RouterInterfaceNotFoundForSubnet"
    )


def refuse_while_floating(call: Call, router: Obj, port: Obj) -> None:
    subnet_ids = {fixed["subnet_id"] for fixed in port["fixed_ips"]}
    for floating_ip in call.state.where("floatingips", "router_id", router["id"]):
        target = call.state.get("ports", floating_ip["port_id"]) or {"fixed_ips": []}
        for fixed in target["fixed_ips"]:
            if fixed["subnet_id"] in subnet_ids:
                raise in_use(
                    "RouterInterfaceInUseByFloatingIP",
                    f"Router interface for subnet {fixed['subnet_id']} on router {router['id']} cannot be deleted, "
                    "as it is required by one or more floating IPs.",
                )


def add_routes(call: Call) -> Obj:
    return change_routes(call, lambda routes, given: [*routes, *(route for route in given if route not in routes)])


def remove_routes(call: Call) -> Obj:
    return change_routes(call, lambda routes, given: [route for route in routes if route not in given])


def change_routes(call: Call, change: Any) -> Obj:
    router = ROUTERS.fetch_own(call, "update")
    given = ((call.body or {}).get("router") or {}).get("routes") or []
    ROUTERS.touch(call, router, routes=check_routes(call, router, change(router["routes"], given)))
    return {"router": ROUTERS.present(call, router)}


ROUTERS = Resource(
    path="routers",
    singular="router",
    kind="routers",
    type="Router",
    missing="Router {id} could not be found",
    fields={
        "name": "",
        "description": "",
        "admin_state_up": True,
        "external_gateway_info": None,
        "availability_zone_hints": [],
        "flavor_id": None,
        "routes": [],
        "distributed": False,
        "ha": False,
    },
    admin_fields=("distributed", "ha"),
    quota="router",
    first_revision=1,
    show=show,
    prepare=prepare,
    update=update,
    delete=delete,
    more_routes=[
        Route("PUT", "/routers/{id}/add_router_interface", "router.add_interface", add_interface),
        Route("PUT", "/routers/{id}/remove_router_interface", "router.remove_interface", remove_interface),
        Route("PUT", "/routers/{id}/add_extraroutes", "router.add_routes", add_routes),
        Route("PUT", "/routers/{id}/remove_extraroutes", "router.remove_routes", remove_routes),
    ],
)
