"""What tests see and steer of the simulated OpenStack beside the common paths."""

from __future__ import annotations

from typing import Any

from twins import inspection
from twins.inspection import Row

from .cloud import Cloud
from .state import HIDDEN

HELP = {
    **inspection.HELP,
    "GET /_twin/objects[?kind=]": "all that exists, by kind: id, name, project_id",
    "POST /_twin/faults": "add a rule: action plus service, method, path, operation, transition, nth, times, "
    "status, message, body, retry_after, seconds",
    "POST /_twin/expire_tokens": "end all tokens",
    "POST /_twin/limits": "{max_limit} the largest page the services give",
}


def show_help(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    return {"what": "the inspection API of a simulated OpenStack", "paths": HELP}


def show_objects(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    wanted = query.get("kind")
    return {
        kind: [brief(obj) for obj in objects.values() if not obj.get("deleted")]
        for kind, objects in cloud.state.kinds.items()
        if kind not in HIDDEN and wanted in (None, kind)
    }


def brief(obj: dict[str, Any]) -> dict[str, Any]:
    project = obj.get("project_id") or obj.get("owner") or ""
    return {"id": obj["id"], "name": obj.get("name") or "", "project_id": project}


def expire_tokens(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    tokens = list(cloud.state.all("tokens"))
    for token in tokens:
        cloud.state.edit("tokens", token, expires=0.0)
    return {"expired": len(tokens)}


def set_limits(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    cloud.max_limit = int(body["max_limit"])
    return {"max_limit": cloud.max_limit}


ROWS: tuple[Row, ...] = (
    ("GET", "/_twin", show_help),
    ("GET", "/_twin/", show_help),
    ("GET", "/_twin/objects", show_objects),
    ("POST", "/_twin/limits", set_limits),
    ("POST", "/_twin/expire_tokens", expire_tokens),
)
