"""What a listener tells of itself: counted in memory, written every few seconds."""

import os
import socket
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

from django.utils import timezone

from waldur_core.secrets.redaction import redact
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import NotificationListener

FORGOTTEN = timedelta(days=1)


class State:
    """Of one process and one cloud. Thread-safe; `write` is for the one thread that keeps it."""

    def __init__(self, service_settings: ServiceSettings) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[str] = Counter()
        self._fields: dict[str, Any] = {}
        old = NotificationListener.objects.filter(service_settings=service_settings)
        old.filter(seen__lt=timezone.now() - FORGOTTEN).delete()
        zero = dict.fromkeys(NotificationListener.COUNTERS, 0)
        self.row, _ = NotificationListener.objects.update_or_create(
            service_settings=service_settings,
            name=f"{socket.gethostname()[:100]}:{os.getpid()}",
            defaults={"connected": False, "error_message": "", "seen": timezone.now(), "exchanges": [], **zero},
        )

    def count(self, name: str, amount: int = 1) -> None:
        with self._lock:
            self._counted[name] += amount

    def received(self) -> None:
        with self._lock:
            self._counted["received"] += 1
            self._fields["last_message"] = timezone.now()

    def connected(self) -> None:
        since = timezone.now()
        with self._lock:
            self._fields |= {"connected": True, "connected_since": since, "error_message": ""}

    def reading(self, exchanges: list[str]) -> None:
        with self._lock:
            self._fields["exchanges"] = [*exchanges]

    def disconnected(self, reason: str = "") -> None:
        with self._lock:
            self._fields |= {"connected": False, "connected_since": None, "error_message": redact(reason)}

    def write(self) -> None:
        """One UPDATE: what has changed since the last, and that we are alive."""
        with self._lock:
            fields, self._fields = self._fields, {}
            counted = dict(self._counted)
        fields |= {"seen": timezone.now(), **counted}
        NotificationListener.objects.filter(pk=self.row.pk).update(**fields)
