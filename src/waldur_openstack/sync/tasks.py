"""The messages that make us look at clouds."""

from typing import Any

from celery import Task, shared_task
from django.conf import settings

from waldur_core.server.schedule import PERIODS
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import SyncRun
from waldur_openstack.sync import breaker
from waldur_openstack.sync.cycle import CHANGES, synchronise
from waldur_openstack.sync.errands import ERRANDS
from waldur_openstack.sync.leases import Busy
from waldur_openstack.sync.plans import PLANS, SYNCHRONISE, forget_old_runs, remind, spread

WAIT_SECONDS = 15  # for another look at the same cloud to end
MOST_WAITS = 240


@shared_task(name=SYNCHRONISE, bind=True, ignore_result=True, max_retries=MOST_WAITS)
def synchronise_cloud(self: "Task[Any, Any]", settings_uuid: str, task: str, run_uuid: str = "") -> None:
    """Look at one cloud as the plan says, or run an errand. What a person asked for is done although the circuit
    breaker is open."""
    service_settings = ServiceSettings.objects.filter(uuid=settings_uuid).first()
    run = SyncRun.objects.filter(uuid=run_uuid, state=SyncRun.State.SCHEDULED).first() if run_uuid else None
    if service_settings is None or (run_uuid and run is None):
        return
    if run is None and breaker.is_open(service_settings):
        return
    try:
        if errand := ERRANDS.get(task):
            errand(service_settings, run)
        else:
            plan = PLANS[task]
            synchronise(service_settings, plan.kinds, full=plan.full, task=task, run=run)
    except Busy as busy:
        if task != CHANGES:  # that one comes again in a minute
            raise self.retry(exc=busy, countdown=WAIT_SECONDS) from busy


@shared_task(name="openstack.sync_changes", ignore_result=True)
def sync_changes() -> int:
    """What has changed in the clouds since the last look; returns to how many a message was sent."""
    remind()
    return spread(CHANGES, PERIODS["sync_changes"])


@shared_task(name="openstack.pull_quotas", ignore_result=True)
def pull_quotas() -> int:
    """Limits and usages of all tenants."""
    return spread("pull_quotas", PERIODS["pull_quotas"])


@shared_task(name="openstack.pull_resources", ignore_result=True)
def pull_resources() -> int:
    """All servers, volumes and snapshots, and whether the projects are there."""
    return spread("pull_resources", PERIODS["pull_resources"])


@shared_task(name="openstack.pull_subresources", ignore_result=True)
def pull_subresources() -> int:
    """All networks and what belongs to them, security groups and server groups."""
    return spread("pull_subresources", PERIODS["pull_subresources"])


@shared_task(name="openstack.pull_properties", ignore_result=True)
def pull_properties() -> int:
    """Flavors, images, volume types, zones and external networks."""
    return spread("pull_properties", PERIODS["pull_properties"])


@shared_task(name="openstack.forget_sync_runs", ignore_result=True)
def forget_sync_runs() -> int:
    """Delete what is told of old runs."""
    return forget_old_runs(settings.WALDUR_OPENSTACK["SYNC_RUNS_KEPT_DAYS"])
