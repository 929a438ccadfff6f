"""Interfaces of routers: https://docs.openstack.org/api-ref/network/v2/#add-interface-to-router."""

from __future__ import annotations

from ipaddress import ip_network

from ..errors import bad_request, conflict, not_found
from ..state import Obj
from ..wire import Call, Route
from . import addresses, ports
from .automatic import INTERFACE
from .resource import in_use
from .routers import ROUTERS, ports_of
from .subnets import SUBNETS


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
    refuse_second_ipv6(call, router, port)
    return call.state.edit(
        "ports",
        port,
        device_id=router["id"],
        device_owner=INTERFACE,
        status="ACTIVE",
        security_groups=[],
        port_security_enabled=False,
    )


def port_on_subnet(call: Call, router: Obj, subnet_id: str) -> Obj:
    """A new port with the subnet's gateway address; the IPv6 subnets of one network share one."""
    subnet = SUBNETS.fetch(call, subnet_id)
    if not subnet["gateway_ip"]:
        raise bad_request("Bad router request: Subnet for router interface must have a gateway IP.")
    refuse_second(call, router, subnet_id)
    fixed = {"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}
    shared = ipv6_port(call, router, subnet["network_id"]) if subnet["ip_version"] == 6 else None
    if shared:
        changes = {"fixed_ips": [*shared["fixed_ips"], fixed]}
        ports.update(call, shared, changes)
        ports.PORTS.touch(call, shared, **changes)
        return shared
    return ports.make(
        call,
        network_id=subnet["network_id"],
        fixed_ips=[fixed],
        device_id=router["id"],
        device_owner=INTERFACE,
        project_id=router["project_id"],
        port_security_enabled=False,
        **{"binding:host_id": "network-1"},
    )


def ipv6_port(call: Call, router: Obj, network_id: str) -> Obj | None:
    for port in ports_of(call, router, INTERFACE):
        if port["network_id"] == network_id and has_ipv6(port):
            return port
    return None


def has_ipv6(port: Obj) -> bool:
    return any(":" in fixed["ip_address"] for fixed in port["fixed_ips"])


def refuse_second_ipv6(call: Call, router: Obj, port: Obj) -> None:
    other = ipv6_port(call, router, port["network_id"])
    if other and has_ipv6(port):
        raise bad_request(
            f"Bad router request: Router already contains IPv6 port {other['id']} belonging to network id "
            f"{port['network_id']}. Only one IPv6 port from the same network subnet can be connected to a router."
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
    left = [fixed for fixed in port["fixed_ips"] if fixed["subnet_id"] != body.get("subnet_id")]
    if "port_id" not in body and left:
        addresses.release(call.state, [fixed for fixed in port["fixed_ips"] if fixed not in left])
        ports.PORTS.touch(call, port, fixed_ips=left)
    else:
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
            f"Router {router['id']} does not have an interface with id {body['port_id']}",
            "RouterInterfaceNotFound",
        )
    subnet_id = body.get("subnet_id")
    for port in attached:
        if any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"]):
            return port
    raise not_found(f"Router {router['id']} has no interface on subnet {subnet_id}", "RouterInterfaceNotFoundForSubnet")


def refuse_while_floating(call: Call, router: Obj, port: Obj) -> None:
    subnet_ids = {fixed["subnet_id"] for fixed in port["fixed_ips"]}
    for floating_ip in call.state.where("floatingips", "router_id", router["id"]):
        target = call.state.get("ports", floating_ip["port_id"]) or {"fixed_ips": []}
        for fixed in target["fixed_ips"]:
            if fixed["subnet_id"] in subnet_ids:
                raise in_use(
                    "RouterInterfaceInUseByFloatingIP",
                    f"Router interface for subnet {fixed['subnet_id']} on router {router['id']} cannot be "
                    "deleted, "
                    "as it is required by one or more floating IPs.",
                )


ROUTES = [
    Route("PUT", "/routers/{id}/add_router_interface", "router.add_interface", add_interface),
    Route("PUT", "/routers/{id}/remove_router_interface", "router.remove_interface", remove_interface),
]
