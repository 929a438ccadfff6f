"""The messages: "advance this operation" and the periodic sweep for those whose message was lost."""

from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from waldur_core.operations.messages import ADVANCE
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner

SWEEP_GRACE = timedelta(seconds=2)  # a message on its way gets this long before the sweep sends another
SWEEP_MESSAGE_LIFE = 30.0  # seconds; so that the messages of many sweeps do not pile up before busy workers


@shared_task(name=ADVANCE, ignore_result=True)
def advance(operation_uuid: str) -> None:
    """Work on one operation until it ends or has to wait."""
    Runner().advance(operation_uuid)


@shared_task(name="operations.sweep", ignore_result=True)
def sweep(limit: int = 1000) -> int:
    """Wake the operations that are due and in nobody's hands; returns how many."""
    now = timezone.now()
    unheld = Q(lease_until=None) | Q(lease_until__lt=now)
    due = Operation.objects.filter(unheld, state__in=Operation.LIVE, next_run_at__lt=now - SWEEP_GRACE)
    uuids = list(due.order_by("next_run_at").values_list("uuid", flat=True)[:limit])
    for uuid in uuids:
        advance.apply_async((uuid.hex,), expires=SWEEP_MESSAGE_LIFE)
    return len(uuids)
