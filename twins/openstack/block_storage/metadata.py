"""The metadata sub-resource of volumes and snapshots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import not_found
from ..state import Obj
from ..wire import Call, Handler, Route
from .listing import fetch, given

KINDS = (("volumes", "volume", "Volume"), ("snapshots", "snapshot", "Snapshot"))


def read(call: Call, obj: Obj) -> Obj:
    return {"metadata": obj["metadata"]}


def merge(call: Call, obj: Obj) -> Obj:
    return {"metadata": {**obj["metadata"], **given(call, "metadata")}}


def replace(call: Call, obj: Obj) -> Obj:
    return {"metadata": given(call, "metadata")}


def read_item(call: Call, obj: Obj) -> Obj:
    return {"meta": {call.params["key"]: item(call, obj)}}


def write_item(call: Call, obj: Obj) -> Obj:
    return {"meta": given(call, "meta"), "metadata": {**obj["metadata"], **given(call, "meta")}}


def drop_item(call: Call, obj: Obj) -> Obj:
    item(call, obj)
    return {"metadata": {key: value for key, value in obj["metadata"].items() if key != call.params["key"]}}


def item(call: Call, obj: Obj) -> Any:
    if call.params["key"] not in obj["metadata"]:
        noun = "Volume" if "bootable" in obj and "volume_id" not in obj else "Snapshot"
        raise not_found(f"{noun} {obj['id']} has no metadata with key {call.params['key']}.")
    return obj["metadata"][call.params["key"]]


def handler(kind: str, noun: str, step: Callable[[Call, Obj], Obj], shows: str, writes: bool) -> Handler:
    def handle(call: Call) -> Obj | None:
        obj = fetch(call, kind, call.params["id"], noun)
        outcome = step(call, obj)
        if writes:
            call.state.edit(kind, obj, metadata=outcome["metadata"], updated_at=call.stamp())
        return {shows: outcome[shows]} if shows else None

    return handle


STEPS: tuple[tuple[str, str, str, Callable[[Call, Obj], Obj], str, bool], ...] = (
    ("GET", "", "list", read, "metadata", False),
    ("POST", "", "create", merge, "metadata", True),
    ("PUT", "", "replace", replace, "metadata", True),
    ("GET", "/{key}", "show", read_item, "meta", False),
    ("PUT", "/{key}", "update", write_item, "meta", True),
    ("DELETE", "/{key}", "delete", drop_item, "", True),
)
ROUTES = [
    Route(
        method,
        f"/{kind}/{{id}}/metadata{path}",
        f"{name}_metadata.{verb}",
        handler(kind, noun, step, shows, writes),
    )
    for kind, name, noun in KINDS
    for method, path, verb, step, shows, writes in STEPS
]
