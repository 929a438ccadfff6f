"""Ports: https://docs.openstack.org/api-ref/network/v2/#ports."""

from __future__ import annotations

from copy import deepcopy

from ..errors import conflict
from ..state import Obj, State, new_id
from ..wire import Call
from . import addresses, security_groups
from .networks import NETWORKS
from .resource import REQUIRED, Resource, in_use, invalid, require_uuid

ADMIN_ONLY = ("binding:host_id", "binding:profile", "binding:vif_type", "binding:vif_details")
ROUTER_PORTS = ("network:router_interface", "network:router_gateway", "network:floatingip")


def show(call: Call, port: Obj) -> Obj:
    shown = {**port, "created_at": port["created_at"] + "Z", "updated_at": port["updated_at"] + "Z"}
    if not call.is_admin:
        for name in ADMIN_ONLY:
            shown.pop(name)
    return shown


def prepare(call: Call, port: Obj) -> None:
    network = NETWORKS.fetch(call, require_uuid("network_id", port["network_id"]))
    if port["mac_address"] is None:
        port["mac_address"] = addresses.new_mac(call.state, network["id"])
    else:
        refuse_known_mac(call, network["id"], port["mac_address"])
    if port["port_security_enabled"] is None:
        port["port_security_enabled"] = network["port_security_enabled"]
    port["allowed_address_pairs"] = with_mac(port["allowed_address_pairs"], port["mac_address"])
    port["security_groups"] = groups_of(call, port)
    port["fixed_ips"] = addresses.choose(call, network, port, port["fixed_ips"])
    port["status"] = "DOWN"
    bind(port)
    addresses.take(call.state, port["fixed_ips"], port["id"])


def with_mac(pairs: list[Obj], mac: str) -> list[Obj]:
    """A pair that names no MAC address has the port's own."""
    return [{"mac_address": mac, **pair} for pair in pairs]


def refuse_known_mac(call: Call, network_id: str, mac: str) -> None:
    if addresses.has_mac(call.state, network_id, mac):
        raise conflict(
            f"Unable to complete operation for network {network_id}. The mac address {mac} is in use.",
            "MacAddressInUse",
        )


def groups_of(call: Call, port: Obj) -> list[str]:
    """The port's security groups: those given, else the project's default one."""
    given = port["security_groups"]
    if given is None:
        if not port["port_security_enabled"] or port["device_owner"].startswith("network:"):
            return []
        return [security_groups.default_of(call, port["project_id"])["id"]]
    if given and not port["port_security_enabled"]:
        raise conflict(
            "Port Security must be enabled in order to have allowed address pairs on a port or security groups.",
            "PortSecurityAndIPRequiredForSecurityGroups",
        )
    repeated = [group for place, group in enumerate(given) if group in given[:place]]
    if repeated:
        raise invalid(f"Invalid input for security_groups. Reason: Duplicate items in the list: '{repeated[0]}'.")
    for group in given:
        security_groups.GROUPS.fetch(call, group)
    return list(given)


def bind(port: Obj) -> None:
    """A port on a host is bound and ACTIVE, one without is unbound and DOWN."""
    bound = bool(port["binding:host_id"])
    port["binding:vif_type"] = "ovs" if bound else "unbound"
    port["binding:vif_details"] = {"port_filter": True, "connectivity": "l2"} if bound else {}
    if not port["device_owner"].startswith("network:floatingip"):
        port["status"] = "ACTIVE" if bound and port["admin_state_up"] else "DOWN"


def update(call: Call, port: Obj, changes: Obj) -> None:
    network = call.state.get("networks", port["network_id"]) or {}
    if "security_groups" in changes or "port_security_enabled" in changes:
        merged = {**port, **changes}
        changes["security_groups"] = groups_of(call, merged) if merged["security_groups"] is not None else []
    if changes.get("mac_address") not in (None, port["mac_address"]):
        refuse_known_mac(call, port["network_id"], changes["mac_address"])
    if "allowed_address_pairs" in changes:
        mac = changes.get("mac_address") or port["mac_address"]
        changes["allowed_address_pairs"] = with_mac(changes["allowed_address_pairs"], mac)
    if "fixed_ips" in changes:
        chosen = addresses.choose(call, network, {**port, **changes}, changes["fixed_ips"])
        addresses.release(call.state, port["fixed_ips"])
        addresses.take(call.state, chosen, port["id"])
        changes["fixed_ips"] = chosen
    if changes.keys() & {"binding:host_id", "device_owner", "admin_state_up"}:
        merged = {**port, **changes}
        bind(merged)
        changes |= {name: merged[name] for name in ("status", "binding:vif_type", "binding:vif_details")}


def delete(call: Call, port: Obj) -> None:
    if port["device_owner"] in ROUTER_PORTS and owner_exists(call, port):
        raise in_use(
            "ServicePortInUse",
            f"Port {port['id']} cannot be deleted directly via the port API: has device owner {port['device_owner']}.",
        )
    forget(call.state, port)


def owner_exists(call: Call, port: Obj) -> bool:
    kind = "floatingips" if port["device_owner"] == "network:floatingip" else "routers"
    return call.state.get(kind, port["device_id"]) is not None


def forget(state: State, port: Obj) -> None:
    """Free what a port holds: its addresses, and the floating IPs that point to it."""
    addresses.release(state, port["fixed_ips"])
    for floating_ip in list(state.where("floatingips", "port_id", port["id"])):
        state.edit("floatingips", floating_ip, port_id=None, router_id=None, fixed_ip_address=None, status="DOWN")


def drop(state: State, port: Obj) -> None:
    """Delete a port on behalf of the router, floating IP or server it belongs to."""
    forget(state, port)
    state.drop("ports", port)


PORTS = Resource(
    path="ports",
    singular="port",
    kind="ports",
    type="Port",
    missing="Port {id} could not be found.",
    fields={
        "name": "",
        "description": "",
        "network_id": REQUIRED,
        "admin_state_up": True,
        "mac_address": None,
        "fixed_ips": None,
        "device_id": "",
        "device_owner": "",
        "security_groups": None,
        "port_security_enabled": None,
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
        "binding:vnic_type": "normal",
        "binding:host_id": "",
        "binding:profile": {},
    },
    extra_filters=("binding:vif_type", "ip_allocation"),
    fixed=("network_id",),
    admin_fields=("binding:host_id", "binding:profile"),
    quota="port",
    first_revision=1,
    show=show,
    prepare=prepare,
    update=update,
    delete=delete,
)


def make(call: Call, **fields: object) -> Obj:
    """A port that a router, a floating IP or Nova makes, past the API's quota and name checks."""
    port: Obj = {"id": new_id(), "project_id": call.project_id}
    port.update({name: deepcopy(default) for name, default in PORTS.fields.items()})
    port.update(fields)
    PORTS.stamp_new(call, port)
    prepare(call, port)
    return call.state.add("ports", port)
