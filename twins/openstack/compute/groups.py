"""Security groups of a server, by action."""

from __future__ import annotations

from typing import Any

from ..errors import ApiError, bad_request, not_found
from ..network.ports import PORTS
from ..state import Obj
from ..wire import Call
from . import nics


def add_group(call: Call, server: Obj, value: Any) -> None:
    group = named_group(call, value)
    ports = list(call.state.where("ports", "device_id", server["id"]))
    if any(group["id"] in port["security_groups"] for port in ports):
        raise bad_request(f"Invalid input for security_groups. Reason: Duplicate items in the list: '{group['id']}'.")
    for port in ports:
        if port["port_security_enabled"] and port["fixed_ips"]:
            PORTS.touch(call, port, security_groups=[*port["security_groups"], group["id"]])


def remove_group(call: Call, server: Obj, value: Any) -> None:
    group = named_group(call, value)
    ports = [
        port for port in call.state.where("ports", "device_id", server["id"]) if group["id"] in port["security_groups"]
    ]
    if not ports:
        raise not_found(f"Security group {value['name']} not associated with the instance {server['id']}")
    for port in ports:
        PORTS.touch(call, port, security_groups=[key for key in port["security_groups"] if key != group["id"]])


def named_group(call: Call, value: Any) -> Obj:
    name = (value or {}).get("name")
    if not name:
        raise bad_request("Security group name cannot be empty")
    try:
        key = nics.group_of(call, name)
    except ApiError:
        raise not_found(f"Security group {name} is not found for project {call.project_id}") from None
    return call.state.get("security_groups", key) or {}
