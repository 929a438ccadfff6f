"""Methods of virtual networks about their addresses: ranges, holds, reservations."""

from __future__ import annotations

from ..access import quotas
from ..access.authorization import ADMIN, USE, Authorization
from ..calls import INT, NO, STRING, Call, method
from ..errors import internal
from ..kinds import VNET
from ..objects import check_name, check_name_is_free, get, owned, read_template, taken_name
from ..state import Obj
from ..templates import Vector, copy, first, integer, vectors, without
from . import address_ranges
from .vnets import VnetState, add_range, managed, new_fields

NOT_FREE = "Address is not part of the address range or in use."
NOT_HELD = "Lease is not on hold"


@method("one.vn.add_ar", INT, STRING)
def add_ar(call: Call, vnet_id: int, text: str) -> int:
    vnet = managed(call, vnet_id, ADMIN)
    for given in _attribute(text, "AR"):
        add_range(vnet, given)
    return _changed(call, vnet)


@method("one.vn.rm_ar", INT, INT, NO)
def rm_ar(call: Call, vnet_id: int, ar_id: int, force: bool) -> int:
    vnet = managed(call, vnet_id, ADMIN)
    removed = address_ranges.find(vnet, ar_id)
    if removed["leases"] and not force:
        raise internal("Address Range has leases in use")
    vnet["address_ranges"].remove(removed)
    return _changed(call, vnet)


@method("one.vn.free_ar", INT, INT)
def free_ar(call: Call, vnet_id: int, ar_id: int) -> int:
    """Remove an address range of a reservation; its owner may."""
    vnet = managed(call, vnet_id)
    removed = address_ranges.find(vnet, ar_id)
    if vnet["parent_id"] is None:
        raise internal("Address Range is not part of a reservation")
    if removed["leases"]:
        raise internal("Address Range has leases in use")
    vnet["address_ranges"].remove(removed)
    return _changed(call, vnet)


@method("one.vn.update_ar", INT, STRING)
def update_ar(call: Call, vnet_id: int, text: str) -> int:
    """The size may change as long as all leases stay inside; first addresses never do."""
    vnet = managed(call, vnet_id)
    for given in _attribute(text, "AR"):
        ar_id = integer(given.get("AR_ID", ""))
        address_range = address_ranges.find(vnet, -1 if ar_id is None else ar_id)
        size = integer(given.get("SIZE", str(address_range["size"])))
        if size is None or size < 1 or any(int(place) >= size for place in address_range["leases"]):
            raise internal("New size cannot be smaller than the leases in use")
        others = {key: value for key, value in given.items() if key not in address_ranges.OWN_KEYS}
        address_range["size"] = size
        address_range["attributes"].update(others)
    return _changed(call, vnet)


@method("one.vn.hold", INT, STRING)
def hold(call: Call, vnet_id: int, text: str) -> int:
    vnet = managed(call, vnet_id)
    for wanted in _attribute(text, "LEASES"):
        place = wanted.get("IP", ""), wanted.get("MAC", "")
        if address_ranges.take(call.release, vnet, address_ranges.HELD, *place) is None:
            raise internal(NOT_FREE)
    return _changed(call, vnet)


@method("one.vn.release", INT, STRING)
def release(call: Call, vnet_id: int, text: str) -> int:
    vnet = managed(call, vnet_id)
    for wanted in _attribute(text, "LEASES"):
        if not address_ranges.give_back(vnet, address_ranges.HELD, wanted.get("IP", ""), wanted.get("MAC", "")):
            raise internal(NOT_HELD)
    return _changed(call, vnet)


def _attribute(text: str, name: str) -> list[Vector]:
    """The AR or LEASES attributes of a template; one without an address or a size is none."""
    found = [values for values in vectors(read_template(text), name) if values]
    if not found or (name == "LEASES" and not all("IP" in each or "MAC" in each for each in found)):
        raise internal(f"Wrong {name} attribute")
    return found


def _changed(call: Call, vnet: Obj) -> int:
    call.state.edit(VNET.name, vnet)
    return int(vnet["id"])


@method("one.vn.reserve", INT, STRING)
def reserve(call: Call, vnet_id: int, text: str) -> int:
    """Addresses of a network as a network of the caller's own, or as more of such a one (NETWORK_ID)."""
    parent = get(call, VNET, vnet_id)
    template = read_template(text)
    size = integer(first(template, "SIZE", "1"))
    if size is None or size < 1:
        raise internal("Reservation SIZE must be a greater than 0")
    existing = integer(first(template, "NETWORK_ID", "-1"))
    into = get(call, VNET, existing) if existing is not None and existing >= 0 else None
    authorization = Authorization(call).need(USE, VNET, parent)
    if into is not None:
        authorization.need("MANAGE", VNET, into)
        if into["parent_id"] != vnet_id:
            raise internal("Cannot add reservation: the network is not a reservation of this one")
    authorization.check()
    name = taken_name(template)
    if into is None:
        check_name(VNET, name)
        check_name_is_free(call, VNET, name, call.uid)
    quotas.check(call, call.uid, call.gid, [quotas.network_request(str(vnet_id), size)])
    source, start = _free_stretch(parent, first(template, "AR_ID"), first(template, "IP"), size)
    into = into or _new_reservation(call, parent, name)
    _move(parent, source, start, size, into)
    return _changed(call, into)


def _free_stretch(parent: Obj, ar_id: str, ip: str, size: int) -> tuple[Obj, int]:
    """The first stretch of free addresses of this size, in the wanted range and from the wanted address on."""
    for address_range in parent["address_ranges"]:
        if ar_id and str(address_range["id"]) != ar_id:
            continue
        wanted = address_ranges.place_of(address_range, ip, "") if ip else None
        starts = range(address_range["size"] - size + 1) if not ip else [] if wanted is None else [wanted]
        for start in starts:
            places = range(start, start + size)
            if places.stop <= address_range["size"] and not any(str(p) in address_range["leases"] for p in places):
                return address_range, start
    raise internal("Not enough free addresses in the address range")


def _new_reservation(call: Call, parent: Obj, name: str) -> Obj:
    fields = {**new_fields(list(parent["clusters"])), "state": VnetState.READY, "parent_id": parent["id"]}
    fields.update(vlan_id=parent["vlan_id"], automatic_vlan=parent["automatic_vlan"])
    template = without(copy(parent["template"]), ["ERROR"])
    return call.state.add(VNET.name, owned(call, VNET, name, template, **fields))


def _move(parent: Obj, source: Obj, start: int, size: int, into: Obj) -> None:
    holder = {"VNET": str(into["id"])}
    source["leases"].update({str(place): dict(holder) for place in range(start, start + size)})
    source["touched"] = True
    made = {"TYPE": source["type"], "SIZE": str(size), "PARENT_NETWORK_AR_ID": str(source["id"])}
    made["MAC"] = address_ranges.mac_at(source, start)
    if source["ip"]:
        made["IP"] = address_ranges.ip_at(source, start)
    add_range(into, made)
