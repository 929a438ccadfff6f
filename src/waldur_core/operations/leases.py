"""A lease says which worker is on an operation. A killed worker's lease ends by itself; then another takes over."""

import logging
import threading
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from waldur_core.operations.models import Operation

LEASE = timedelta(seconds=settings.OPERATIONS_LEASE_SECONDS)
RENEW_EVERY = LEASE.total_seconds() / 3  # so that one missed renewal does not lose it

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has taken the operation over: stop, write nothing."""


def claim(operation_uuid: str | uuid.UUID) -> Operation | None:
    """Take the lease of a due operation; None when it is not due, has ended, or is in other hands."""
    now, token = timezone.now(), uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = Operation.objects.filter(free, uuid=operation_uuid, state__in=Operation.LIVE, next_run_at__lte=now)
    if not due.update(lease_token=token, lease_until=now + LEASE):
        return None
    return Operation.objects.select_related("project__customer", "user").get(uuid=operation_uuid)


def save(operation: Operation, **fields: object) -> None:
    """Write fields of an operation we hold, and renew the lease with them; LeaseLost when we do not hold it."""
    if operation.lease_token is None:
        raise LeaseLost(str(operation))
    fields.setdefault("lease_until", timezone.now() + LEASE)
    mine = Operation.objects.filter(pk=operation.pk, lease_token=operation.lease_token)
    if not mine.update(modified=timezone.now(), **fields):
        raise LeaseLost(str(operation))
    for name, value in fields.items():
        setattr(operation, name, value)


class LeaseKeeper:
    """Renews, from one thread per process, the leases of the operations this process works on.

    The first lease starts the thread: so each child of a forking worker gets its own.
    """

    def __init__(self) -> None:
        self._tokens: set[uuid.UUID] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def hold(self, token: uuid.UUID) -> None:
        with self._lock:
            self._tokens.add(token)
        self.start()

    def drop(self, token: uuid.UUID) -> None:
        with self._lock:
            self._tokens.discard(token)

    def start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=5)
            self._thread = None

    def _run(self) -> None:
        while not self._stop.wait(RENEW_EVERY):
            with self._lock:
                tokens = list(self._tokens)
            if tokens:
                self._renew(tokens)

    @staticmethod
    def _renew(tokens: list[uuid.UUID]) -> None:
        try:
            Operation.objects.filter(lease_token__in=tokens).update(lease_until=timezone.now() + LEASE)
        except Exception:  # the database is away for a moment: the next round tries again
            logger.exception("Leases could not be renewed")
        finally:
            connection.close()


keeper = LeaseKeeper()
