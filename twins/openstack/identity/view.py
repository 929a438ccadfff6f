"""How Keystone shows its objects and collections."""

from __future__ import annotations

from collections.abc import Iterable

from ..cloud import Cloud
from ..errors import not_found
from ..state import Obj
from ..wire import Call


def brief(cloud: Cloud, obj: Obj, domain_field: str) -> Obj:
    """``{"id", "name", "domain"}`` as tokens and named role assignments show a user or project."""
    domain = cloud.state.get("domains", obj.get(domain_field)) or {}
    return {
        "domain": {"id": domain.get("id"), "name": domain.get("name")},
        "id": obj["id"],
        "name": obj["name"],
    }


def linked(call: Call, collection: str, obj: Obj) -> Obj:
    return {**obj, "links": {"self": f"{call.base}/v3/{collection}/{obj['id']}"}}


def page(call: Call, collection: str, shown: Iterable[Obj]) -> Obj:
    """Keystone answers whole collections."""
    query = call.query_with()
    own = f"{call.base}{call.path}" + (f"?{query}" if query else "")
    return {collection: list(shown), "links": {"next": None, "self": own, "previous": None}}


def wanted(call: Call, objects: Iterable[Obj], *fields: str) -> list[Obj]:
    """The objects whose fields equal the query's; ``enabled`` is compared as a truth value."""
    filters = {field: call.arg(field) for field in fields if call.arg(field) is not None}
    return [obj for obj in objects if all(matches(obj.get(name), text) for name, text in filters.items())]


def matches(value: object, text: str | None) -> bool:
    if isinstance(value, bool):
        return value == (str(text).lower() not in ("0", "false"))
    return value == text


def fetch(call: Call, kind: str, key: str, noun: str) -> Obj:
    obj = call.state.get(kind, key)
    if obj is None:
        raise not_found(f"Could not find {noun}: {key}.")
    return obj
