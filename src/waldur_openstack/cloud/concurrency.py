"""Many calls of one kind: clouds answer slowly, but several at a time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST_AT_ONCE = 8  # calls of one operation under way; a cloud has other users too


def for_each(function: Callable[[T], object], items: Iterable[T]) -> None:
    """Call `function` on every item. All are tried; then the first error, in the order of the items, is raised."""
    found = list(items)
    if len(found) < 2:
        for item in found:
            function(item)
        return
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(found)), thread_name_prefix="cloud-call") as pool:
        calls = [pool.submit(function, item) for item in found]
    for call in calls:
        call.result()


def gathered(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What `function` returns for each item, in their order; the first error is raised once all have ended."""
    with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="cloud-call") as pool:
        return list(pool.map(function, items))


def as_done(function: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | BaseException]]:
    """Each item with what `function` returned or raised, as soon as that is known, in the caller's thread.

    Should the caller stop listening, what has not begun is not called.
    """
    pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="cloud-call")
    try:
        calls = {pool.submit(function, item): item for item in items}
        for call in as_completed(calls):
            error = call.exception()
            yield calls[call], call.result() if error is None else error
    finally:
        pool.shutdown(cancel_futures=True)
