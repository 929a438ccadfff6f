"""Remembers, during a request, which of the two questions were asked. Views check it before they let an answer out."""

from contextvars import ContextVar

VISIBILITY, PERMISSION = "visibility", "permission"

_asked: ContextVar[frozenset[str]] = ContextVar("asked", default=frozenset())


def forget() -> None:
    _asked.set(frozenset())


def remember(question: str) -> None:
    _asked.set(_asked.get() | {question})


def was_asked(question: str) -> bool:
    return question in _asked.get()
