"""Making our rows say what a cloud says of one kind of object, in one tenant or in many.

First `look`, without a transaction; then `reconcile`, in one. How many statements it takes depends neither on the
number of objects nor on that of tenants.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant
from waldur_openstack.sync.arrivals import take_in, tell_of_new
from waldur_openstack.sync.departures import let_go
from waldur_openstack.sync.following import AT_REST, follow
from waldur_openstack.sync.kinds import Kind, Look, Pairs
from waldur_openstack.sync.scope import Scope


@dataclass
class Outcome:
    """What came of a look: how many objects of our tenants there were, and how many rows changed, came and went."""

    seen: int = 0
    changed: int = 0
    new: int = 0
    missing: int = 0
    ends: set[Any] = field(default_factory=set)

    def add(self, other: "Outcome") -> None:
        self.seen += other.seen
        self.changed += other.changed
        self.new += other.new
        self.missing += other.missing


def look(kind: Kind, tenant: Tenant, cloud: Cloud) -> Look:
    moment = timezone.now()
    rows = list(kind.model._default_manager.filter(tenant=tenant))
    return Look(rows, kind.listing(cloud, tenant.backend_id), moment=moment)


def reconcile(kind: Kind, tenant: Tenant, seen: Look, *, subject: Any = None) -> Outcome:
    """Write what differs. `subject` is the row that our own operation is at work on: its state is not ours to set."""
    scope, whole = Scope.of(tenant), seen.complete
    with transaction.atomic():
        gone = missing_in(seen) if whole else []
        outcome = settle(kind, scope, seen, gone, takes_in=whole or bool(seen.adopted), subject=subject)
        if whole and kind.afterwards:
            kind.afterwards(scope, None, seen.moment, subject)
    return outcome


def missing_in(seen: Look) -> list[Any]:
    """The rows that should have been among what was found."""
    found = {item["id"] for item in seen.found}
    return [row for row in seen.rows if row.backend_id and row.backend_id not in found and row.state in AT_REST]


@transaction.atomic(savepoint=False)
def settle(
    kind: Kind, scope: Scope, seen: Look, gone: list[Any], *, takes_in: bool = True, subject: Any = None
) -> Outcome:
    """One look at some objects of any number of tenants: take in, follow, let go of those that are `gone`."""
    outcome, found = Outcome(seen=len(seen.found)), {item["id"]: item for item in seen.found}
    made: Pairs = []
    if takes_in and (kind.sub_resource or seen.adopted):
        made = take_in(kind, scope, seen)
        tell_of_new(kind, scope, [row for row, _ in made])
    known = [
        (row, found[row.backend_id])
        for row in seen.rows
        if row.backend_id in found and (row.state in AT_REST or row == subject)
    ]
    outcome.new = len(made)
    outcome.changed = follow(kind, scope, known, made, seen.moment, outcome.ends, subject)
    outcome.ends.update(*(kind.ends(row) for row in [*gone, *(row for row, _ in made)]))
    outcome.missing = len(let_go(kind, scope, gone, seen.moment))
    return outcome
