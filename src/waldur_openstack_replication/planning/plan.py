"""The plan of a migration as a whole."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from waldur_openstack_replication.addresses import Readdressing
from waldur_openstack_replication.destination import Destination
from waldur_openstack_replication.planning.items import PlannedItem
from waldur_openstack_replication.planning.limits import enough, mapped_limits, mapped_quotas, sold
from waldur_openstack_replication.planning.ports import plan_ports
from waldur_openstack_replication.planning.security import plan_groups
from waldur_openstack_replication.planning.topology import Topology
from waldur_openstack_replication.shape import Kind, Part, Shape, in_order
from waldur_openstack_replication.source import RECORDS, Source

COUNTED = {
    Kind.NETWORK: "network_count",
    Kind.SUBNET: "subnet_count",
    Kind.SECURITY_GROUP: "security_group_count",
    Kind.SECURITY_GROUP_RULE: "security_group_rule_count",
    Kind.PORT: "port_count",
    Kind.INTERFACE: "port_count",
}


@dataclass(frozen=True)
class Wishes:
    """What the user wants, ids resolved. `types`: {name: name}; `networks`: ids in the source cloud, empty for all."""

    subnets: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    networks: frozenset[str] = frozenset()
    skip_connection_extnet: bool = False
    sync_instance_ports: bool = False


@dataclass(frozen=True)
class Plan:
    """What will be made, exactly. `conflicts`: what will not go well unless somebody acts; `notices`: good to know."""

    fingerprint: str
    source_read_from: str
    limits: dict[str, int]
    quotas: dict[str, int]
    items: tuple[PlannedItem, ...]
    conflicts: tuple[str, ...]
    notices: tuple[str, ...]


def plan_items(source: Source, wishes: Wishes, external: str, no_way: str) -> list[PlannedItem]:
    """What becomes of each object of the source. `external`: the destination's way out; else `no_way` says why."""
    moved = Readdressing(wishes.subnets)
    topology = Topology(source.shape, moved, wishes.networks, external, no_way)
    items = [*topology.items(), *plan_groups(source.shape, moved)]
    return [*items, *plan_ports(source.shape, topology, source.ports)] if wishes.sync_instance_ports else items


def planned_shape(parts: Iterable[Part]) -> Shape:
    """What the destination is to look like; static routes are parts of their routers there."""
    shape, routes = Shape(), defaultdict(list)
    found = list(parts)
    for part in found:
        if part.kind == Kind.ROUTE:
            routes[part.values["router"]].append({name: part.values[name] for name in ("destination", "nexthop")})
    for part in found:
        if part.kind != Kind.ROUTE:
            more = {"routes": in_order(routes[part.id])} if part.kind == Kind.ROUTER else {}
            shape.add(part.kind, part.id, part.name, **{**part.values, **more})
    return shape


def make_plan(
    source: Source,
    wishes: Wishes,
    destination: Destination,
    limits: Mapping[str, int | None],
    quotas: Mapping[str, int],
) -> Plan:
    """`limits`: of the source's resource, `by_types`; `quotas`: the limits of its tenant's."""
    items = plan_items(source, wishes, *destination.way_out(skip=wishes.skip_connection_extnet))
    new_limits = mapped_limits(limits, wishes.types, destination.components)
    wanted = mapped_quotas(new_limits, quotas, wishes.types, destination.volume_types)
    wanted, raised = enough(wanted | destination.capped(wanted), counted(items))
    notices = [*destination.notices, *raised, *(f"{item.name}: {item.note}" for item in items if item.note)]
    if source.read_from == RECORDS:
        notices.append("The source cloud does not answer: this is planned from what was last known of it.")
    return Plan(
        fingerprint=source.shape.fingerprint(),
        source_read_from=source.read_from,
        limits=sold(new_limits),
        quotas=wanted,
        items=tuple(items),
        conflicts=tuple(destination.conflicts(Counter(item.kind for item in items if not item.left_out), wanted)),
        notices=tuple(notices),
    )


def counted(items: list[PlannedItem]) -> dict[str, int]:
    """What is to be made, by quota."""
    needed: Counter[str] = Counter()
    for item in items:
        if not item.left_out and item.kind in COUNTED:
            needed[COUNTED[Kind(item.kind)]] += 1
    # Neutron gives every new group two rules of its own, which count until they are removed
    needed["security_group_rule_count"] += 2 * needed["security_group_count"]
    return dict(needed)
