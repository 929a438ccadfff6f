"""Subnets: https://docs.openstack.org/api-ref/network/v2/#subnets."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ..errors import ApiError, bad_request, conflict
from ..state import Obj
from ..wire import Call
from . import addresses, automatic, ports
from .networks import NETWORKS, is_visible
from .resource import REQUIRED, Resource, in_use, require_uuid

Range = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def parse_cidr(text: str) -> Range:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise bad_request(f"Invalid input for operation: {text} is not in a CIDR format.", "InvalidInput") from None


def parse_address(name: str, text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError:
        raise bad_request(
            f"Invalid input for {name}. Reason: '{text}' is not a valid IP address.", "HTTPBadRequest"
        ) from None


def network_of(call: Call, subnet: Obj) -> Obj:
    return call.state.get("networks", subnet["network_id"]) or {}


def visible_with_network(call: Call, subnet: Obj) -> bool:
    """Subnets are seen by all who may use their network; external ones only by their owner unless shared."""
    network = network_of(call, subnet)
    return bool(network) and is_visible(call, network)


def show(call: Call, subnet: Obj) -> Obj:
    return {
        **subnet,
        "router:external": bool(network_of(call, subnet).get("router:external")),
        "created_at": subnet["created_at"] + "Z",
        "updated_at": subnet["updated_at"] + "Z",
    }


def prepare(call: Call, subnet: Obj) -> None:
    network = NETWORKS.fetch(call, require_uuid("network_id", subnet["network_id"]))
    if not NETWORKS.owned(call, network):
        raise ApiError(403, "rule:create_subnet is disallowed by policy", "PolicyNotAuthorized")
    if subnet["cidr"] is None:
        raise bad_request("Bad subnets request: a subnetpool must be specified in the absence of a cidr.")
    range_ = parse_cidr(subnet["cidr"])
    if range_.version != int(subnet["ip_version"]):
        raise bad_request(
            f"Invalid input for operation: cidr '{subnet['cidr']}' does not match the ip_version "
            f"'{subnet['ip_version']}'.",
            "InvalidInput",
        )
    automatic.check_modes(subnet, range_)
    refuse_overlap(call, network, range_)
    subnet["cidr"] = str(range_)
    subnet["gateway_ip"] = gateway_of(subnet, range_)
    subnet["allocation_pools"] = check_pools(subnet, range_) or default_pools(subnet, range_)


def refuse_overlap(call: Call, network: Obj, range_: Range) -> None:
    for other in call.state.where("subnets", "network_id", network["id"]):
        known = ip_network(other["cidr"])
        if known.version == range_.version and known.overlaps(range_):
            raise bad_request(
                f"Invalid input for operation: Requested subnet with cidr: {range_} for network: "
                f"{network['id']} "
                "overlaps with another subnet.",
                "InvalidInput",
            )


def gateway_of(subnet: Obj, range_: Range) -> str | None:
    """The given gateway, none when null was given, else the first address; of IPv6 the routers' anycast address."""
    if subnet["gateway_ip"] is None:
        return None
    if subnet["gateway_ip"] == "":
        return str(range_[1 if range_.version == 4 else 0])
    return str(parse_address("gateway_ip", subnet["gateway_ip"]))


def check_pools(subnet: Obj, range_: Range) -> list[Obj]:
    pools = [
        {
            "start": str(parse_address("allocation_pools", pool["start"])),
            "end": str(parse_address("allocation_pools", pool["end"])),
        }
        for pool in subnet["allocation_pools"] or []
    ]
    gateway = ip_address(subnet["gateway_ip"]) if subnet["gateway_ip"] else None
    for pool in pools:
        first, last = ip_address(pool["start"]), ip_address(pool["end"])
        text = f"{first}-{last}"
        if first not in range_ or last not in range_:
            raise bad_request(
                f"The allocation pool {text} spans beyond the subnet cidr {range_}.",
                "OutOfBoundsAllocationPool",
            )
        if int(first) > int(last):
            raise bad_request(f"The allocation pool {text} is not valid.", "InvalidAllocationPool")
        if gateway is not None and int(first) <= int(gateway) <= int(last):
            raise conflict(
                f"Gateway ip {gateway} conflicts with allocation pool {text}.",
                "GatewayConflictWithAllocationPools",
            )
    return pools


def default_pools(subnet: Obj, range_: Range) -> list[Obj]:
    """All addresses but the network's own, the broadcast address and the gateway."""
    first, last = int(range_[0]) + 1, int(range_[-1]) - (1 if range_.version == 4 else 0)
    if range_.num_addresses <= 2:
        first, last = int(range_[0]), int(range_[-1])
    kind = type(range_[0])
    gateway = int(ip_address(subnet["gateway_ip"])) if subnet["gateway_ip"] else first - 1
    spans = [(first, gateway - 1), (gateway + 1, last)] if first <= gateway <= last else [(first, last)]
    return [{"start": str(kind(low)), "end": str(kind(high))} for low, high in spans if low <= high]


def update(call: Call, subnet: Obj, changes: Obj) -> None:
    if "allocation_pools" not in changes and "gateway_ip" not in changes:
        return
    merged = {**subnet, **changes}
    range_ = ip_network(subnet["cidr"])
    changes["gateway_ip"] = gateway_of(merged, range_)
    merged["gateway_ip"] = changes["gateway_ip"]
    changes["allocation_pools"] = check_pools(merged, range_)


def created(call: Call, subnet: Obj) -> None:
    """The ports that are there get an address in a subnet of automatic ones."""
    for port in list(call.state.where("ports", "network_id", subnet["network_id"])):
        following = automatic.follow_from(port, [subnet])
        if following:
            addresses.take(call.state, following, port["id"])
            ports.PORTS.touch(call, port, fixed_ips=[*port["fixed_ips"], *following])


def delete(call: Call, subnet: Obj) -> None:
    """Automatic addresses go with their subnet; any other holds it."""
    holders = [
        port
        for port in call.state.where("ports", "network_id", subnet["network_id"])
        if any(fixed["subnet_id"] == subnet["id"] for fixed in port["fixed_ips"])
    ]
    if not all(automatic.goes_by_mac(port, subnet) for port in holders):
        raise in_use(
            "SubnetInUse",
            f"Unable to complete operation on subnet {subnet['id']}: One or more ports have an IP allocation "
            "from this subnet.",
        )
    for port in holders:
        left = [fixed for fixed in port["fixed_ips"] if fixed["subnet_id"] != subnet["id"]]
        ports.PORTS.touch(call, port, fixed_ips=left)


SUBNETS = Resource(
    path="subnets",
    singular="subnet",
    kind="subnets",
    type="Subnet",
    missing="Subnet {id} could not be found.",
    fields={
        "name": "",
        "description": "",
        "network_id": REQUIRED,
        "ip_version": 4,
        "cidr": None,
        "gateway_ip": "",
        "allocation_pools": [],
        "dns_nameservers": [],
        "host_routes": [],
        "enable_dhcp": True,
        "subnetpool_id": None,
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "service_types": [],
    },
    extra_filters=("router:external",),
    fixed=("network_id", "ip_version", "cidr", "subnetpool_id", "ipv6_ra_mode", "ipv6_address_mode"),
    quota="subnet",
    shared_by=visible_with_network,
    show=show,
    prepare=prepare,
    created=created,
    update=update,
    delete=delete,
)
