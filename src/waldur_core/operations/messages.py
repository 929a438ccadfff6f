"""Sending "advance this operation": by the name of the task, so that starting one does not need the runner."""

from typing import Any

from celery import current_app
from django.db import transaction

ADVANCE = "operations.advance"
LONGEST_DELAY = 60.0  # seconds; longer waits are left to the sweep


def wake(operation: Any, delay: float = 0) -> None:
    """Send the message once the transaction has committed; one that is lost, or that no broker took, is the sweep's."""
    if delay <= LONGEST_DELAY:
        transaction.on_commit(lambda: _send(operation.uuid.hex, delay), robust=True)


def _send(uuid: str, delay: float) -> None:
    current_app.send_task(ADVANCE, (uuid,), countdown=delay or None)
