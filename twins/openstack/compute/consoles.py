"""Consoles: https://docs.openstack.org/api-ref/compute/#server-consoles-servers-remote-consoles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import conflict
from ..schema import invalid
from ..state import Obj, new_id
from ..wire import Call, Reply
from .servers import fetch


def console_url(call: Call, path: str) -> str:
    return f"{call.base.rpartition(':')[0]}:6080/{path}?path=%3Ftoken%3D{new_id()}"


CONSOLES = {
    "os-getVNCConsole": ("novnc", "vnc_lite.html"),
    "os-getSPICEConsole": ("spice-html5", "spice_auto.html"),
    "os-getSerialConsole": ("serial", ""),
}


def console(name: str) -> Callable[[Call, Obj, Any], Reply]:
    def get(call: Call, server: Obj, value: Any) -> Reply:
        check_console(server)
        default, page = CONSOLES[name]
        kind = (value or {}).get("type") or default
        return Reply(200, {"console": {"type": kind, "url": console_url(call, page)}})

    return get


def check_console(server: Obj) -> None:
    if server["vm_state"] == "building":
        raise conflict("Instance not yet ready")


def remote_console(call: Call) -> Obj:
    """POST /servers/{id}/remote-consoles (2.6)."""
    server = fetch(call)
    check_console(server)
    wanted = (call.body or {}).get("remote_console") or {}
    protocol, kind = wanted.get("protocol"), wanted.get("type")
    if protocol not in ("vnc", "spice", "serial", "rdp", "mks"):
        raise invalid("protocol", protocol, f"'{protocol}' is not one of ['vnc', 'spice', 'serial', 'mks']")
    url = console_url(call, "vnc_lite.html")
    return {"remote_console": {"protocol": protocol, "type": kind, "url": url}}


def console_output(call: Call, server: Obj, value: Any) -> Reply:
    if server["vm_state"] == "building":
        raise conflict(f"Instance {server['id']} is not ready")
    lines = [f"{server['hostname']} login: ", "Welcome to the twin"]
    length = (value or {}).get("length")
    return Reply(200, {"output": "\n".join(lines[-int(length) :] if length and int(length) > 0 else lines)})
