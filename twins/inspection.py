"""``/_twin``: what tests see and steer. Answers only to callers on the same machine."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from ipaddress import ip_address
from typing import Any, Protocol

from aiohttp import web

from .clock import Clock
from .faults import Faults


class InspectedCloud(Protocol):
    """What every sort of simulated cloud lets itself be asked."""

    clock: Clock
    faults: Faults[Any]
    latency: Any
    calls: deque[Any]
    call_count: int

    def advance(self) -> None: ...

    def set_latency(self, profile: str | dict[str, float]) -> None: ...

    def reset(self) -> None: ...


Query = dict[str, str]
Steer = Callable[[Any, Query, Any], Any]  # (cloud, query, body) → what is answered as JSON
Row = tuple[str, str, Steer]
HELP = {
    "GET /_twin/objects[?kind=]": "all that exists, by kind",
    "GET /_twin/calls[?since=seq]": "the log of calls, and how many there ever were",
    "GET /_twin/faults": "the fault rules",
    "DELETE /_twin/faults[?id=]": "remove one rule or all",
    "GET /_twin/held": "the calls on hold",
    "POST /_twin/release": "{id} let one held call go on; {} all of them",
    "POST /_twin/dark": "{service, mode: silent|refuse}; without service the whole cloud; {off: true} ends it",
    "POST /_twin/latency": "{profile: instant|fast|real or {transition: seconds}}",
    "POST /_twin/clock": "{advance: seconds} move the twin's time forward",
    "POST /_twin/reset": "back to the seed contents, without faults and log",
}


def show_calls(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    since = int(query.get("since", 0))
    calls = [asdict(entry) for entry in cloud.calls if entry.seq > since]
    return {"calls": calls, "count": cloud.call_count}


def show_faults(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    return {"faults": cloud.faults.show(), "dark": cloud.faults.dark}


def add_fault(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    return {"fault": asdict(cloud.faults.add(**body))}


def remove_faults(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    cloud.faults.remove(int(query["id"]) if "id" in query else None)
    return show_faults(cloud, query, body)


def show_held(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    return {"held": [hold.show() for hold in cloud.faults.holds.values()]}


def release(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    return {"released": cloud.faults.release(body.get("id"))}


def set_dark(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    service = body.get("service", "")
    if body.get("off"):
        cloud.faults.go_light(service)
    else:
        cloud.faults.go_dark(service, body.get("mode", "silent"))
    return {"dark": cloud.faults.dark}


def set_latency(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    cloud.set_latency(body["profile"])
    return {"latency": cloud.latency}


def advance_clock(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    cloud.clock.advance(float(body["advance"]))
    cloud.advance()
    return {"offset": cloud.clock.offset}


def reset(cloud: InspectedCloud, query: Query, body: Any) -> Any:
    cloud.faults.release()
    cloud.faults.go_light()
    cloud.faults.remove()
    cloud.calls.clear()
    cloud.reset()
    return {"reset": True}


ROWS: tuple[Row, ...] = (
    ("GET", "/_twin/calls", show_calls),
    ("GET", "/_twin/faults", show_faults),
    ("POST", "/_twin/faults", add_fault),
    ("DELETE", "/_twin/faults", remove_faults),
    ("GET", "/_twin/held", show_held),
    ("POST", "/_twin/release", release),
    ("POST", "/_twin/dark", set_dark),
    ("POST", "/_twin/latency", set_latency),
    ("POST", "/_twin/clock", advance_clock),
    ("POST", "/_twin/reset", reset),
)


def add_routes(app: web.Application, cloud: InspectedCloud, rows: tuple[Row, ...]) -> None:
    """Serve the common paths and those of ``rows``."""
    for method, path, steer in (*ROWS, *rows):
        app.router.add_route(method, path, serve(cloud, steer))


def serve(cloud: InspectedCloud, steer: Steer) -> Callable[[web.Request], Any]:
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
