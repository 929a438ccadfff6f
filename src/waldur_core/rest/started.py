"""Remembers, during a request, which workflows it started; views check it against what they declare."""

from contextvars import ContextVar

_started: ContextVar[frozenset[str]] = ContextVar("started", default=frozenset())


def forget() -> None:
    _started.set(frozenset())


def remember(workflow: str) -> None:
    _started.set(_started.get() | {workflow})


def started() -> frozenset[str]:
    """Their names."""
    return _started.get()
