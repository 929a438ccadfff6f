"""Many calls of one kind: clouds answer slowly, but several at a time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

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
