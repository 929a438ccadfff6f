"""Ports of servers and of virtual addresses (seed: Port Synchronization): MAC and IP addresses stay as they are."""

from collections.abc import Collection, Iterator

from waldur_openstack_replication.planning.items import PlannedItem, addresses_of, left_out, planned
from waldur_openstack_replication.planning.topology import Topology
from waldur_openstack_replication.shape import Kind, Part, Shape


def plan_ports(shape: Shape, topology: Topology, eligible: Collection[str]) -> Iterator[PlannedItem]:
    groups = {part.id for part in shape.of(Kind.SECURITY_GROUP)}
    taken: set[tuple[str, str]] = set()
    for part in shape.of(Kind.PORT):
        item = _port(part, topology, eligible, groups)
        mac = (part.values["network"], part.values["mac_address"])
        if not item.left_out and mac in taken:
            item = left_out(part, f"Another port of its network has the MAC address {mac[1]}.", item.address)
        if not item.left_out:
            taken.add(mac)
        yield item


def _port(part: Part, topology: Topology, eligible: Collection[str], groups: set[str]) -> PlannedItem:
    where = f"{part.values['mac_address']} {addresses_of(part.values['fixed_ips'])}".strip()
    if part.id not in eligible:
        return left_out(part, "It belongs neither to a server that is well nor to a virtual address.", where)
    if part.values["network"] not in topology.kept_networks:
        return left_out(part, "Its network does not come along.", where)
    known = [group for group in part.values["security_groups"] if group in groups]
    missing = len(part.values["security_groups"]) - len(known)
    note = f"{missing} of its security groups belong to others and are left out." if missing else ""
    return planned(part, where, note=note, security_groups=known)
