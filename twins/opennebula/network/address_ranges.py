"""Address ranges of a virtual network, and the leases taken from them.

A lease is kept by its place in the range; its holder is a virtual machine (-1: on hold), a virtual router or a
reservation.
"""

from __future__ import annotations

import re
import secrets
from ipaddress import AddressValueError, IPv4Address

from .. import markup
from ..errors import internal
from ..releases import Release
from ..state import Obj
from ..templates import Vector, integer

MAC_PREFIX = "02:00"
WITH_IPV4 = ("IP4", "IP4_6", "IP4_6_STATIC")
TYPES = (*WITH_IPV4, "IP6", "IP6_STATIC", "ETHER")
OWN_KEYS = (
    "AR_ID", "TYPE", "IP", "MAC", "SIZE", "LEASES", "USED_LEASES", "IP_END", "MAC_END", "ALLOCATED", "NEXT_INDEX",
)  # fmt: skip
ALL_ADDRESSES = 2**32
MAC = re.compile(r"^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$")
HELD: Vector = {"VM": "-1"}


def new_range(given: Vector, ar_id: int) -> Obj:
    """The address range of an AR attribute, or the refusal of a bad one."""
    kind = given.get("TYPE", "").upper()
    if kind not in TYPES:
        raise internal("Unknown or missing address range TYPE.")
    size = integer(given.get("SIZE", ""))
    if size is None or size < 1:
        raise internal("Wrong or empty SIZE attribute")
    ip = ""
    if kind in WITH_IPV4:
        try:
            ip = str(IPv4Address(given.get("IP", "")))
        except AddressValueError as error:
            raise internal("Wrong or empty IP attribute") from error
        if int(IPv4Address(ip)) + size > ALL_ADDRESSES:
            raise internal("Wrong or empty SIZE attribute")
    if "MAC" in given and not MAC.match(given["MAC"]):
        raise internal("Wrong MAC attribute")
    return {
        "id": ar_id,
        "type": kind,
        "ip": ip,
        "mac": given.get("MAC", "") or (mac_of(ip) if ip else random_mac()),
        "size": size,
        "attributes": {"SHARED": "NO", **{key: value for key, value in given.items() if key not in OWN_KEYS}},
        "leases": {},
        "next": 0,
        "touched": False,
    }


def mac_of(ip: str) -> str:
    return f"{MAC_PREFIX}:" + ":".join(f"{byte:02x}" for byte in IPv4Address(ip).packed)


def random_mac() -> str:
    return f"{MAC_PREFIX}:" + ":".join(f"{byte:02x}" for byte in secrets.token_bytes(4))


def ip_at(address_range: Obj, place: int) -> str:
    return str(IPv4Address(address_range["ip"]) + place) if address_range["ip"] else ""


def mac_at(address_range: Obj, place: int) -> str:
    number = int(address_range["mac"].replace(":", ""), 16) + place
    return ":".join(f"{byte:02x}" for byte in number.to_bytes(6, "big"))


def place_of(address_range: Obj, ip: str, mac: str) -> int | None:
    """Where an address lies in the range; None when it is not in it."""
    if ip:
        try:
            asked = IPv4Address(ip)
        except AddressValueError:
            return None
        place = int(asked) - int(IPv4Address(address_range["ip"])) if address_range["ip"] else -1
    elif not MAC.match(mac):
        return None
    else:
        place = int(mac.replace(":", ""), 16) - int(address_range["mac"].replace(":", ""), 16)
    return place if 0 <= place < address_range["size"] else None


def wanted_place(address_range: Obj, ip: str, mac: str) -> int | None:
    """The place of a wanted address; None when it is taken or elsewhere."""
    place = place_of(address_range, ip, mac)
    return None if place is None or str(place) in address_range["leases"] else place


def free_place(address_range: Obj, in_turn: bool) -> int | None:
    """The first free one, or in turn the first behind the one that was given last; None when there is none."""
    size, leases = address_range["size"], address_range["leases"]
    start = address_range["next"] if in_turn else 0
    found = next((place % size for place in range(start, start + size) if str(place % size) not in leases), None)
    if found is not None:
        address_range["next"] = (found + 1) % size
    return found


def take(release: Release, vnet: Obj, holder: Vector, ip: str = "", mac: str = "", ar_id: str = "") -> Vector | None:
    """Give an address of the network to a holder: its AR_ID, IP and MAC; None when there is none to give."""
    for address_range in vnet["address_ranges"]:
        if ar_id and str(address_range["id"]) != ar_id:
            continue
        if ip or mac:
            place = wanted_place(address_range, ip, mac)
        else:
            place = free_place(address_range, release.gives_addresses_in_turn)
        if place is not None:
            address_range["leases"][str(place)] = dict(holder)
            address_range["touched"] = True
            return lease(address_range, place)
    return None


def lease(address_range: Obj, place: int) -> Vector:
    given = {"AR_ID": str(address_range["id"]), "MAC": mac_at(address_range, place)}
    ip = ip_at(address_range, place)
    return {**given, "IP": ip} if ip else given


def give_back(vnet: Obj, holder: Vector, ip: str = "", mac: str = "") -> bool:
    """Free the address that this holder has; False when it has none there."""
    for address_range in vnet["address_ranges"]:
        place = place_of(address_range, ip, mac)
        if place is not None and address_range["leases"].get(str(place)) == holder:
            del address_range["leases"][str(place)]
            return True
    return False


def used(vnet: Obj) -> int:
    return sum(len(address_range["leases"]) for address_range in vnet["address_ranges"])


def find(vnet: Obj, ar_id: int) -> Obj:
    for address_range in vnet["address_ranges"]:
        if address_range["id"] == ar_id:
            found: Obj = address_range
            return found
    raise internal("Address Range does not exist")


def render(address_range: Obj, with_leases: bool, with_next: bool = False) -> str:
    """In a pool there are no leases, but an attribute ALLOCATED once there were any."""
    last = address_range["size"] - 1
    values: dict[str, object] = {
        **address_range["attributes"],
        "AR_ID": address_range["id"],
        "MAC": address_range["mac"],
        "SIZE": address_range["size"],
        "TYPE": address_range["type"],
    }
    if address_range["ip"]:
        values["IP"] = address_range["ip"]
    if with_next:
        values["NEXT_INDEX"] = address_range["next"]
    if not with_leases and address_range["touched"]:
        values["ALLOCATED"] = "".join(f" {place} 1" for place in address_range["leases"])
    parts = [markup.cdata(name, values[name]) for name in sorted(values)]
    if with_leases:
        parts.append(markup.cdata("MAC_END", mac_at(address_range, last)))
        if address_range["ip"]:
            parts.append(markup.cdata("IP_END", ip_at(address_range, last)))
        parts.append(markup.tag("USED_LEASES", len(address_range["leases"])))
        parts.append(_leases(address_range))
    return markup.wrap("AR", *parts)


def _leases(address_range: Obj) -> str:
    leases = address_range["leases"]
    if not leases:
        return "<LEASES/>"
    rows = []
    for place in sorted(int(key) for key in leases):
        given = lease(address_range, place)
        del given["AR_ID"]
        rows.append(markup.vector("LEASE", {**given, **leases[str(place)]}))
    return markup.wrap("LEASES", *rows)
