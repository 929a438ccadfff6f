"""Many calls of one kind: clouds answer slowly, but several at a time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST_AT_ONCE = 8  # calls of one operation under way; a cloud has other users too


def each(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What `function` says of every item. All are tried; then the first error, in the order of the items, is raised."""
    found = list(items)
    if len(found) < 2:
        return [function(item) for item in found]
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(found)), thread_name_prefix="cloud-call") as pool:
        calls = [pool.submit(copy_context().run, function, item) for item in found]
    return [call.result() for call in calls]


def for_each(function: Callable[[T], object], items: Iterable[T]) -> None:
    """The same where nothing is said."""
    each(function, items)


def as_done(function: Callable[[T], R], items: Iterable[T]) -> Iterator[list[tuple[T, R | BaseException]]]:
    """Items with what `function` returned or raised, in the caller's thread: all that are known at a time, as soon as
    they are. Should the caller stop listening, what has not begun is not called.
    """
    pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="cloud-call")
    try:
        calls = {pool.submit(copy_context().run, function, item): item for item in items}
        while calls:
            done, _ = wait(calls, return_when=FIRST_COMPLETED)
            yield [(calls.pop(call), call.exception() or call.result()) for call in done]
    finally:
        pool.shutdown(cancel_futures=True)
