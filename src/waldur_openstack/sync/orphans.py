"""Servers, volumes and snapshots that were made outside: when they become rows by themselves, and how.

What carries our mark is not an orphan: its row was forgotten on purpose (unlinked), or is about to go with it. Such an
object comes back only when somebody imports it. What is being made or removed waits until it is there for good.
"""

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant
from waldur_openstack.sync.kinds import Kind, Look
from waldur_openstack.sync.reconcile import look

OPTION = "import_orphans"  # of the cloud, true unless set to false
PASSING = frozenset(
    {
        "BUILD", "DELETED", "SOFT_DELETED",
        "creating", "downloading", "uploading", "deleting", "error_deleting", "deleted", "managing", "unmanaging",
    }
)  # fmt: skip


def adopts_orphans(service: ServiceSettings) -> bool:
    return service.options.get(OPTION, True) is not False


def is_orphan(kind: Kind, item: JSON) -> bool:
    """Made by others, and there for good; Cinder's own helpers in a migration are not."""
    migrating = str(item.get("migration_status") or "").startswith("target:")
    busy = item["status"] in PASSING or bool(item.get("OS-EXT-STS:task_state")) or migrating
    return not busy and not kind.mark(item)


def look_for_all(kind: Kind, tenant: Tenant, cloud: Cloud) -> Look:
    """All of a kind that a tenant has, and which of it is to be taken in."""
    seen = look(kind, tenant, cloud)
    return with_orphans(kind, tenant, seen)


def with_orphans(kind: Kind, tenant: Tenant, seen: Look) -> Look:
    if kind.sub_resource or not adopts_orphans(tenant.service_settings):
        return seen
    orphans = tuple(item for item in seen.found if is_orphan(kind, item))
    return Look(seen.rows, seen.found, seen.complete, orphans, seen.moment)
