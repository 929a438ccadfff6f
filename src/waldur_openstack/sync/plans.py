"""The periodic looks at clouds (seed: Scheduled Tasks), and the looks that are asked for by hand."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.models import CloudSync, SyncRun
from waldur_openstack.sync.cycle import CHANGES
from waldur_openstack.sync.errands import ERRANDS
from waldur_openstack.sync.register import ORDER, WHOLE

SYNCHRONISE = "openstack.synchronise"
RESOURCES = ("instance", "volume", "snapshot")
LOST_AFTER = timedelta(minutes=2)  # a message that has not been taken up by then
CONNECTED = (CoreState.OK, CoreState.ERRED)


@dataclass(frozen=True)
class Plan:
    """What is looked at. `full`: all of it, not only what has changed since."""

    kinds: tuple[str, ...]
    full: bool = True


PLANS: dict[str, Plan] = {
    CHANGES: Plan(tuple(WHOLE), full=False),
    "pull_quotas": Plan(("quota",)),
    "pull_resources": Plan(("tenant", *RESOURCES)),
    "pull_subresources": Plan(("external_network", *(word for word in WHOLE if word not in RESOURCES))),
    "pull_properties": Plan(("catalogue", "external_network")),
    "pull_everything": Plan(ORDER),
}


def tasks() -> list[str]:
    """All that can be asked for."""
    return [*PLANS, *ERRANDS]


def spread(task: str, life: float) -> int:
    """Send one message per cloud, so that a slow cloud delays no other; returns how many.

    Clouds whose circuit breaker is open are left alone. A message that has waited for `life` seconds is dropped: the
    next one is on its way.
    """
    clouds = ServiceSettings.objects.filter(type="OpenStack", state__in=CONNECTED)
    spared = CloudSync.objects.filter(next_try__gt=timezone.now()).values("service_settings_id")
    uuids = list(clouds.exclude(pk__in=spared).values_list("uuid", flat=True))
    for uuid in uuids:
        current_app.send_task(SYNCHRONISE, (uuid.hex, task), expires=life)
    return len(uuids)


def ask_for(service_settings: ServiceSettings, task: str, user: Any) -> SyncRun:
    """A run that somebody wants; its message is sent when the transaction has committed."""
    run = SyncRun.objects.create(service_settings=service_settings, task=task, user=user)
    transaction.on_commit(lambda: _send(run), robust=True)
    return run


def remind() -> int:
    """Send again the messages of runs that nobody has taken up; returns how many."""
    waiting = SyncRun.objects.filter(state=SyncRun.State.SCHEDULED, modified__lt=timezone.now() - LOST_AFTER)
    runs = list(waiting.select_related("service_settings"))
    waiting.update(modified=timezone.now())
    for run in runs:
        _send(run)
    return len(runs)


def _send(run: SyncRun) -> None:
    current_app.send_task(SYNCHRONISE, (run.service_settings.uuid.hex, run.task, run.uuid.hex))


def forget_old_runs(days: float) -> int:
    """Delete what is told of runs after so many days; of those that changed nothing after one. Returns how many."""
    now = timezone.now()
    quiet = Q(state=SyncRun.State.DONE, rows_changed=0, rows_missing=0, rows_new=0)
    old = Q(created__lt=now - timedelta(days=days)) | quiet & Q(created__lt=now - timedelta(days=min(days, 1)))
    return SyncRun.objects.filter(old).exclude(state=SyncRun.State.RUNNING).delete()[0]
