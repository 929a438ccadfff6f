"""Making our rows say what a cloud says of one kind of object in one tenant.

First `look`, without a transaction; then `reconcile`, in one. Only what differs is written, and only to rows that
nobody has touched since we looked: what a person or an operation has changed meanwhile is newer than what we saw.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from waldur_core.events.log import record
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant
from waldur_openstack.removal import Removal
from waldur_openstack.sync.kinds import Columns, Kind, Look, Pairs
from waldur_openstack.sync.signals import pulled, taken_in

AT_REST = (CoreState.OK, CoreState.ERRED)
BATCH = 500


def look(kind: Kind, tenant: Tenant, cloud: Cloud) -> Look:
    moment = timezone.now()
    rows = list(kind.model._default_manager.filter(tenant=tenant))
    return Look(rows, kind.listing(cloud, tenant.backend_id), moment=moment)


@transaction.atomic
def reconcile(kind: Kind, tenant: Tenant, seen: Look, *, subject: Any = None) -> None:
    """Write what differs. `subject` is the row that our own operation is at work on: its state is not ours to set."""
    found = {item["id"]: item for item in seen.found}
    made = take_in(kind, tenant, seen) if seen.adopted or (kind.sub_resource and seen.complete) else []
    if made:
        tell_of_new(kind, [row for row, _ in made])
    known = [
        (row, found[row.backend_id])
        for row in seen.rows
        if row.backend_id in found and (row.state in AT_REST or row == subject)
    ]
    follow(kind, tenant, known, made, subject)
    if seen.complete:
        gone = [row for row in seen.rows if row.backend_id and row.backend_id not in found and row.state in AT_REST]
        let_go(kind, gone)
        if kind.afterwards:
            kind.afterwards(tenant, seen, subject)


# what is there ----------------------------------------------------------------------------------------------------


def follow(kind: Kind, tenant: Tenant, known: Pairs, made: Pairs, subject: Any = None) -> None:
    """Columns, what other tables keep, and states."""
    targets = related(kind, tenant, [item for _, item in known])
    changes = {row: changed for row, item in known if (changed := difference(row, wanted(kind, row, item, targets)))}
    parts = [(part, part.differences(tenant, known + made)) for part in kind.parts]
    states = {row: kind.trouble(item) for row, item in known if row != subject and turns(row, kind.trouble(item))}
    apart = {pk for _, differences in parts for pk in differences}
    free = untouched([row for row, _ in known if row in changes or row in states or row.pk in apart], subject)
    write_columns(tenant, {row: changed for row, changed in changes.items() if row.pk in free})
    ours = free | {row.pk for row, _ in made}
    for part, differences in parts:
        if kept := [change for pk, change in differences.items() if pk in ours]:
            part.write(tenant, kept)
    turned = [row for row in states if row.pk in free]
    for row in turned:
        if message := states[row]:
            row.enter(CoreState.ERRED, error_message=message)
        else:
            row.enter(CoreState.OK)
    told = [row for row, _ in known if row.pk in free and (row in changes or row.pk in apart)]
    if told:
        tell_of_changes(kind, told)


def turns(row: Any, trouble: str) -> bool:
    """Whether the cloud's opinion of the row is another than ours."""
    if trouble:
        return bool(row.state != CoreState.ERRED or row.error_message != trouble)
    return bool(row.state == CoreState.ERRED)


def related(kind: Kind, tenant: Tenant, found: list[JSON]) -> dict[str, dict[str, int]]:
    """{column: {the cloud's word: pk}}, one query per relation."""
    targets = {}
    for relation in kind.relations:
        ids = {key for item in found if (key := relation.backend_id(item))}
        rows = relation.candidates(tenant).filter(**{f"{relation.key}__in": ids})
        targets[relation.column] = dict(rows.values_list(relation.key, "pk"))
    return targets


def wanted(kind: Kind, row: Any, item: JSON, targets: dict[str, dict[str, int]]) -> Columns:
    """What the columns of the row should be."""
    columns = {**kind.columns(item), **kind.compared(row, item)}
    for relation in kind.relations:
        target = targets[relation.column].get(relation.backend_id(item) or "")
        if target is not None or not relation.stays:
            columns[f"{relation.column}_id"] = target
    return {name: fitting(row, name, value) for name, value in columns.items()}


def fitting(row: Any, name: str, value: Any) -> Any:
    """Clouds allow longer texts than we keep."""
    most = getattr(row._meta.get_field(name), "max_length", None)
    return value[:most] if isinstance(value, str) and most else value


def difference(row: Any, columns: Columns) -> Columns:
    return {name: value for name, value in columns.items() if getattr(row, name) != value}


def untouched(rows: Iterable[Any], subject: Any = None) -> set[int]:
    """The pks of those rows that are as we saw them and that no other operation is at work on; they are locked."""
    seen = {row.pk: row for row in rows}
    if not seen:
        return set()
    model = type(next(iter(seen.values())))
    locked = model._default_manager.filter(pk__in=seen).order_by("pk").select_for_update()
    now = dict(locked.values_list("pk", "modified"))
    live = Operation.objects.filter(subject_uuid__in=[row.uuid for row in seen.values()], state__in=Operation.LIVE)
    busy = set(live.values_list("subject_uuid", flat=True))
    return {
        pk
        for pk, row in seen.items()
        if row == subject or (pk in now and now[pk] == row.modified and row.uuid not in busy)
    }


def write_columns(tenant: Tenant, changes: Mapping[Any, Columns]) -> None:
    """One statement for all; the quotas of the tenant follow what the rows count."""
    if not changes:
        return
    rows, columns = list(changes), {"modified"}
    grown: dict[str, int] = {}
    for row, changed in changes.items():
        before = quotas.of(row)
        for name, value in changed.items():
            setattr(row, name, value)
        row.modified = timezone.now()
        columns |= changed.keys()
        negative = {name: -amount for name, amount in before.items()}
        grown = quotas.added(grown, quotas.of(row), negative)
    model = type(rows[0])
    fields = sorted(model._meta.get_field(name).name for name in columns)
    model._default_manager.bulk_update(rows, fields, batch_size=BATCH)
    counters.count(tenant, grown)


def tell_of_changes(kind: Kind, rows: list[Any]) -> None:
    if kind.sub_resource:
        for row in rows:
            record(f"openstack_{kind.word}_pulled", f"{kind.label(row)} was changed in the cloud.", scope=row)
    pulled.send(sender=kind.model, instances=rows)


def tell_of_new(kind: Kind, rows: list[Any]) -> None:
    event_type = f"openstack_{kind.word}_imported" if kind.sub_resource else "resource_import_succeeded"
    for row in rows:
        record(event_type, f"{kind.label(row)} was found in the cloud.", scope=row)
    taken_in.send(sender=kind.model, instances=rows)


# what is new ------------------------------------------------------------------------------------------------------


@transaction.atomic
def take_in(kind: Kind, tenant: Tenant, seen: Look) -> Pairs:
    """Rows for what the cloud has and we do not. What carries the mark of a row of ours is that row's, not new."""
    ours = {row.backend_id for row in seen.rows}
    candidates = seen.found if kind.sub_resource else seen.adopted
    unknown = [item for item in candidates if item["id"] not in ours]
    if not unknown:
        return []
    Tenant.objects.select_for_update().get(pk=tenant.pk)  # two pulls must not take in the same
    if not kind.sub_resource and removed_since(tenant, seen.moment):
        return []  # what we saw may be gone; the next pull knows
    unknown = strangers(kind, tenant, unknown)
    targets = related(kind, tenant, unknown)
    made = []
    for item in unknown:
        row = kind.model(tenant=tenant, project=tenant.project, service_settings=tenant.service_settings)
        row.backend_id, row.state = item["id"], CoreState.OK
        if trouble := kind.trouble(item):
            row.state, row.error_message = CoreState.ERRED, trouble
        for name, value in wanted(kind, row, item, targets).items():
            setattr(row, name, value)
        if is_complete(row):
            made.append((row, item))
    kind.model._default_manager.bulk_create([row for row, _ in made])
    counters.count(tenant, quotas.added(*(quotas.of(row) for row, _ in made)))
    return made


def removed_since(tenant: Tenant, moment: datetime) -> bool:
    """Whether we were removing something of the tenant's project after `moment`."""
    after = Q(finished__gte=moment) | Q(state__in=Operation.LIVE)
    return Operation.objects.filter(after, project=tenant.project_id, workflow__endswith=".delete").exists()


def strangers(kind: Kind, tenant: Tenant, unknown: list[JSON]) -> list[JSON]:
    """Those that really have no row: not made here a moment ago, nor being made."""
    ids, marks = [item["id"] for item in unknown], {mark for item in unknown if (mark := kind.mark(item))}
    rows = kind.model._default_manager.filter(service_settings=tenant.service_settings)
    known, owned = set(), set()
    for backend_id, uuid in rows.filter(Q(backend_id__in=ids) | Q(uuid__in=marks)).values_list("backend_id", "uuid"):
        known.add(backend_id)
        owned.add(uuid.hex)
    if not kind.is_marked and rows.filter(tenant=tenant, backend_id="").exclude(state__in=AT_REST).exists():
        return []  # one of them may be what is being made; the next pull knows
    return [item for item in unknown if item["id"] not in known and kind.mark(item) not in owned]


def is_complete(row: Any) -> bool:
    """A subnet of a network that we do not know can have no row."""
    return all(
        getattr(row, field.attname) is not None
        for field in row._meta.concrete_fields
        if not field.null and field.is_relation
    )


# what is gone -----------------------------------------------------------------------------------------------------


def let_go(kind: Kind, rows: list[Any]) -> None:
    """Drop the rows of sub-resources; the others stay, ERRED, until the cloud shows them again or somebody acts."""
    if kind.sub_resource:
        free = untouched(rows)
        for row in rows:
            if row.pk in free:
                dropped(kind, row)
        return
    lost = [row for row in rows if (row.state, row.error_message) != (CoreState.ERRED, kind.gone_message(row))]
    free = untouched(lost)
    for row in lost:
        if row.pk in free:
            row.enter(CoreState.ERRED, error_message=kind.gone_message(row), **kind.gone_columns)


def dropped(kind: Kind, row: Any, subject: Any = None) -> bool:
    """Drop a row, what hangs on it, and their quotas; False when something else is at work inside, so that it stays."""
    removal = Removal([row])
    if removal.operation(but=subject):
        return False
    record(f"openstack_{kind.word}_cleaned", kind.gone_message(row), scope=row)
    removal.carry_out()
    return True
