"""How many calls a piece of work makes, in whatever threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Counter:
    """Counts; of several threads."""

    def __init__(self) -> None:
        self.calls = 0
        self._lock = threading.Lock()

    def add(self, calls: int = 1) -> None:
        with self._lock:
            self.calls += calls


_counter: ContextVar[Counter | None] = ContextVar("cloud_calls", default=None)


@contextmanager
def counted() -> Iterator[Counter]:
    """The calls made inside, and in threads that run in a copy of this context."""
    outer, counter = _counter.get(), Counter()
    token = _counter.set(counter)
    try:
        yield counter
    finally:
        _counter.reset(token)
        if outer:
            outer.add(counter.calls)


def count_call() -> None:
    if counter := _counter.get():
        counter.add()
