"""What is there: rows follow what the cloud says of their objects. Only what differs is written, and only to rows that
nobody has touched since we looked: what a person or an operation has changed meanwhile is newer than what we saw.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone

from waldur_core.events.log import record_many
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState, enter_many
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.drift.recording import note
from waldur_openstack.models import Tenant
from waldur_openstack.sync.kinds import Columns, Kind, Pairs, Targets
from waldur_openstack.sync.rows import words_of
from waldur_openstack.sync.scope import Scope
from waldur_openstack.sync.signals import pulled

AT_REST = (CoreState.OK, CoreState.ERRED)
BATCH = 500


def follow(
    kind: Kind, scope: Scope, known: Pairs, made: Pairs, moment: datetime, ends: set[Any], subject: Any = None
) -> int:
    """Columns, what other tables keep, and states; returns how many rows were written. `ends` gathers those touched."""
    moved = {row.pk: item for row, item in known if words_of(row) != kind.words(item)}
    targets = related(kind, scope, moved.values())
    own = subject.pk if isinstance(subject, kind.model) else None
    changes: dict[int, Columns] = {}
    states: dict[int, str] = {}
    for row, item in known:
        if changed := difference(row, wanted(kind, row, item, targets if row.pk in moved else None)):
            changes[row.pk] = changed
        trouble = kind.trouble(item)
        if turns(row, trouble) and row.pk != own:
            states[row.pk] = trouble
    parts = [(part, part.differences(scope, known + made)) for part in kind.parts]
    apart = {pk for _, differences in parts for pk in differences}
    concerned = changes.keys() | states.keys() | apart
    differing = [row for row, _ in known if row.pk in concerned] if concerned else []
    free = untouched(differing, subject, moment)
    written = [row for row in differing if row.pk in free]
    scope.introduce(written)
    ends.update(*(kind.ends(row) for row in written))
    columns = {row: changes[row.pk] for row in written if row.pk in changes}
    note(kind.word, kind.model, written, columns, [seen for _, seen in parts])
    write_columns(columns)
    ends.update(*(kind.ends(row) for row in written))
    ours = free | {row.pk for row, _ in made}
    for part, differences in parts:
        if kept := [change for pk, change in differences.items() if pk in ours]:
            part.write(scope, kept)
    enter_many({row: states[row.pk] for row in written if row.pk in states})
    if told := [row for row in written if row.pk in changes or row.pk in apart]:
        if kind.sub_resource:
            tell(kind, "pulled", [(row, f"{kind.label(row)} was changed in the cloud.") for row in told])
        pulled.send(sender=kind.model, instances=told)
    return len(written)


def turns(row: Any, trouble: str) -> bool:
    """Whether the cloud's opinion of the row is another than ours."""
    if trouble:
        return bool(row.state != CoreState.ERRED or row.error_message != trouble)
    return bool(row.state == CoreState.ERRED)


def related(kind: Kind, scope: Scope, found: Collection[JSON]) -> dict[str, Targets]:
    """{column: what the cloud's words mean}, one query per relation."""
    targets: dict[str, Targets] = {}
    for relation in kind.relations:
        words = {word for item in found if (word := relation.backend_id(item))}
        targets[relation.column] = relation.targets(scope, words) if words else {}
    return targets


def wanted(kind: Kind, row: Any, item: JSON, targets: Mapping[str, Targets] | None) -> Columns:
    """What the columns of the row should be, were they long enough. Without `targets` it refers to what it did."""
    columns = {**kind.columns(item), **kind.compared(row, item)}
    if targets is None:
        return columns
    for relation in kind.relations:
        target = relation.target(targets[relation.column], row, relation.backend_id(item))
        if target is not None or not relation.stays:
            columns[relation.attname] = target
    return columns


def fitting(model: Any, columns: Columns) -> Columns:
    """Clouds allow longer texts than we keep."""
    longest = lengths(model)
    return {name: value[: longest.get(name)] if isinstance(value, str) else value for name, value in columns.items()}


@lru_cache(maxsize=64)
def lengths(model: Any) -> Mapping[str, int]:
    """The most characters of those columns that have a limit."""
    return {field.name: field.max_length for field in model._meta.concrete_fields if field.max_length}


def difference(row: Any, columns: Columns) -> Columns:
    held = row.__dict__
    changed = {name: value for name, value in columns.items() if held[name] != value}
    if not changed:
        return changed
    return {name: value for name, value in fitting(row.__class__, changed).items() if held[name] != value}


def untouched(rows: Iterable[Any], subject: Any, moment: datetime) -> set[int]:
    """The pks of those rows that have not been written since the moment, after which they were read, and that no other
    operation is at work on; they are locked."""
    seen = {row.pk: row for row in rows}
    if not seen:
        return set()
    model = type(next(iter(seen.values())))
    locked = model._default_manager.filter(pk__any_of=seen).order_by("pk").select_for_update()
    old = {pk for pk, modified in locked.values_list("pk", "modified") if modified < moment}
    live = Operation.objects.filter(subject_uuid__any_of=[row.uuid for row in seen.values()], state__in=Operation.LIVE)
    busy = set(live.values_list("subject_uuid", flat=True))
    return {pk for pk, row in seen.items() if row == subject or (pk in old and row.uuid not in busy)}


def write_columns(changes: Mapping[Any, Columns]) -> None:
    """One statement for all; the quotas of their tenants follow what the rows count."""
    if not changes:
        return
    rows, columns = list(changes), {"modified"}
    grown: dict[int, dict[str, int]] = {}
    counts_by_type(rows)
    before = [quotas.of(row) for row in rows]
    for row, changed in changes.items():
        for name, value in changed.items():
            setattr(row, name, value)
        row.modified = timezone.now()
        columns |= changed.keys()
    counts_by_type(rows)
    for row, old in zip(rows, before, strict=True):
        negative = {name: -amount for name, amount in old.items()}
        if counted := quotas.of(row):
            grown[row.tenant_id] = quotas.added(grown.get(row.tenant_id, {}), counted, negative)
    model = type(rows[0])
    fields = sorted(model._meta.get_field(name).name for name in columns)
    model._default_manager.bulk_update(rows, fields, batch_size=BATCH)
    counters.count_many(Tenant, grown)


def counts_by_type(rows: list[Any]) -> None:
    """Read at once the volume types by whose names rows are counted."""
    if any(item.name == "type" and item.is_relation for item in type(rows[0])._meta.concrete_fields):
        prefetch_related_objects(rows, "type")


def tell(kind: Kind, what: str, messages: Iterable[tuple[Any, str]]) -> None:
    record_many((f"openstack_{kind.word}_{what}", message, row) for row, message in messages)
