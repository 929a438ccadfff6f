"""How far migrations are: two queries for a whole page of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count
from django.utils import timezone

from waldur_core.operations.models import Operation
from waldur_openstack_replication.models import Migration, MigrationItem

State = MigrationItem.State
DONE = (State.CREATED, State.ADOPTED, State.FAILED)


@dataclass(frozen=True)
class Progress:
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    operation: Operation | None = None

    def as_json(self) -> dict[str, Any]:
        operation = self.operation
        done = self._sum(*DONE)
        total = done + self._sum(State.PLANNED)
        steps = len(operation.plan) if operation else 0
        cursor = operation.cursor if operation else 0
        return {
            "step": ((operation.current or {}).get("title", "") if operation and operation.is_live else ""),
            "current": min(cursor + 1, steps),
            "total": steps,
            "percent": 100 * done // total if total else 0,
            "counts": self.counts,
            "remaining_seconds": self._remaining(done, total),
        }

    def _sum(self, *states: str) -> int:
        return sum(by_state.get(state, 0) for by_state in self.counts.values() for state in states)

    def _remaining(self, done: int, total: int) -> int | None:
        """At the pace so far."""
        operation = self.operation
        if operation is None or not operation.is_live or not operation.started or not done:
            return None
        elapsed = (timezone.now() - operation.started).total_seconds()
        return round(elapsed * (total - done) / done)


NOTHING = Progress()


def attach_progress(migrations: Iterable[Migration]) -> None:
    found = list(migrations)
    counts: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    rows = MigrationItem.objects.filter(migration__in=found).order_by().values("migration", "kind", "state")
    for row in rows.annotate(number=Count("pk")):
        counts[row["migration"]][row["kind"]][row["state"]] = row["number"]
    operations = {}
    uuids = [migration.uuid for migration in found]
    for operation in Operation.objects.filter(subject_uuid__in=uuids).order_by("pk"):
        operations[operation.subject_uuid] = operation
    for migration in found:
        by_kind = {kind: dict(states) for kind, states in counts[migration.pk].items()}
        migration.progress = Progress(by_kind, operations.get(migration.uuid))  # type: ignore[attr-defined]
