"""The twin's own time: the wall clock plus an offset that tests may advance."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch, which :meth:`advance` can move forward without waiting."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._second = -1
        self._stamp = ""

    def now(self) -> float:
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += seconds

    def stamp(self) -> str:
        """The present second as ``2026-01-31T12:00:00`` (UTC); every service adds its own suffix."""
        second = int(self.now())
        if second != self._second:
            self._second, self._stamp = second, iso(second)
        return self._stamp


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def parse(text: str) -> str | None:
    """Any ISO 8601 moment as a stamp that compares with :meth:`Clock.stamp`; None when it is not one."""
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
