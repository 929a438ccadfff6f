"""Security groups and their rules: all come along; addresses in rules follow the subnets."""

from collections.abc import Iterator

from waldur_openstack_replication.addresses import Readdressing
from waldur_openstack_replication.planning.items import PlannedItem, left_out, planned
from waldur_openstack_replication.shape import Kind, Part, Shape


def plan_groups(shape: Shape, moved: Readdressing) -> Iterator[PlannedItem]:
    groups = {part.id for part in shape.of(Kind.SECURITY_GROUP)}
    seen: set[tuple[object, ...]] = set()
    yield from (planned(part) for part in shape.of(Kind.SECURITY_GROUP))
    for part in shape.of(Kind.SECURITY_GROUP_RULE):
        item = _rule(part, groups, moved)
        key = tuple(value for name, value in sorted(item.wanted.items()) if name != "description")
        if not item.left_out and key in seen:
            item = left_out(part, "With the new addresses it says what another rule says.", item.address)
        seen.add(key)
        yield item


def _rule(part: Part, groups: set[str], moved: Readdressing) -> PlannedItem:
    """What cannot be said in the destination is left out: it allows less, never more."""
    prefix, remote = part.values["remote_ip_prefix"], part.values["remote_group_id"]
    if remote and remote not in groups:
        return left_out(part, "It names a group of another tenant.", remote)
    if not prefix:
        return planned(part)
    target = moved.block(prefix)
    if target is None:
        return left_out(part, f"{prefix} does not fit into the new block.", prefix)
    return planned(part, target, remote_ip_prefix=target)
