"""The deletion of expired copies, cloud by cloud: told where there are any, and started by hand."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.copies import retention
from waldur_openstack.models import Backup, Snapshot, SyncRun
from waldur_openstack.sync.errands import Errand, told

BACKUPS, SNAPSHOTS = "delete_expired_backups", "delete_expired_snapshots"
COPIES: dict[str, Callable[[], QuerySet[Any]]] = {
    BACKUPS: Backup.objects.all,
    SNAPSHOTS: lambda: Snapshot.objects.filter(backups=None),  # the parts of backups go with them
}


def errand(task: str) -> Errand:
    def delete(service: ServiceSettings, run: SyncRun | None = None) -> int:
        with told(service, task, run) as run:
            run.rows_changed = retention.delete_expired(COPIES[task]().filter(service_settings=service))
        return run.rows_changed

    return delete


ERRANDS: dict[str, Errand] = {task: errand(task) for task in COPIES}


def delete_everywhere(task: str) -> int:
    """In all clouds in which there is something to delete; returns how many deletions have begun."""
    concerned = retention.expired(COPIES[task]()).values("service_settings")
    return sum(ERRANDS[task](service, None) for service in ServiceSettings.objects.filter(pk__in=concerned))
