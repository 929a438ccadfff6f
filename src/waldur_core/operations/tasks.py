"""The messages: "advance this operation" and the periodic sweep for those whose message was lost."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from waldur_core.operations.models import Operation

LONGEST_MESSAGE_DELAY = 60.0  # seconds; longer waits are left to the sweep
SWEEP_GRACE = timedelta(seconds=2)  # a message on its way gets this long before the sweep sends another
SWEEP_MESSAGE_LIFE = 30.0  # seconds; so that the messages of many sweeps do not pile up before busy workers


@shared_task(name="operations.advance", ignore_result=True)
def advance(operation_uuid: str) -> None:
    """Work on one operation until it ends or has to wait."""
    from waldur_core.operations.runner import Runner

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


def wake(operation: Any, delay: float = 0) -> None:
    """Send the message once the transaction has committed; one that is lost, or that no broker took, is the sweep's."""
    if delay <= LONGEST_MESSAGE_DELAY:
        transaction.on_commit(lambda: advance.apply_async((operation.uuid.hex,), countdown=delay or None), robust=True)
