"""Addresses that follow from MAC addresses, in IPv6 subnets of the modes slaac and dhcpv6-stateless.

Every port of such a network has one in each of them, asked for or not; interfaces of routers have what they are given.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ..errors import bad_request
from ..state import Obj

MODES = ("slaac", "dhcpv6-stateless")
INTERFACE = "network:router_interface"


def is_automatic(subnet: Obj) -> bool:
    return subnet["ipv6_address_mode"] in MODES or subnet["ipv6_ra_mode"] in MODES


def check_modes(subnet: Obj, range_: IPv4Network | IPv6Network) -> None:
    """Router advertisement and address mode: of IPv6 only, both the same, with DHCP, and for EUI-64 a /64."""
    modes = {name: subnet[name] for name in ("ipv6_ra_mode", "ipv6_address_mode") if subnet[name]}
    if not modes:
        return
    problem = ""
    if range_.version == 4:
        problem = f"{next(iter(modes))} is not valid when ip_version is 4."
    elif not subnet["enable_dhcp"]:
        problem = "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False."
    elif len(set(modes.values())) > 1:
        problem = (
            f"ipv6_ra_mode set to '{subnet['ipv6_ra_mode']}' with ipv6_address_mode set to "
            f"'{subnet['ipv6_address_mode']}' is not valid. If both attributes are set, they must be the same value."
        )
    elif is_automatic(subnet) and range_.prefixlen != 64:
        problem = (
            f"Invalid CIDR {range_} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires "
            "the prefix to be /64."
        )
    if problem:
        raise bad_request(f"Invalid input for operation: {problem}", "InvalidInput")


def goes_by_mac(port: Obj, subnet: Obj) -> bool:
    return is_automatic(subnet) and port["device_owner"] != INTERFACE


def address_of(mac: str, subnet: Obj) -> str:
    """RFC 4291, appendix A: EUI-64 from the MAC address, the universal bit turned round."""
    first, *rest = (int(byte, 16) for byte in mac.split(":"))
    bits = bytes([first ^ 2, *rest[:2], 0xFF, 0xFE, *rest[2:]])
    return str(ip_network(subnet["cidr"])[int.from_bytes(bits, "big")])


def follow_from(port: Obj, subnets: list[Obj]) -> list[Obj]:
    return [
        {"subnet_id": subnet["id"], "ip_address": address_of(port["mac_address"], subnet)}
        for subnet in subnets
        if goes_by_mac(port, subnet)
    ]


def refuse_other(port: Obj, subnet: Obj, address: str) -> None:
    if ip_address(address) != ip_address(address_of(port["mac_address"], subnet)):
        raise bad_request(
            f"IPv6 address {address} cannot be directly assigned to a port on subnet {subnet['id']} as the subnet is "
            "configured for automatic addresses",
            "AllocationOnAutoAddressSubnet",
        )
