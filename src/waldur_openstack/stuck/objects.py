"""What became of servers, volumes, networks and the rest: looked up by id or mark, one listing per tenant and kind."""

from collections import defaultdict
from typing import Any

from django.db import transaction

from waldur_core.operations.errors import OperationError
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Backup, SyncRun, Tenant
from waldur_openstack.models.identity import tenant_models
from waldur_openstack.stuck.orphans import CREATING, DELETING, is_overdue, orphans, settle
from waldur_openstack.sync.block_storage import SNAPSHOT, VOLUME
from waldur_openstack.sync.compute import INSTANCE, SERVER_GROUP
from waldur_openstack.sync.errands import is_silent, note
from waldur_openstack.sync.kinds import Kind, Look
from waldur_openstack.sync.network import FLOATING_IP, NETWORK, PORT, ROUTER, SUBNET
from waldur_openstack.sync.reconcile import reconcile
from waldur_openstack.sync.security import SECURITY_GROUP

# what others refer to comes first
KINDS = (
    SECURITY_GROUP, SERVER_GROUP, NETWORK, ROUTER, SUBNET, INSTANCE, VOLUME, SNAPSHOT, PORT, FLOATING_IP,
)  # fmt: skip
SETTLED = ("ACTIVE", "DOWN", "SHUTOFF", "PAUSED", "SUSPENDED", "RESCUE", "SHELVED_OFFLOADED", "AVAILABLE", "IN-USE")


def resolve_objects(service: ServiceSettings, run: SyncRun) -> None:
    """Look at all of a cloud that is stuck. What it does not tell is asked later; raises what a silent cloud does."""
    for kind in KINDS:
        resolve_kind(kind, service, run)
    known = {kind.model for kind in KINDS}
    for model in tenant_models():
        if model not in known:
            resolve_by_time(model, service, run)


def resolve_kind(kind: Kind, service: ServiceSettings, run: SyncRun) -> None:
    by_tenant: dict[Tenant, list[Any]] = defaultdict(list)
    for row in orphans(kind.model, service_settings=service):
        by_tenant[row.tenant].append(row)
    for tenant, rows in by_tenant.items():
        run.rows_seen += len(rows)
        try:
            found = in_cloud(kind, tenant)
        except OperationError as error:
            if is_silent(error):
                raise
            note(run, f"{kind.plural} of tenant {tenant}", error)
            continue
        run.rows_changed += sum(resolve(kind, row, item_of(kind, row, found)) for row in rows)


def in_cloud(kind: Kind, tenant: Tenant) -> list[JSON]:
    """All of the kind in the tenant's project; a tenant without a project has nothing."""
    if not tenant.backend_id:
        return []
    cloud = Cloud.of(tenant.service_settings).in_project(tenant.backend_id)
    return kind.listing(cloud, tenant.backend_id)


def item_of(kind: Kind, row: Any, found: list[JSON]) -> JSON | None:
    """By its id, else by our mark, never by its name."""
    if row.backend_id:
        return next((item for item in found if item["id"] == row.backend_id), None)
    return next((item for item in found if kind.is_marked and kind.mark(item) == row.uuid.hex), None)


def resolve(kind: Kind, row: Any, item: JSON | None) -> bool:
    """Healthy: OK. Broken: ERRED with the reason. Gone, or never there: ERRED once it has had its time."""
    label = kind.label(row)
    if item is None:
        if not is_overdue(row):
            return False
        was = "made" if row.state in CREATING else "found"
        text = f"Timed out: {label} was left {row.state}, and cannot be {was} in the cloud."
        return settle(row, CoreState.ERRED, text)
    if trouble := kind.trouble(item):
        return settle(row, CoreState.ERRED, trouble, backend_id=item["id"])
    if row.state in DELETING:
        text = f"The deletion of {label} was interrupted, and it still exists in the cloud. Delete it again."
        return settle(row, CoreState.ERRED, text)
    if not is_settled(item):
        text = f"Timed out: {label} was left {row.state}, and is {item['status']} in the cloud."
        return is_overdue(row) and settle(row, CoreState.ERRED, text)
    return recover(kind, row, item)


def is_settled(item: JSON) -> bool:
    """Whether nothing is going on in the cloud either."""
    busy = item.get("OS-EXT-STS:task_state")
    return not busy and str(item.get("status", "ACTIVE")).upper() in SETTLED


def recover(kind: Kind, row: Any, item: JSON) -> bool:
    """The row says what the cloud says, and is OK."""
    with transaction.atomic():
        text = f"{kind.label(row)} was left {row.state}, and was found healthy in the cloud."
        if not settle(row, CoreState.OK, text, backend_id=item["id"]):
            return False
        reconcile(kind, row.tenant, Look([row], [item], complete=False), subject=row)
    return True


def resolve_by_time(model: Any, service: ServiceSettings, run: SyncRun) -> None:
    """What no cloud knows by itself. A backup is as good as its snapshots."""
    for row in orphans(model, service_settings=service):
        run.rows_seen += 1
        whole = isinstance(row, Backup) and row.state not in DELETING and row.snapshots.exists()
        if whole and not row.snapshots.exclude(state=CoreState.OK).exists():
            text = f"Backup {row} was left {row.state}; all of its snapshots are there."
            run.rows_changed += settle(row, CoreState.OK, text)
        elif is_overdue(row):
            title = str(model._meta.verbose_name)
            text = f"Timed out: {title} {row} was left {row.state} without an operation."
            run.rows_changed += settle(row, CoreState.ERRED, text)
