"""Which addresses of a subnet are taken, and the choice of the next free one."""

from __future__ import annotations

import secrets
from ipaddress import ip_address, ip_network

from ..errors import ApiError, bad_request, conflict
from ..state import Obj, State
from ..wire import Call
from . import automatic
from .resource import invalid


def taken_in(state: State, subnet_id: str) -> Obj:
    """``{"used": {address: port id}, "next": cursor}`` of a subnet."""
    return state.get("allocations", subnet_id) or state.add("allocations", {"id": subnet_id, "used": {}, "next": 0})


def take(state: State, fixed_ips: list[Obj], port_id: str) -> None:
    for fixed in fixed_ips:
        taken_in(state, fixed["subnet_id"])["used"][fixed["ip_address"]] = port_id


def release(state: State, fixed_ips: list[Obj]) -> None:
    for fixed in fixed_ips:
        taken_in(state, fixed["subnet_id"])["used"].pop(fixed["ip_address"], None)


def next_free(state: State, subnet: Obj) -> str | None:
    """The next free address after the one given last, as long as the pools have one."""
    allocation = taken_in(state, subnet["id"])
    spans = [(int(ip_address(pool["start"])), int(ip_address(pool["end"]))) for pool in subnet["allocation_pools"]]
    kind = type(ip_network(subnet["cidr"])[0])
    cursor = allocation["next"]
    later = [(max(low, cursor), high) for low, high in spans if high >= cursor]
    for low, high in [*later, *spans]:
        for number in range(low, high + 1):
            address = str(kind(number))
            if address not in allocation["used"]:
                allocation["next"] = number + 1
                return address
    return None


def choose(call: Call, network: Obj, port: Obj, wanted: list[Obj] | None) -> list[Obj]:
    """The fixed IPs of a port: those asked for, or one of each version; and all that follow from its MAC address."""
    subnets = list(call.state.where("subnets", "network_id", network["id"]))
    following = automatic.follow_from(port, subnets)
    if wanted is None:
        chosen = one_of_each(call.state, subnets)
        if subnets and not chosen and not following:
            raise exhausted(network)
        return chosen + following
    named = []
    for fixed in wanted:
        subnet = subnet_of(network, subnets, fixed)
        if not automatic.goes_by_mac(port, subnet):
            named.append(one_wanted(call, network, subnet, fixed, port["id"]))
        elif fixed.get("ip_address") is not None:
            automatic.refuse_other(port, subnet, fixed["ip_address"])
    return named + following


def one_of_each(state: State, subnets: list[Obj]) -> list[Obj]:
    chosen = []
    for version in (4, 6):
        free = (one for one in subnets if one["ip_version"] == version and not automatic.is_automatic(one))
        address, subnet = first_free(state, list(free))
        if address is not None:
            chosen.append({"subnet_id": subnet["id"], "ip_address": address})
    return chosen


def exhausted(network: Obj) -> ApiError:
    return conflict(f"No more IP addresses available on network {network['id']}.", "IpAddressGenerationFailure")


def first_free(state: State, subnets: list[Obj]) -> tuple[str | None, Obj]:
    for subnet in subnets:
        address = next_free(state, subnet)
        if address is not None:
            return address, subnet
    return None, {}


def one_wanted(call: Call, network: Obj, subnet: Obj, fixed: Obj, port_id: str) -> Obj:
    address = fixed.get("ip_address")
    if address is None:
        address = next_free(call.state, subnet)
        if address is None:
            raise exhausted(network)
    holder = taken_in(call.state, subnet["id"])["used"].get(address)
    if holder is not None and holder != port_id:
        raise conflict(f"IP address {address} already allocated in subnet {subnet['id']}", "IpAddressAlreadyAllocated")
    return {"subnet_id": subnet["id"], "ip_address": address}


def subnet_of(network: Obj, subnets: list[Obj], fixed: Obj) -> Obj:
    """The subnet a fixed IP belongs to, by id or by the address."""
    address = None
    if fixed.get("ip_address") is not None:
        try:
            address = ip_address(fixed["ip_address"])
        except ValueError:
            raise invalid(
                f"Invalid input for fixed_ips. Reason: '{fixed['ip_address']}' is not a valid IP address."
            ) from None
    if fixed.get("subnet_id"):
        for subnet in subnets:
            if subnet["id"] != fixed["subnet_id"]:
                continue
            if address is not None and address not in ip_network(subnet["cidr"]):
                raise bad_request(
                    f"IP address {address} is not a valid IP for the specified subnet.", "InvalidIpForSubnet"
                )
            return subnet
        raise bad_request(
            f"Invalid input for operation: Failed to create port on network {network['id']}, because "
            "fixed_ips "
            f"included invalid subnet {fixed['subnet_id']}.",
            "InvalidInput",
        )
    for subnet in subnets:
        if address is not None and address in ip_network(subnet["cidr"]):
            return subnet
    raise bad_request(
        f"IP address {address} is not a valid IP for any of the subnets on the specified network.",
        "InvalidIpForNetwork",
    )


def has_mac(state: State, network_id: str, mac: str) -> bool:
    """Whether a port of the network has this address."""
    return any(port["network_id"] == network_id for port in state.where("ports", "mac_address", mac))


def new_mac(state: State, network_id: str) -> str:
    """A free address with OpenStack's prefix."""
    while True:
        mac = "fa:16:3e:" + ":".join(f"{byte:02x}" for byte in secrets.token_bytes(3))
        if not has_mac(state, network_id, mac):
            return mac
