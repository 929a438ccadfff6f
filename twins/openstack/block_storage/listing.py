"""Lists of volumes, snapshots and backups: scope, filters, order, pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from twins import clock

from .. import paging
from ..errors import ApiError, bad_request, not_found
from ..state import Obj, newest_first
from ..wire import Call

CONTROL = ("limit", "marker", "offset", "sort", "sort_key", "sort_dir", "all_tenants", "with_count")
TIMES = ("created_at", "updated_at")
COMPARE: dict[str, Callable[[str, str], bool]] = {
    "gt": lambda have, want: have > want,
    "gte": lambda have, want: have >= want,
    "lt": lambda have, want: have < want,
    "lte": lambda have, want: have <= want,
    "eq": lambda have, want: have == want,
    "neq": lambda have, want: have != want,
}
Show = Callable[[Obj], Obj]


def noun_error(noun: str, key: str) -> ApiError:
    return not_found(f"{noun} {key} could not be found.")


def answer(call: Call, kind: str, noun: str, filters: tuple[str, ...], show: Show) -> Obj:
    found = newest_first(in_scope(call, kind))
    for name, text in call.query:
        if name in CONTROL or not text:
            continue
        if name.rstrip("~") not in filters:
            if call.is_admin and name in ("host", "glance_metadata"):
                continue
            raise bad_request(f"Invalid filters {name} are found in query options.")
        found = [obj for obj in found if fits(obj, name, text)]
    found = sort(call, found)
    rows, more = paging.cut(call, found, lambda key: noun_error(noun, key))
    body: Obj = {kind: [show(obj) for obj in rows]}
    if more:
        body[f"{kind}_links"] = paging.next_link(call, rows[-1]["id"])
    if call.flag("with_count") and call.version >= (3, 45):
        body["count"] = len(found)
    return body


def in_scope(call: Call, kind: str) -> Any:
    """One project's objects, or with all_tenants every project's; project_id narrows for admins."""
    if not (call.is_admin and call.flag("all_tenants")):
        return call.state.where(kind, "project_id", call.project_id)
    project_id = call.arg("project_id")
    return call.state.where(kind, "project_id", project_id) if project_id else call.state.all(kind)


def fits(obj: Obj, name: str, text: str) -> bool:
    if name in TIMES:
        return all(time_fits(obj[name], part) for part in text.split(","))
    if name.endswith("~"):
        return text in str(obj[name[:-1]] or "")
    value = obj.get(name)
    if name in ("metadata", "extra_specs"):
        return parse_mapping(text).items() <= value.items() if value else False
    if isinstance(value, bool):
        return value == (text.lower() in ("true", "1", "t", "yes"))
    if text.startswith("in:"):
        return str(value) in text[3:].split(",")
    return str(value) == text


def parse_mapping(text: str) -> Obj:
    """``{'key': 'value'}`` as Cinder's clients send it, with Python's or JSON's quotes."""
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        found = None
    if not isinstance(found, dict):
        raise bad_request("Could not evaluate value " + text)
    return {str(key): str(value) for key, value in found.items()}


def time_fits(have: str | None, text: str) -> bool:
    """``gt:2026-01-01T00:00:00``: https://docs.openstack.org/cinder (3.60)."""
    match = re.match(r"^(gte?|lte?|eq|neq):(.*)$", text)
    word, want = (match[1], match[2]) if match else ("eq", text)
    moment = clock.parse(want)
    if moment is None:
        raise bad_request(f"Invalid input for field/attribute updated_at. Value: {text}.")
    return have is not None and COMPARE[word](have, moment)


def sort(call: Call, found: list[Obj]) -> list[Obj]:
    asked = call.arg("sort") or ""
    if call.arg("sort_key"):
        asked = f"{call.arg('sort_key')}:{call.arg('sort_dir') or 'desc'}"
    for part in reversed([part for part in asked.split(",") if part]):
        key, _, direction = part.partition(":")
        key = {"display_name": "name"}.get(key, key)
        if found and key not in found[0]:
            raise bad_request(f"Sort key is invalid. {key}")
        if key != "created_at" or direction == "asc":
            found = sorted(found, key=lambda obj: str(obj[key] or ""), reverse=direction != "asc")
    return found


def fetch(call: Call, kind: str, key: str, noun: str) -> Obj:
    """An object of the caller's project, or anyone's for admins."""
    obj = call.state.get(kind, key)
    if obj is None or (obj["project_id"] != call.project_id and not call.is_admin):
        raise noun_error(noun, key)
    return obj


def given(call: Call, noun: str) -> Obj:
    body = call.body.get(noun) if isinstance(call.body, dict) else None
    if not isinstance(body, dict):
        raise bad_request(f"'{noun}' is a required property")
    return body
