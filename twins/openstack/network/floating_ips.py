"""Floating IPs: https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips."""

from __future__ import annotations

from ..errors import ApiError, bad_request, conflict, not_found
from ..state import Obj
from ..wire import Call
from . import ports
from .automatic import INTERFACE
from .networks import NETWORKS
from .resource import REQUIRED, Resource, require_uuid

PORT_DETAILS = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner")


def show(call: Call, floating_ip: Obj) -> Obj:
    port = call.state.get("ports", floating_ip["port_id"])
    shown = {
        **floating_ip,
        "port_details": {name: port[name] for name in PORT_DETAILS} if port else None,
        "created_at": floating_ip["created_at"] + "Z",
        "updated_at": floating_ip["updated_at"] + "Z",
    }
    shown.pop("subnet_id")
    return shown


def prepare(call: Call, floating_ip: Obj) -> None:
    network = NETWORKS.fetch(call, require_uuid("floating_network_id", floating_ip["floating_network_id"]))
    if not network["router:external"]:
        raise bad_request(f"Bad floatingip request: Network {network['id']} is not a valid external network.")
    port = ports.make(
        call,
        network_id=network["id"],
        fixed_ips=wanted_address(floating_ip),
        device_id=floating_ip["id"],
        device_owner="network:floatingip",
        project_id="",
        port_security_enabled=False,
    )
    call.state.edit("ports", port, status="N/A")
    floating_ip["floating_ip_address"] = port["fixed_ips"][0]["ip_address"]
    try:
        floating_ip.update(associate(call, floating_ip) if floating_ip["port_id"] else free())
    except ApiError:
        ports.drop(call.state, port)
        raise


def wanted_address(floating_ip: Obj) -> list[Obj] | None:
    wanted = {}
    if floating_ip["floating_ip_address"]:
        wanted["ip_address"] = floating_ip["floating_ip_address"]
    if floating_ip["subnet_id"]:
        wanted["subnet_id"] = floating_ip["subnet_id"]
    return [wanted] if wanted else None


def free() -> Obj:
    return {"port_id": None, "router_id": None, "fixed_ip_address": None, "status": "DOWN"}


def associate(call: Call, floating_ip: Obj) -> Obj:
    """What changes when the address is given to a port: only over a router with a gateway to its network."""
    port = ports.PORTS.fetch(call, floating_ip["port_id"])
    fixed = fixed_ip_of(port, floating_ip.get("fixed_ip_address"))
    external = floating_ip["floating_network_id"]
    for other in call.state.where("floatingips", "port_id", port["id"]):
        same = other["fixed_ip_address"] == fixed["ip_address"] and other["floating_network_id"] == external
        if same and other["id"] != floating_ip["id"]:
            raise conflict(
                f"Cannot associate floating IP {floating_ip['floating_ip_address']} "
                f"({floating_ip['id']}) with port {port['id']} using fixed IP {fixed['ip_address']}, as "
                "that fixed "
                f"IP already has a floating IP on external network {external}.",
                "FloatingIPPortAlreadyAssociated",
            )
    router = router_between(call, fixed["subnet_id"], external)
    if router is None:
        raise not_found(
            f"External network {external} is not reachable from subnet {fixed['subnet_id']}.  Therefore, "
            "cannot "
            f"associate Port {port['id']} with a Floating IP.",
            "ExternalGatewayForFloatingIPNotFound",
        )
    return {
        "port_id": port["id"],
        "router_id": router["id"],
        "fixed_ip_address": fixed["ip_address"],
        "status": "ACTIVE",
    }


def fixed_ip_of(port: Obj, wanted: str | None) -> Obj:
    for fixed in port["fixed_ips"]:
        if wanted in (None, fixed["ip_address"]):
            return dict(fixed)
    if wanted:
        raise bad_request(f"Bad floatingip request: Port {port['id']} does not have fixed ip {wanted}.")
    raise bad_request(
        f"Bad floatingip request: Cannot add floating IP to port {port['id']} that has no fixed IPv4 addresses."
    )


def router_between(call: Call, subnet_id: str, external: str) -> Obj | None:
    subnet = call.state.get("subnets", subnet_id) or {}
    for port in call.state.where("ports", "network_id", subnet.get("network_id")):
        if port["device_owner"] != INTERFACE:
            continue
        router = call.state.get("routers", port["device_id"])
        gateway = (router or {}).get("external_gateway_info") or {}
        connected = any(fixed["subnet_id"] == subnet_id for fixed in port["fixed_ips"])
        if connected and gateway.get("network_id") == external:
            return router
    return None


def update(call: Call, floating_ip: Obj, changes: Obj) -> None:
    if "port_id" not in changes and "fixed_ip_address" not in changes:
        return
    merged = {**floating_ip, "fixed_ip_address": None, **changes}
    changes.update(associate(call, merged) if merged["port_id"] else free())


def delete(call: Call, floating_ip: Obj) -> None:
    for port in list(call.state.where("ports", "device_id", floating_ip["id"])):
        ports.drop(call.state, port)


FLOATING_IPS = Resource(
    path="floatingips",
    singular="floatingip",
    kind="floatingips",
    type="FloatingIP",
    missing="Floating IP {id} could not be found",
    fields={
        "description": "",
        "floating_network_id": REQUIRED,
        "floating_ip_address": None,
        "port_id": None,
        "fixed_ip_address": None,
        "subnet_id": None,
    },
    extra_filters=("router_id",),
    fixed=("floating_network_id", "floating_ip_address", "subnet_id"),
    quota="floatingip",
    show=show,
    prepare=prepare,
    update=update,
    delete=delete,
)
