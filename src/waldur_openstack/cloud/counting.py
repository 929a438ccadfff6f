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

    def one_more(self) -> None:
        with self._lock:
            self.calls += 1


_counter: ContextVar[Counter | None] = ContextVar("cloud_calls", default=None)


@contextmanager
def counted() -> Iterator[Counter]:
    """The calls made inside, and in threads that run in a copy of this context."""
    counter = Counter()
    token = _counter.set(counter)
    try:
        yield counter
    finally:
        _counter.reset(token)


def count_call() -> None:
    if counter := _counter.get():
        counter.one_more()
