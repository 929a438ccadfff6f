"""Pages as Nova and Cinder give them: ``limit``, ``marker`` and a ``next`` link."""

from __future__ import annotations

from collections.abc import Callable

from .errors import ApiError, bad_request
from .state import Obj
from .wire import Call


def cut(call: Call, found: list[Obj], no_marker: Callable[[str], ApiError]) -> tuple[list[Obj], bool]:
    """The rows after the marker, and whether a further page may follow (it does when this one is full)."""
    limit, full = size(call)
    start, marker = 0, call.arg("marker")
    if marker:
        start = next((place for place, obj in enumerate(found) if obj["id"] == marker), -1) + 1
        if start == 0:
            raise no_marker(marker)
    offset = call.arg("offset")
    start += int(offset) if offset and offset.isdigit() else 0
    rows = found[start : start + limit]
    return rows, bool(rows) and len(rows) == limit and (full or start + limit < len(found))


def size(call: Call) -> tuple[int, bool]:
    """The page size, and whether the caller asked for it."""
    text = call.arg("limit")
    most = call.cloud.max_limit
    if text is None:
        return most, False
    if not text.isdigit():
        raise refusal(call, text)
    limit = int(text)
    return (min(limit, most) if limit else most), bool(limit)


def refusal(call: Call, text: str) -> ApiError:
    if call.service == "compute":
        return bad_request(
            f"Invalid input for query parameters limit. Value: {text}. '{text}' does not match '^[0-9]*$'"
        )
    negative = text.startswith("-") and text[1:].isdigit()
    return bad_request(f"limit param must be {'positive' if negative else 'an integer'}")


def next_link(call: Call, marker: str) -> list[Obj]:
    query = call.query_with(marker=marker)
    return [{"rel": "next", "href": f"{call.base}{call.path}?{query}"}]
