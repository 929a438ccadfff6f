"""``/_twin``: what tests see and steer. Answers only to callers on the same machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from ipaddress import ip_address
from typing import Any

from aiohttp import web

from .cloud import Cloud
from .state import HIDDEN

Steer = Callable[[Cloud, dict[str, str], Any], Any]
HELP = {
    "GET /_twin/objects[?kind=]": "all that exists, by kind: id, name, project_id",
    "GET /_twin/calls[?since=seq]": "the log of calls, and how many there ever were",
    "GET /_twin/faults": "the fault rules",
    "POST /_twin/faults": "add a rule: action plus service, method, path, operation, transition, nth, times, "
    "status, message, body, retry_after, seconds",
    "DELETE /_twin/faults[?id=]": "remove one rule or all",
    "GET /_twin/held": "the calls on hold",
    "POST /_twin/release": "{id} let one held call go on; {} all of them",
    "POST /_twin/dark": "{service, mode: silent|refuse}; without service the whole cloud; {off: true} ends it",
    "POST /_twin/latency": "{profile: instant|fast|real or {transition: seconds}}",
    "POST /_twin/clock": "{advance: seconds} move the twin's time forward",
    "POST /_twin/expire_tokens": "end all tokens",
    "POST /_twin/limits": "{max_limit} the largest page the services give",
    "POST /_twin/reset": "back to the seed contents, without faults and log",
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


def show_calls(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    since = int(query.get("since", 0))
    calls = [asdict(entry) for entry in cloud.calls if entry.seq > since]
    return {"calls": calls, "count": cloud.call_count}


def show_faults(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    return {"faults": cloud.faults.show(), "dark": cloud.faults.dark}


def add_fault(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    return {"fault": asdict(cloud.faults.add(**body))}


def remove_faults(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    cloud.faults.remove(int(query["id"]) if "id" in query else None)
    return show_faults(cloud, query, body)


def show_held(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    return {"held": [hold.show() for hold in cloud.faults.holds.values()]}


def release(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    return {"released": cloud.faults.release(body.get("id"))}


def set_dark(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    service = body.get("service", "")
    if body.get("off"):
        cloud.faults.go_light(service)
    else:
        cloud.faults.go_dark(service, body.get("mode", "silent"))
    return {"dark": cloud.faults.dark}


def set_latency(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    cloud.set_latency(body["profile"])
    return {"latency": cloud.latency}


def advance_clock(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    cloud.clock.advance(float(body["advance"]))
    cloud.advance()
    return {"offset": cloud.clock.offset}


def expire_tokens(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    tokens = list(cloud.state.all("tokens"))
    for token in tokens:
        cloud.state.edit("tokens", token, expires=0.0)
    return {"expired": len(tokens)}


def set_limits(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    cloud.max_limit = int(body["max_limit"])
    return {"max_limit": cloud.max_limit}


def reset(cloud: Cloud, query: dict[str, str], body: Any) -> Any:
    cloud.faults.release()
    cloud.faults.go_light()
    cloud.faults.remove()
    cloud.calls.clear()
    cloud.reset()
    return {"reset": True}


TABLE: tuple[tuple[str, str, Steer], ...] = (
    ("GET", "/_twin", show_help),
    ("GET", "/_twin/", show_help),
    ("GET", "/_twin/objects", show_objects),
    ("GET", "/_twin/calls", show_calls),
    ("GET", "/_twin/faults", show_faults),
    ("POST", "/_twin/faults", add_fault),
    ("DELETE", "/_twin/faults", remove_faults),
    ("GET", "/_twin/held", show_held),
    ("POST", "/_twin/release", release),
    ("POST", "/_twin/dark", set_dark),
    ("POST", "/_twin/latency", set_latency),
    ("POST", "/_twin/clock", advance_clock),
    ("POST", "/_twin/limits", set_limits),
    ("POST", "/_twin/expire_tokens", expire_tokens),
    ("POST", "/_twin/reset", reset),
)


def add_routes(app: web.Application, cloud: Cloud) -> None:
    for method, path, steer in TABLE:
        app.router.add_route(method, path, serve(cloud, steer))


def serve(cloud: Cloud, steer: Steer) -> Callable[[web.Request], Any]:
    @wraps(steer)
    async def answer(request: web.Request) -> web.Response:
        if not ip_address(request.remote or "0.0.0.0").is_loopback:
            return web.json_response({"error": "only for callers on this machine"}, status=403)
        try:
            text = await request.text()
            cloud.advance()
            found = steer(cloud, dict(request.query), json.loads(text) if text else {})
        except (ValueError, TypeError, KeyError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response(found)

    return answer
