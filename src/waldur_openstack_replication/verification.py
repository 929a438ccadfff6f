"""Comparing the destination with the source, by what both mean: names, addresses, rules, not ids."""

import json
from collections import Counter
from typing import Any

from waldur_core.operations.errors import OperationError
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack_replication.models import Migration, MigrationItem
from waldur_openstack_replication.planning.plan import Wishes, plan_items, planned_shape
from waldur_openstack_replication.shape import Kind, Part, Shape, meaning
from waldur_openstack_replication.source import Source, eligible_ports, read_cloud, uuids_of

MOST_TOLD = 100


def verify(migration: Migration, found: Shape) -> JSON:
    """`found`: the destination as its cloud lists it. The source is asked anew; when away, the plan stands for it."""
    wishes = wishes_of(migration)
    expected, compared_with = expected_shape(migration, wishes)
    if not wishes.sync_instance_ports:
        found.parts.pop(Kind.PORT, None)
    differences = compare(meaning(expected), meaning(found))
    return {
        "verified": not differences,
        "compared_with": compared_with,
        "compared": {kind: len(parts) for kind, parts in expected.parts.items() if parts},
        "differences": differences[:MOST_TOLD],
        "difference_count": len(differences),
    }


def wishes_of(migration: Migration) -> Wishes:
    stored = dict(migration.plan["wishes"])
    return Wishes(**{**stored, "networks": frozenset(stored["networks"])})


def expected_shape(migration: Migration, wishes: Wishes) -> tuple[Shape, str]:
    tenant: Any = migration.src_resource.scope
    try:
        source = Source(read_cloud(tenant), "cloud", uuids_of(tenant), eligible_ports(tenant))
    except (OperationError, AttributeError):  # the cloud is away; or the tenant is no more
        planned = migration.items.exclude(state=MigrationItem.State.SKIPPED)
        return planned_shape(Part(item.kind, item.source_id, item.name, item.wanted) for item in planned), "plan"
    items = plan_items(source, wishes, migration.plan["external_network"], "")
    return planned_shape(item.part() for item in items if not item.left_out), "source"


def compare(expected: dict[str, Any], found: dict[str, Any]) -> list[JSON]:
    """What is missing, what is too much, and what is there but otherwise."""
    differences = []
    for kind in sorted(expected.keys() | found.keys()):
        left, right = _count(expected.get(kind, ())), _count(found.get(kind, ()))
        missing, extra = list((left - right).elements()), list((right - left).elements())
        for row in missing:
            name, wanted = json.loads(row)
            twin = next((other for other in extra if json.loads(other)[0] == name and name), None)
            if twin is not None:
                extra.remove(twin)
            differences.append(_told(kind, name, wanted, json.loads(twin)[1] if twin else None))
        differences += [_told(kind, json.loads(row)[0], None, json.loads(row)[1]) for row in extra]
    return differences


def _count(rows: Any) -> Counter[str]:
    return Counter(json.dumps([name, values], sort_keys=True) for name, values in rows)


def _told(kind: str, name: str, expected: JSON | None, found: JSON | None) -> JSON:
    problem = "missing" if found is None else "unexpected" if expected is None else "differs"
    if expected is not None and found is not None:
        names = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
        expected, found = ({key: side.get(key) for key in names} for side in (expected, found))
    return {"kind": kind, "name": name, "problem": problem, "expected": expected, "found": found}
