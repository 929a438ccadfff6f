"""What time itself sets going. Each task may run at any hour, any number of times, in any number of workers."""

from celery import shared_task

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.server.schedule import PERIODS
from waldur_core.structure.states import CoreState
from waldur_openstack import stuck
from waldur_openstack.copies import schedules
from waldur_openstack.copies.errands import BACKUPS, SNAPSHOTS, delete_everywhere
from waldur_openstack.keys import DISTRIBUTE, LEAVING, wanted_keys
from waldur_openstack.models import KeyDistribution, Tenant
from waldur_openstack.stuck.errands import DELETING_TENANTS, RESOURCES, UPDATING_TENANTS
from waldur_openstack.sync.plans import spread
from waldur_openstack.sync.tasks import (
    forget_sync_runs,
    pull_properties,
    pull_quotas,
    pull_resources,
    pull_subresources,
    sync_changes,
    synchronise_cloud,
)
from waldur_openstack.workflows.identity import DistributeKeys

__all__ = [  # Celery looks for tasks here
    "forget_sync_runs",
    "pull_properties",
    "pull_quotas",
    "pull_resources",
    "pull_subresources",
    "sync_changes",
    "synchronise_cloud",
]

IDLE = (CoreState.OK, CoreState.ERRED)


@shared_task(name="openstack.run_due_schedules")
def run_due_schedules() -> int:
    """Make the snapshots and backups whose time has come; returns how many."""
    return schedules.run_due_schedules()


@shared_task(name="openstack.delete_expired_backups")
def delete_expired_backups() -> int:
    """Delete backups past their `kept_until`; returns how many."""
    return delete_everywhere(BACKUPS)


@shared_task(name="openstack.delete_expired_snapshots")
def delete_expired_snapshots() -> int:
    """Delete snapshots past their `kept_until`, but no parts of backups; returns how many."""
    return delete_everywhere(SNAPSHOTS)


@shared_task(name=DISTRIBUTE, ignore_result=True)
def distribute_keys() -> int:
    """Start the comparison for every tenant that is marked, unless one is under way; returns for how many."""
    started = 0
    marked = KeyDistribution.objects.filter(pending=True, state__in=IDLE).exclude(tenant__state__in=LEAVING)
    for distribution in marked.select_related("tenant", "project__customer").order_by("pk"):
        busy = Operation.objects.filter(subject_uuid=distribution.uuid, state__in=Operation.LIVE).exists()
        if not busy:
            start(DistributeKeys, distribution, user=None)
            started += 1
    return started


@shared_task(name="openstack.check_keys", ignore_result=True)
def check_keys() -> int:
    """The safety net, for roles that have expired and messages that were lost: mark the tenants whose keys differ."""
    tenants = Tenant.objects.exclude(user_id="").exclude(state__in=LEAVING).select_related("project")
    known = {
        distribution.tenant_id: distribution for distribution in KeyDistribution.objects.filter(tenant__in=tenants)
    }
    missing = [tenant for tenant in tenants if tenant.pk not in known and tenant.state == CoreState.OK]
    KeyDistribution.objects.bulk_create(
        [
            KeyDistribution(
                tenant=tenant,
                name=tenant.name,
                project_id=tenant.project_id,
                service_settings_id=tenant.service_settings_id,
                state=CoreState.OK,
                pending=True,
            )
            for tenant in missing
        ],
        ignore_conflicts=True,
    )
    differing = [
        known[pk].pk for pk, keys in wanted_keys(tenants).items() if pk in known and known[pk].names != sorted(keys)
    ]
    KeyDistribution.objects.filter(pk__in=differing).update(pending=True)
    return int(distribute_keys())


@shared_task(name="openstack.resolve_stuck_resources", ignore_result=True)
def resolve_stuck_resources() -> int:
    """Ask each cloud what became of rows that are changing in no operation's hands; returns how many are asked."""
    stuck.resolve_connections()
    return spread(RESOURCES, PERIODS[RESOURCES])


@shared_task(name="openstack.mark_stuck_updating_tenants_as_erred", ignore_result=True)
def mark_stuck_updating_tenants_as_erred() -> int:
    """The same for tenants left UPDATING."""
    return spread(UPDATING_TENANTS, PERIODS[UPDATING_TENANTS])


@shared_task(name="openstack.mark_stuck_deleting_tenants_as_erred", ignore_result=True)
def mark_stuck_deleting_tenants_as_erred() -> int:
    """The same for tenants left DELETING."""
    return spread(DELETING_TENANTS, PERIODS[DELETING_TENANTS])
