"""Signals that ask a command to stop: it stops what it is at, and then nothing keeps it from cleaning up."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ASKING = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Somebody wants us to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextmanager
def handled(action: Any) -> Iterator[None]:
    """The signals do `action` inside; only a main thread can say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, action) for number in ASKING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupt(number: int, _: Any) -> None:
    raise Interrupted(number)


def interruptible() -> Any:
    """Inside, the signals raise Interrupted."""
    return handled(interrupt)


def undisturbed() -> Any:
    """Inside, the signals are ignored."""
    return handled(signal.SIG_IGN)
