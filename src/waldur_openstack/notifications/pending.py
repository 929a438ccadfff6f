"""Hints that wait to be read: one per object, however many messages come, and at a rate that a cloud can bear."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from waldur_openstack.notifications.hints import Hint


@dataclass(frozen=True)
class Pace:
    """`pause`: seconds from the first hint to the read. `again`: seconds between two reads of one object. `rate`: reads
    per second. `storm`: from so many objects on, one sync of the whole cloud is cheaper. `most`: how many may wait.
    """

    pause: float = 0.5
    again: float = 2.0
    rate: float = 10.0
    storm: int = 100
    most: int = 10000


class Pending:
    """Thread-safe. `clock` gives seconds."""

    def __init__(self, pace: Pace | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.pace = pace or Pace()
        self._clock = clock
        self._due: dict[tuple[str, str], tuple[float, Hint]] = {}
        self._read: dict[tuple[str, str], float] = {}
        self._next = 0.0
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._due)

    def add(self, hint: Hint) -> str:
        """What becomes of it, as the counters call it: "" when it waits, coalesced, or dropped."""
        with self._changed:
            if hint.key in self._due:
                return "coalesced"
            if len(self._due) >= self.pace.most:
                return "dropped"
            now = self._clock()
            due = max(now + self.pace.pause, self._read.get(hint.key, 0) + self.pace.again)
            self._due[hint.key] = (due, hint)
            self._changed.notify()
            return ""

    def take(self, timeout: float) -> Hint | None:
        """The hint that is due first, once its time has come and the rate allows it; None after `timeout` seconds."""
        end = self._clock() + timeout
        with self._changed:
            while True:
                now = self._clock()
                due, hint = min(self._due.values(), key=lambda item: item[0], default=(end, None))
                ready = max(due, self._next)
                if hint is not None and ready <= now:
                    return self._taken(hint, now)
                if now >= end:
                    return None
                self._changed.wait(min(ready, end) - now if hint else end - now)

    def _taken(self, hint: Hint, now: float) -> Hint:
        del self._due[hint.key]
        self._next = now + 1 / self.pace.rate
        self._read = {key: read for key, read in self._read.items() if read > now - self.pace.again}
        self._read[hint.key] = now
        return hint

    @property
    def is_storm(self) -> bool:
        return len(self._due) >= self.pace.storm

    def take_all(self) -> list[Hint]:
        with self._changed:
            hints = [hint for _, hint in self._due.values()]
            self._due.clear()
            return hints
