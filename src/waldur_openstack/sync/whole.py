"""One kind of object in a whole cloud: what has changed, and which of our rows have lost their object.

Pages come in the order of ids, so each stands for a range of ids, and our rows of that range are asked for with one
query: neither we nor the database ever hold more than a page. A row whose object is not in its range is only let go
when the cloud says so again: it is asked for that object itself, or, when so many are missing that a listing is rather
broken than a cloud empty, when the next listing misses them too.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from waldur_core.operations.errors import Invalid
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.concurrency import each
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import SyncCursor
from waldur_openstack.sync.ahead import Ahead
from waldur_openstack.sync.departures import is_given_up
from waldur_openstack.sync.following import AT_REST
from waldur_openstack.sync.kinds import Kind, Look, nothing_else
from waldur_openstack.sync.leases import CloudLease
from waldur_openstack.sync.orphans import orphans_in
from waldur_openstack.sync.reconcile import Outcome, settle
from waldur_openstack.sync.scope import Scope

OVERLAP = timedelta(minutes=2)  # clocks differ, and what a cloud writes shows a moment later
MOST_ASKED = 200  # missing objects of a kind that are asked for one by one
CHANGED, IDS, ALL = "changed", "ids", "all"
TaggedPage = tuple[str, list[JSON]]
Usages = dict[int, Counter[str]]  # by tenant


def pages(kind: Kind, cloud: Cloud, since: datetime | None) -> Iterator[TaggedPage]:
    """Everything; or, since a moment, what has changed and then the ids of everything."""
    where = kind.everywhere
    changed = where.changed(cloud, since - OVERLAP) if since and where.ids else None
    if changed is None or where.ids is None:
        yield from ((ALL, page) for page in where.pages(cloud))
        return
    yield from ((CHANGED, page) for page in changed)
    yield from ((IDS, page) for page in where.ids(cloud))


@dataclass
class WholeKind:
    """The work on one kind in one cycle. `usages` is filled by a listing of everything."""

    kind: Kind
    cloud: Cloud
    scope: Scope
    lease: CloudLease
    cursor: SyncCursor
    ahead: Ahead[TaggedPage]
    outcome: Outcome = field(default_factory=Outcome)
    usages: Usages = field(default_factory=lambda: defaultdict(Counter))
    is_full: bool = False
    begun: datetime | None = None
    last: str = ""  # id of the range before
    doubted: list[str] = field(default_factory=list)
    asked: int = 0
    again: list[JSON] = field(default_factory=list)

    def run(self) -> Outcome:
        moment = None
        for moment, (what, page) in self.ahead:
            self.begun = self.begun or moment
            self.lease.renew()
            if what == CHANGED:
                self.take_changed(page, moment)
            else:
                self.is_full = what == ALL
                self.take_range(page, moment)
        if moment:
            self.take_range([], moment)  # what lies beyond the last id
        if self.again and moment:
            seen = self.outcome.seen
            self.follow(self.again, [], moment)
            self.outcome.seen = seen
        self.cursor.since, self.cursor.doubted = self.begun, self.doubted
        self.cursor.save(update_fields=["since", "doubted"])
        return self.outcome

    def take_changed(self, page: list[JSON], moment: datetime) -> None:
        deleted = {item["id"] for item in page if self.kind.everywhere.is_deleted(item)}
        gone = self.scope.rows(self.kind.model, backend_id__any_of=deleted, state__in=AT_REST) if deleted else []
        self.follow([item for item in page if item["id"] not in deleted], gone, moment)

    def take_range(self, page: list[JSON], moment: datetime) -> None:
        """A page, and our rows from the last one's end to its; an empty page stands for all that comes after."""
        ids = [item["id"] for item in page]
        if ids != sorted(ids) or (ids and ids[0] <= self.last):
            raise Invalid(f"The {self.kind.plural} of the cloud do not come in the order of their ids.")
        where = {"backend_id__gt": self.last, **({"backend_id__lte": ids[-1]} if ids else {})}
        self.last = ids[-1] if ids else self.last
        if self.is_full:
            rows = self.scope.rows(self.kind.model, self.kind.word_columns, **where)
            there, gone = self.confirmed(self.lost(rows, set(ids)))
            self.follow([*page, *there], gone, moment, rows)
            return
        missing, back = self.compare(set(ids), where)
        there, gone = self.confirmed(missing)
        if back or there or gone:
            self.follow([*self.read(back), *there], gone, moment)

    def lost(self, rows: list[Any], ids: set[str]) -> list[Any]:
        """The rows that should have been in a page and were not, unless that is known."""
        at_rest = [row for row in rows if row.backend_id not in ids and row.state in AT_REST]
        return [row for row in at_rest if not is_given_up(self.kind, row)]

    def compare(self, ids: set[str], where: dict[str, Any]) -> tuple[list[Any], list[str]]:
        """The same without reading whole rows: (rows whose object is missing, ids of objects that we took for lost)."""
        model, lost = self.kind.model._default_manager, tuple(self.kind.gone_columns)
        rows = model.filter(service_settings=self.scope.service_settings, state__in=AT_REST, **where).order_by()
        known = list(rows.values_list("backend_id", *lost))
        missing = [name for name, *_ in known if name not in ids]
        gone = tuple(self.kind.gone_columns.values())
        back = [name for name, *values in known if lost and tuple(values) == gone and name in ids]
        found = self.scope.rows(self.kind.model, backend_id__any_of=missing) if missing else []
        return self.lost(found, ids), back

    def read(self, ids: list[str]) -> list[JSON]:
        found = each(lambda name: self.kind.show(self.cloud, name), ids[:MOST_ASKED])
        return [item for item in found if item is not None]

    def confirmed(self, missing: list[Any]) -> tuple[list[JSON], list[Any]]:
        """(objects that are there after all, rows whose object is gone indeed)."""
        if not missing:
            return [], []
        if self.asked + len(missing) > MOST_ASKED:
            before = set(self.cursor.doubted)
            self.doubted += [row.backend_id for row in missing if row.backend_id not in before]
            return [], [row for row in missing if row.backend_id in before]
        self.asked += len(missing)
        found = each(lambda row: self.kind.show(self.cloud, row.backend_id), missing)
        there = [item for item in found if item is not None]
        return there, [row for row, item in zip(missing, found, strict=True) if item is None]

    def follow(self, items: list[JSON], gone: list[Any], moment: datetime, rows: list[Any] | None = None) -> None:
        """`rows`: those of the items, when they have been read."""
        kind, scope = self.kind, self.scope
        ours = [(item, tenant) for item in items if (tenant := scope.owner(kind.owner(item)))]
        if not ours and not gone:
            return
        if self.is_full:
            for item, tenant in ours:
                used = self.usages[tenant.pk]
                for name, amount in kind.usage(item).items():
                    used[name] += amount
        found = [item for item, _ in ours]
        if rows is None:
            rows = scope.rows(kind.model, kind.word_columns, backend_id__any_of=[item["id"] for item in found])
        with transaction.atomic():
            adopted = orphans_in(kind, scope.service_settings, found)
            outcome = settle(kind, scope, Look(rows, found, complete=False, adopted=adopted, moment=moment), gone)
            if kind.afterwards:
                all_ends = outcome.ends.union(*(kind.ends(row) for row in rows)) if self.is_full else outcome.ends
                if all_ends:
                    kind.afterwards(scope, frozenset(all_ends), moment, None)
        self.outcome.add(outcome)
        self._look_again_later_at(found)

    def _look_again_later_at(self, found: list[JSON]) -> None:
        """Objects that refer to others of their kind which come on a later page."""
        if self.kind.references is nothing_else:
            return
        for item in found:
            if any(name > self.last and name != item["id"] for name in self.kind.references(item)):
                self.again.append(item)
