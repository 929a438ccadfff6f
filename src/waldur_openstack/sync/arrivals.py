"""Objects that the cloud has and we do not."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from waldur_core.events.log import record_many
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant
from waldur_openstack.sync.following import AT_REST, BATCH, fitting, related, wanted
from waldur_openstack.sync.kinds import Kind, Look, Pairs
from waldur_openstack.sync.scope import Scope
from waldur_openstack.sync.signals import taken_in


@transaction.atomic(savepoint=False)
def take_in(kind: Kind, scope: Scope, seen: Look) -> Pairs:
    """Rows for what is unknown. What carries the mark of a row of ours is that row's, not new."""
    ours = {row.backend_id for row in seen.rows}
    candidates = seen.found if kind.sub_resource else seen.adopted
    unknown = [item for item in candidates if item["id"] not in ours]
    if not unknown:
        return []
    owners = {item["id"]: owner for item in unknown if (owner := scope.owner(kind.owner(item)))}
    lock(owners.values())
    if not kind.sub_resource:  # what we saw of a project in which something is being removed may be gone
        waiting = removing(owners, seen.moment)
        owners = {name: owner for name, owner in owners.items() if owner.project_id not in waiting}
    unknown = strangers(kind, scope, [item for item in unknown if item["id"] in owners], owners, seen)
    targets = related(kind, scope, unknown)
    made = []
    for item in unknown:
        tenant = owners[item["id"]]
        row = kind.model(tenant=tenant, project=tenant.project, service_settings=scope.service_settings)
        row.backend_id, row.state = item["id"], CoreState.OK
        if trouble := kind.trouble(item):
            row.state, row.error_message = CoreState.ERRED, trouble
        for name, value in fitting(kind.model, wanted(kind, row, item, targets)).items():
            setattr(row, name, value)
        if is_complete(row):
            made.append((row, item))
    kind.model._default_manager.bulk_create([row for row, _ in made], batch_size=BATCH)
    grown: dict[int, dict[str, int]] = {}
    for row, _ in made:
        grown[row.tenant_id] = quotas.added(grown.get(row.tenant_id, {}), quotas.of(row))
    counters.count_many(Tenant, grown)
    return made


def tell_of_new(kind: Kind, scope: Scope, rows: list[Any]) -> None:
    if not rows:
        return
    scope.introduce(rows)
    event_type = f"openstack_{kind.word}_imported" if kind.sub_resource else "resource_import_succeeded"
    record_many((event_type, f"{kind.label(row)} was found in the cloud.", row) for row in rows)
    taken_in.send(sender=kind.model, instances=rows)


def removing(owners: dict[str, Tenant], moment: datetime) -> set[int]:
    """The projects in which we have been removing something since the moment."""
    after = Q(finished__gte=moment) | Q(state__in=Operation.LIVE)
    projects = {owner.project_id for owner in owners.values()}
    removals = Operation.objects.filter(after, project__in=projects, workflow__endswith=".delete")
    return {pk for pk in removals.values_list("project_id", flat=True) if pk is not None}


def lock(tenants: Any) -> None:
    """Two pulls must not take in the same."""
    concerned = Tenant.objects.filter(pk__any_of={tenant.pk for tenant in tenants})
    list(concerned.order_by("pk").select_for_update().only("pk"))


def strangers(kind: Kind, scope: Scope, unknown: list[JSON], owners: dict[str, Tenant], seen: Look) -> list[JSON]:
    """Those that really have no row: not made here a moment ago, nor being made, nor removed since we looked."""
    ids, marks = [item["id"] for item in unknown], {mark for item in unknown if (mark := kind.mark(item))}
    rows = kind.model._default_manager.filter(service_settings=scope.service_settings)
    known, owned = set(), set()
    same = rows.filter(Q(backend_id__any_of=ids) | Q(uuid__in=marks))
    for backend_id, uuid in same.values_list("backend_id", "uuid"):
        known.add(backend_id)
        owned.add(uuid.hex)
    if marks:
        recent = Q(state__in=Operation.LIVE) | Q(modified__gte=seen.moment)
        at_work = Operation.objects.filter(recent, subject_uuid__in=marks)
        owned |= {uuid.hex for uuid in at_work.values_list("subject_uuid", flat=True)}
    making: set[int] = set()
    if not kind.is_marked:  # one of them may be what is being made; the next pull knows
        unmade = rows.filter(tenant__in={owner.pk for owner in owners.values()}, backend_id="")
        making = set(unmade.exclude(state__in=AT_REST).values_list("tenant_id", flat=True))
    return [
        item
        for item in unknown
        if item["id"] not in known and kind.mark(item) not in owned and owners[item["id"]].pk not in making
    ]


def is_complete(row: Any) -> bool:
    """A subnet of a network that we do not know can have no row."""
    return all(
        getattr(row, field.attname) is not None
        for field in row._meta.concrete_fields
        if not field.null and field.is_relation
    )
