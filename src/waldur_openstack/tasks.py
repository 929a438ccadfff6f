"""What time itself sets going. Each task may run at any hour, any number of times, in any number of workers."""

from celery import shared_task

from waldur_openstack.copies import retention, schedules
from waldur_openstack.models import Backup, Snapshot


@shared_task(name="openstack.run_due_schedules")
def run_due_schedules() -> int:
    """Make the snapshots and backups whose time has come; returns how many."""
    return schedules.run_due_schedules()


@shared_task(name="openstack.delete_expired_backups")
def delete_expired_backups() -> int:
    """Delete backups past their `kept_until`; returns how many."""
    return retention.delete_expired(Backup.objects.all())


@shared_task(name="openstack.delete_expired_snapshots")
def delete_expired_snapshots() -> int:
    """Delete snapshots past their `kept_until`, but no parts of backups; returns how many."""
    return retention.delete_expired(Snapshot.objects.filter(backups=None))
