"""What other apps do about a cloud, beside our own looks: started and told like these. They register it themselves.

An errand may run any number of times, in any number of workers; it needs no lease on the cloud.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from waldur_core.operations.errors import CloudFailure, OperationError, Unreachable
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud.counting import counted
from waldur_openstack.models import SyncRun

logger = logging.getLogger(__name__)

Errand = Callable[[ServiceSettings, SyncRun | None], Any]
ERRANDS: dict[str, Errand] = {}  # by the task of their runs
LONGEST = timedelta(hours=1)  # a run that says for so long that it is running has lost its worker
DIED = "The worker ended before the run did."


def register(task: str, work: Errand) -> None:
    """`work(service_settings, run)` does it for one cloud; `run` is given when somebody has asked for it. It may raise
    leases.Busy, and is called again then."""
    ERRANDS[task] = work


@contextmanager
def told(service_settings: ServiceSettings, task: str, run: SyncRun | None = None) -> Iterator[SyncRun]:
    """The run of an errand, for its numbers; saved when it begins and when it has ended, well or badly."""
    dead = SyncRun.objects.filter(service_settings=service_settings, task=task, state=SyncRun.State.RUNNING)
    dead.filter(started__lt=timezone.now() - LONGEST).update(
        state=SyncRun.State.ERRED, ended=timezone.now(), error=DIED
    )
    run = run or SyncRun(service_settings=service_settings, task=task)
    run.state, run.started = SyncRun.State.RUNNING, timezone.now()
    run.save()
    with counted() as counter:
        try:
            yield run
        except Exception as error:  # it must not look as if the run went on
            finish(run, counter.calls, f"{type(error).__name__}: {error}")
            raise
    finish(run, counter.calls)


def note(run: SyncRun, subject: str, error: OperationError) -> None:
    """What could not be looked at, and why; it waits for the next time."""
    logger.warning("%s of %s: %s: %s", run.task, run.service_settings, subject, error.message)
    run.error = f"{run.error}\n{subject}: {error.message}".strip()


def is_silent(error: OperationError) -> bool:
    """Whether the cloud would not tell of anything else either; a 500 may be about one object alone."""
    return isinstance(error, Unreachable) and not isinstance(error, CloudFailure)


def finish(run: SyncRun, calls: int, error: str = "") -> None:
    """What `run.error` says already stays."""
    run.error = "\n".join(filter(None, (run.error, error)))
    run.state = SyncRun.State.ERRED if run.error else SyncRun.State.DONE
    run.cloud_calls, run.ended = calls, timezone.now()
    run.save()
