"""What resources say of their servers and volumes, brought up to date for all at once."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils import timezone

from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace_openstack.metadata import described
from waldur_mastermind.marketplace_openstack.recovery.resources import WITH_METADATA
from waldur_openstack.models import Instance, SyncRun
from waldur_openstack.sync.errands import told

TASK = "refresh_instance_backend_metadata"
BATCH = 500
COLUMNS = ("name", "backend_id", "backend_metadata")
Said = dict[int, tuple[str, dict[str, Any]]]  # {pk of the resource: (its name, its columns)}


@dataclass(frozen=True)
class Change:
    """A column of a resource, or an entry of its metadata, that was out of date."""

    resource: str
    column: str
    old: Any
    new: Any


def said(model: Any, **filters: Any) -> Said:
    """What the resources of these rows say; one query."""
    uuids = model.objects.filter(**filters).values("uuid")
    resources = Resource.objects.filter(scope_uuid__in=uuids).exclude(state=Resource.State.TERMINATED)
    return {
        row["pk"]: (row["name"], {"name": row["name"], "backend_id": row["backend_id"], **row["backend_metadata"]})
        for row in resources.values("pk", *COLUMNS)
    }


def changes(before: Said, after: Said) -> list[Change]:
    """What differs in resources that both know."""
    return [
        Change(name, column, before[pk][1].get(column), value)
        for pk, (name, columns) in after.items()
        if pk in before
        for column, value in columns.items()
        if before[pk][1].get(column) != value
    ]


def refresh_servers(service: ServiceSettings, run: SyncRun | None = None) -> int:
    """Bring up to date what resources say of the servers of a cloud; returns how many had to be written."""
    with told(service, TASK, run) as run:
        run.rows_changed = refresh(Instance, service_settings=service)
    return run.rows_changed


def refresh(model: Any, **filters: Any) -> int:
    """Write what differs; returns in how many resources. Some statements per batch of rows, which `filters` choose."""
    found = model.objects.filter(**filters).order_by("pk").prefetch_related(*WITH_METADATA[model])
    rows, written = found.iterator(chunk_size=BATCH), 0
    while some := {row.uuid: row for row in islice(rows, BATCH)}:
        written += _refresh_some(some)
    return written


def _refresh_some(scopes: dict[Any, Any]) -> int:
    changed = []
    for resource in Resource.objects.filter(scope_uuid__in=scopes).exclude(state=Resource.State.TERMINATED):
        values = described(scopes[resource.scope_uuid])
        if any(getattr(resource, column) != values[column] for column in COLUMNS):
            for column in COLUMNS:
                setattr(resource, column, values[column])
            resource.modified = timezone.now()
            changed.append(resource)
    if changed:
        Resource.objects.bulk_update(changed, [*COLUMNS, "modified"])
    return len(changed)
