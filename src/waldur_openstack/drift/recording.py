"""Drift is noticed where pulls write: the rows follow the cloud, and what had been declared is kept beside.

Level-based as all of sync: whoever looks again comes to the same. A row that says something else than what was last
observed was changed by a user meanwhile; what it says is what is declared now.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from waldur_core.events.log import record_many
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_openstack.drift.aspects import RULES, Aspect, aspects_of
from waldur_openstack.drift.values import Seen, same, sayings, seen_in_columns, seen_in_links, seen_in_rules, value_of
from waldur_openstack.models import Drift

PRESENCE = Aspect(name=Drift.PRESENCE)
DETECTED, RESOLVED = "openstack_drift_detected", "openstack_drift_resolved"


def note(
    word: str,
    model: Any,
    rows: Iterable[Any],
    changes: Mapping[Any, Mapping[str, Any]],
    parts: Iterable[Mapping[int, Any]] = (),
) -> None:
    """A pull is about to write this to `rows`, which the cloud has. A constant number of queries; none without change.

    `changes` are columns by row; `parts`, what other tables keep, by pk of the row.
    """
    by_pk = {row.pk: row for row in rows}
    if not by_pk or not aspects_of(word):
        return
    seen = seen_in_columns(word, changes)
    linked = [aspect for aspect in aspects_of(word) if aspect.links]
    for aspect, differences in zip(linked, parts, strict=False):
        kept = {pk: difference for pk, difference in differences.items() if pk in by_pk}
        if kept and aspect == RULES:
            seen += seen_in_rules(aspect, by_pk, kept)
        elif kept:
            seen += seen_in_links(aspect, model, by_pk, kept)
    compare(word, seen, present=by_pk.values())


def note_gone(word: str, rows: Iterable[Any], *, dropped: bool = False) -> None:
    """The cloud has these no more. When the rows are `dropped` with them, the drift alone tells what there was."""
    gone = list(rows)
    if gone and word and aspects_of(word):
        said = sayings(word, gone)
        compare(word, [Seen(row, PRESENCE, said[row.uuid], None) for row in gone], dropped=dropped)


def compare(word: str, seen: list[Seen], *, present: Iterable[Any] = (), dropped: bool = False) -> None:
    """Keep, change and remove drifts as the cloud says."""
    rows = {row.uuid: row for row in [*present, *(item.row for item in seen)]}
    known = {(drift.object_uuid, drift.field): drift for drift in Drift.objects.filter(object_uuid__in=rows)}
    unknown = [item for item in seen if (item.row.uuid, item.aspect.name) not in known and is_declared(item)]
    ours = made_by_users(word, {item.row.uuid for item in unknown})
    new = [drift_of(word, item, dropped=dropped) for item in unknown if item.row.uuid in ours]
    changed, gone = [], [known[uuid, PRESENCE.name] for uuid in rows if (uuid, PRESENCE.name) in known]
    if any(item.aspect == PRESENCE for item in seen):
        gone = []
    for item in seen:
        drift = known.get((item.row.uuid, item.aspect.name))
        if drift is None:
            continue
        declared = drift.declared if same(item.before, drift.observed) or item.aspect == PRESENCE else item.before
        if same(declared, item.observed):
            gone.append(drift)
        else:
            drift.declared, drift.observed, drift.modified = declared, item.observed, timezone.now()
            changed.append(drift)
    write(new, changed, gone)


def is_declared(item: Seen) -> bool:
    """Not what the user left open, and not another spelling of the same."""
    return not (item.aspect.left_open and is_empty(item.before)) and not same(item.before, item.observed)


def is_empty(value: Any) -> bool:
    return not any(value.values()) if isinstance(value, dict) and "uuid" not in value else not value


def made_by_users(word: str, uuids: set[UUID]) -> set[UUID]:
    """Those of the objects that did not come from the cloud, or that users have changed since."""
    if not uuids:
        return set()
    imports = (f"openstack_{word}_imported", "resource_import_succeeded")
    found = Event.objects.filter(event_type__in=imports, scope_uuid__in=uuids)
    imported: Any = set(found.values_list("scope_uuid", flat=True))
    operations = Operation.objects.filter(subject_uuid__in=imported).exclude(workflow__contains=".pull")
    return uuids - (imported - set(operations.values_list("subject_uuid", flat=True)))


def drift_of(word: str, item: Seen, *, dropped: bool) -> Drift:
    row = item.row
    return Drift(
        tenant_id=row.tenant_id,
        project=row.project,
        content_type=ContentType.objects.get_for_model(type(row)),
        object_id=None if dropped else row.pk,
        kind=word,
        object_uuid=row.uuid,
        object_name=str(row)[:255],
        backend_id=row.backend_id,
        field=item.aspect.name,
        declared=item.before,
        observed=item.observed,
    )


def write(new: list[Drift], changed: list[Drift], gone: list[Drift]) -> None:
    """A statement per kind of change; and events for all."""
    if new:
        Drift.objects.bulk_create(new, ignore_conflicts=True)
    if changed:
        Drift.objects.bulk_update(changed, ["declared", "observed", "modified"], batch_size=500)
    if gone:
        Drift.objects.filter(pk__in=[drift.pk for drift in gone]).delete()
    entries = [(DETECTED, f"In the cloud, the {drift} is not as it was declared.", drift) for drift in new]
    entries += [(RESOLVED, f"The {drift} is as declared.", drift) for drift in gone]
    if entries:
        record_many(entries)


def follow_users(row: Any, error_message: str = "") -> None:
    """An operation of ours on the row has ended: what it says now is declared. With an error, the drift stays."""
    drifts = list(Drift.objects.filter(object_uuid=row.uuid).exclude(field=PRESENCE.name))
    if not drifts:
        return
    aspects = {aspect.name: aspect for aspect in aspects_of(drifts[0].kind)}
    stale = []
    for drift in drifts:
        if not error_message and not same(value_of(row, aspects[drift.field]), drift.observed):
            stale.append(drift)
    write([], [], stale)
    reverting = Drift.objects.filter(object_uuid=row.uuid, state=Drift.State.REVERTING)
    reverting.update(state=Drift.State.OPEN, error_message=error_message)
