"""Asking a cloud for the next page while the last one is being worked on: at most one page waits."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextvars import copy_context
from datetime import datetime
from typing import Generic, TypeVar

from django.utils import timezone

P = TypeVar("P")


class Ahead(Generic[P]):
    """(when it was asked for, page) of a listing. The first is asked for at once, in a thread of the pool."""

    def __init__(self, pool: Executor, begin: Callable[[], Iterator[P]]) -> None:
        self._pool = pool
        self._begin = begin
        self._pages: Iterator[P] | None = None
        self._next = self._ask()

    def __iter__(self) -> Iterator[tuple[datetime, P]]:
        """Raises what asking has raised."""
        while (page := self._next.result()) is not None:
            self._next = self._ask()
            yield page

    def _ask(self) -> "Future[tuple[datetime, P] | None]":
        return self._pool.submit(copy_context().run, self._read)

    def _read(self) -> tuple[datetime, P] | None:
        moment = timezone.now()
        if self._pages is None:
            self._pages = self._begin()
        for page in self._pages:
            return moment, page
        return None
