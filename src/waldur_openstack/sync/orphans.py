"""Servers, volumes and snapshots that were made outside: when they become rows by themselves, and how.

What carries our mark is not an orphan: its row was forgotten on purpose (unlinked), or is about to go with it. Such an
object comes back only when somebody imports it. What is being made or removed waits until it is there for good.
"""

from dataclasses import replace

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


def orphans_in(kind: Kind, service: ServiceSettings, found: list[JSON]) -> tuple[JSON, ...]:
    """Those of `found` that are to be taken in although they stand on their own."""
    if kind.sub_resource or not adopts_orphans(service):
        return ()
    return tuple(item for item in found if is_orphan(kind, item))


def look_for_all(kind: Kind, tenant: Tenant, cloud: Cloud) -> Look:
    """All of a kind that a tenant has, and which of it is to be taken in."""
    seen = look(kind, tenant, cloud)
    return replace(seen, adopted=orphans_in(kind, tenant.service_settings, seen.found))
