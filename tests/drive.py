"""Runs operations in the test's own process, as a worker would, without waiting for real time to pass."""

import time

from django.utils import timezone

from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner


def drain(runner: Runner | None = None, *, seconds: float = 60, pause: float = 0.01) -> None:
    """Advance every live operation until none is left; waits are cut short."""
    runner, end = runner or Runner(), time.monotonic() + seconds
    while True:
        live = list(Operation.objects.filter(state__in=Operation.LIVE).order_by("pk"))
        if not live:
            return
        if time.monotonic() > end:
            raise AssertionError(f"Still at work after {seconds} s: {[describe(operation) for operation in live]}")
        Operation.objects.filter(state__in=Operation.LIVE).update(next_run_at=timezone.now())
        advanced = [runner.advance(operation.uuid.hex) for operation in live]
        if any(operation is None or operation.is_live for operation in advanced):
            time.sleep(pause)


def describe(operation: Operation) -> str:
    entry = operation.current or {}
    return f"{operation} at {entry.get('title')!r}: {operation.error_message}"
