"""Schedules: their next time, and the copies that are due."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import APIException

from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.copies import crontab
from waldur_openstack.copies.conditions import BUSY, require_copyable, require_volumes_copyable
from waldur_openstack.copies.retention import remove_excess
from waldur_openstack.copies.taking import take_backup, take_snapshot
from waldur_openstack.models import BackupSchedule, Instance, SnapshotSchedule, Volume
from waldur_openstack.models.copies import Schedule

logger = logging.getLogger(__name__)
S = CoreState


def set_next_time(schedule: Schedule) -> None:
    """From now on; an inactive schedule has none."""
    after = timezone.now()
    zone = ZoneInfo(schedule.timezone)
    schedule.next_trigger_at = crontab.next_time(schedule.schedule, zone, after) if schedule.is_active else None


def activate(schedule: Schedule) -> None:
    schedule.is_active, schedule.error_message, schedule.state = True, "", S.OK
    set_next_time(schedule)
    schedule.save()


def deactivate(schedule: Schedule, error: str = "") -> None:
    """Stop; with the reason, when it is not a person's wish."""
    schedule.is_active, schedule.error_message = False, error
    schedule.state = S.ERRED if error else S.OK
    set_next_time(schedule)
    schedule.save()


def run_due_schedules() -> int:
    """Make the copies that are due; returns how many. Any number of workers may do it at once."""
    now, made = timezone.now(), 0
    for model, run in ((SnapshotSchedule, _run_snapshot_schedule), (BackupSchedule, _run_backup_schedule)):
        due = model._default_manager.filter(is_active=True, next_trigger_at__lte=now).order_by("next_trigger_at")
        made += sum(_run_alone(model, pk, run, now) for pk in due.values_list("pk", flat=True))
    return made


def _run_alone(model: Any, pk: int, run: Callable[[Any, datetime], None], now: datetime) -> bool:
    """One schedule, once for each due time: its next time is moved in the transaction that makes the copy."""
    with transaction.atomic():
        due = model.objects.filter(pk=pk, is_active=True, next_trigger_at__lte=now)
        schedule = due.select_for_update(skip_locked=True, of=("self",)).select_related("tenant").first()
        if schedule is None or schedule.tenant.state in BUSY:
            return False
        try:
            with transaction.atomic():
                run(schedule, now)
        except Postponed:
            return False
        except APIException as error:
            logger.warning("%s %s is turned off: %s", model.__name__, schedule.uuid.hex, error.detail)
            deactivate(schedule, _text(error))
            return False
        schedule.call_count += 1
        set_next_time(schedule)
        schedule.save()
        return True


class Postponed(Exception):
    """The object is busy: it will be copied by one of the next runs."""


def _run_snapshot_schedule(schedule: SnapshotSchedule, now: datetime) -> None:
    volume = Volume.objects.select_for_update(of=("self",)).get(pk=schedule.source_volume_id)
    _require_settled(schedule, volume)
    require_copyable(volume)
    take_snapshot(volume, user=None, snapshot_schedule=schedule, **_attributes(schedule, now))
    remove_excess(schedule.snapshots.filter(backups=None), schedule.maximal_number_of_resources)


def _run_backup_schedule(schedule: BackupSchedule, now: datetime) -> None:
    instance = Instance.objects.select_for_update(of=("self",)).get(pk=schedule.instance_id)
    _require_settled(schedule, instance, *instance.volumes.all())
    if instance.state != S.OK:
        raise Conflict(f"The instance is {instance.state}; it must be OK.")
    require_volumes_copyable(instance)
    take_backup(instance, user=None, backup_schedule=schedule, **_attributes(schedule, now))
    remove_excess(schedule.backups.all(), schedule.maximal_number_of_resources)


def _require_settled(schedule: Schedule, *objects: Any) -> None:
    if schedule.tenant.state != S.OK:
        raise Conflict(f"The tenant is {schedule.tenant.state}; it must be OK.")
    if any(obj.state in BUSY for obj in objects):
        raise Postponed


def _attributes(schedule: Schedule, now: datetime) -> dict[str, Any]:
    kept_until = now + timedelta(days=schedule.retention_time) if schedule.retention_time else None
    stamp = now.astimezone(ZoneInfo(schedule.timezone)).strftime("%Y-%m-%d %H:%M")
    return {"name": f"{schedule.name[:120]} {stamp}", "kept_until": kept_until}


def _text(error: APIException) -> str:
    """The sentences of an error."""
    detail: Any = error.detail
    if isinstance(detail, dict):
        detail = [sentence for sentences in detail.values() for sentence in sentences]
    return " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)
