"""Lists of objects: whose (the filter), which ids (a range or a page), newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import markup
from .access.authorization import USE, Authorization, is_visible
from .calls import INT, NO, Call, Handler, method
from .kinds import Kind
from .objects import get
from .state import Obj, newest_first

MINE, GROUPS, ALL, PRIMARY_GROUP = -3, -1, -2, -4
Render = Callable[[Call, Obj], str]


def chosen(call: Call, kind: Kind, whose: int, start: int, end: int) -> list[Obj]:
    """The visible objects that the filter, and then the range or page, leaves."""
    objects = [
        obj
        for obj in newest_first(call.state.all(kind.name))
        if is_whose(call, obj, whose) and (obj["uid"] == call.uid or is_visible(call, kind, obj))
    ]
    return paged(objects, start, end)


def is_whose(call: Call, obj: Obj, whose: int) -> bool:
    if whose == ALL:
        return True
    if whose == MINE:
        return bool(obj["uid"] == call.uid)
    if whose == GROUPS:
        return obj["uid"] == call.uid or obj["gid"] in call.user["groups"]
    if whose == PRIMARY_GROUP:
        return bool(obj["gid"] == call.gid)
    return bool(obj["uid"] == whose)


def paged(objects: list[Obj], start: int, end: int) -> list[Obj]:
    """``(0, 3)`` are ids 0 to 3, ``(0, -2)`` the first page of two, ``(-1, -1)`` everything."""
    if end < -1:
        first = max(start, 0)
        return objects[first : first - end]
    return [obj for obj in objects if obj["id"] >= start and (end < 0 or obj["id"] <= end)]


def register_info(prefix: str, kind: Kind, render: Render) -> Handler:
    """``one.<prefix>.info``: one object to whoever may use it, whether it is locked or not."""

    @method(f"one.{prefix}.info", INT, NO)
    def info(call: Call, object_id: int, decrypt: bool) -> str:
        obj = get(call, kind, object_id)
        Authorization(call).need(USE, kind, obj, locks=False).check()
        return render(call, obj)

    return info


def register_pool(name: str, kind: Kind, render: Render) -> Handler:
    """A pool that takes no filter: everything that the caller may use."""

    @method(name)
    def pool(call: Call) -> str:
        objects: Iterable[Obj] = newest_first(call.state.all(kind.name))
        return markup.wrap(kind.pool_element, *(render(call, obj) for obj in objects if is_visible(call, kind, obj)))

    return pool


def register_paged_pool(name: str, kind: Kind, render: Render) -> Handler:
    """A pool with filter, start and end."""

    @method(name, INT, INT, INT)
    def pool(call: Call, whose: int, start: int, end: int) -> str:
        return markup.wrap(kind.pool_element, *(render(call, obj) for obj in chosen(call, kind, whose, start, end)))

    return pool


def rendered(render: Callable[[Obj], str]) -> Render:
    """A renderer that needs nothing but the object."""

    def render_with_call(call: Call, obj: Any) -> str:
        return render(obj)

    return render_with_call
