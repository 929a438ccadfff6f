"""Lists as Neutron gives them: any attribute filters, ``fields``, ``sort_key``, ``limit`` and ``marker``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..errors import bad_request
from ..state import Obj
from ..wire import Call

if TYPE_CHECKING:
    from .resource import Resource

CONTROL = ("limit", "marker", "page_reverse", "sort_key", "sort_dir", "fields")
TAG_FILTERS = ("tags", "tags-any", "not-tags", "not-tags-any")
UNSORTABLE = ("created_at", "updated_at", "revision_number")
WITHOUT_ORDER = ("rbac_policies",)
ALIASES = {"tenant_id": "project_id"}


def answer(resource: Resource, call: Call) -> Obj:
    filters = filters_of(resource, call)
    found = [obj for obj in candidates(resource, call, filters) if resource.visible(call, obj)]
    shown = found
    if filters:
        shown = [obj for obj in found if matches(resource, call, obj, filters)]
    shown = sort(resource, call, shown)
    rows, links = page(resource, call, shown)
    names = set(call.args("fields"))
    presented = [resource.present(call, obj) for obj in rows]
    body: Obj = {resource.kind: [narrow(obj, names) for obj in presented] if names else presented}
    if links:
        body[f"{resource.kind}_links"] = links
    return body


def filters_of(resource: Resource, call: Call) -> dict[str, set[str]]:
    """Attribute → wanted values; repeated parameters are alternatives."""
    filters: dict[str, set[str]] = {}
    known = {*resource.fields, *resource.extra_filters, "id", "project_id", "description", "status"}
    known |= {"revision_number"}
    for name, value in call.query:
        if name in CONTROL:
            continue
        name = ALIASES.get(name, name)
        if name not in known and name not in TAG_FILTERS:
            raise bad_request(f"['{name}'] is invalid attribute for filtering", "HTTPBadRequest")
        filters.setdefault(name, set()).add(value)
    return filters


def candidates(resource: Resource, call: Call, filters: dict[str, set[str]]) -> Iterable[Obj]:
    """The smallest set an index gives; the filters still have the last word."""
    state, kind = call.state, resource.kind
    if "id" in filters:
        return [obj for key in sorted(filters["id"]) if (obj := state.get(kind, key))]
    for name, values in filters.items():
        if state.is_indexed(kind, name):
            return [obj for value in sorted(values) for obj in state.where(kind, name, value)]
    return state.all(kind)


def matches(resource: Resource, call: Call, obj: Obj, filters: dict[str, set[str]]) -> bool:
    shown: Obj | None = None
    for name, wanted in filters.items():
        if name in TAG_FILTERS:
            if not tags_match(name, wanted, set(obj["tags"])):
                return False
            continue
        if name == "shared" or name not in obj:
            shown = shown or resource.present(call, obj)
        value = (shown or obj).get(name)
        if not value_matches(name, value, wanted):
            return False
    return True


def tags_match(name: str, wanted: set[str], tags: set[str]) -> bool:
    asked = {tag for text in wanted for tag in text.split(",")}
    held = bool(asked & tags) if name.endswith("any") else asked <= tags
    return held != name.startswith("not")


def value_matches(name: str, value: Any, wanted: set[str]) -> bool:
    if isinstance(value, bool):
        return any(value == (text.lower() in ("true", "1", "yes", "t", "on")) for text in wanted)
    if name == "fixed_ips":
        return any(fixed_ip_matches(value, text) for text in wanted)
    if isinstance(value, list):
        return any(text in value for text in wanted)
    if value is None:
        return bool(wanted & {"", "None", "null"})
    return str(value) in wanted


def fixed_ip_matches(fixed_ips: list[Obj], text: str) -> bool:
    """``ip_address=…``, ``subnet_id=…`` or ``ip_address_substr=…``."""
    name, _, value = text.partition("=")
    if name == "ip_address_substr":
        return any(value in fixed["ip_address"] for fixed in fixed_ips)
    return any(str(fixed.get(name)) == value for fixed in fixed_ips)


def sort(resource: Resource, call: Call, found: list[Obj]) -> list[Obj]:
    keys, directions = call.args("sort_key"), call.args("sort_dir")
    if unsortable := [key for key in keys if key in UNSORTABLE or resource.kind in WITHOUT_ORDER]:
        raise bad_request(f"{unsortable} is invalid attribute for sort_keys", "HTTPBadRequest")
    if len(keys) != len(directions):
        raise bad_request("The number of sort_keys and sort_dirs must be same", "HTTPBadRequest")
    for key, direction in reversed(list(zip(keys, directions, strict=True))):
        found = sorted(found, key=lambda obj: str(obj.get(key) or ""), reverse=direction == "desc")
    if not keys and page_size(call):
        found = sorted(found, key=lambda obj: str(obj["id"]))
    return found


def page(resource: Resource, call: Call, found: list[Obj]) -> tuple[list[Obj], list[Obj]]:
    """The rows after the marker, up to the limit, and the links to the neighbours."""
    limit = page_size(call)
    backwards = call.flag("page_reverse")
    start, end, marker = 0, len(found), call.arg("marker")
    if marker:
        place = next((place for place, obj in enumerate(found) if obj["id"] == marker), None)
        if place is None:
            raise resource.error(marker)
        start, end = (0, place) if backwards else (place + 1, end)
    if not limit:
        return found[start:end], []
    rows = found[max(start, end - limit) : end] if backwards else found[start : start + limit]
    links = []
    if rows and (backwards or len(rows) == limit):
        links.append(link(call, "next", marker=rows[-1]["id"]))
    if rows and (not backwards or len(rows) == limit):
        links.append(link(call, "previous", marker=rows[0]["id"], page_reverse="True"))
    return rows, links


def page_size(call: Call) -> int:
    """The asked limit, never above the server's own; 0 is no limit."""
    text = call.arg("limit")
    most = call.cloud.max_limit
    if text is None:
        return 0 if most >= call.cloud.settings.max_limit else most
    if not text.isdigit():
        raise bad_request(f"Bad limit request: Limit must be an integer 0 or greater and not '{text}'.")
    return min(int(text), most) if int(text) else 0


def link(call: Call, rel: str, **changes: str) -> Obj:
    """The same query for the neighbouring page."""
    kept = [(name, value) for name, value in call.query if name not in ("marker", "page_reverse")]
    if call.arg("limit") is None:
        kept.append(("limit", str(call.cloud.max_limit)))
    return {"rel": rel, "href": f"{call.base}{call.path}?{urlencode([*kept, *changes.items()])}"}


def only(call: Call, shown: Obj) -> Obj:
    names = set(call.args("fields"))
    return narrow(shown, names) if names else shown


def narrow(shown: Obj, names: set[str]) -> Obj:
    return {name: value for name, value in shown.items() if name in names}
