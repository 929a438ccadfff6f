"""Servers: https://docs.openstack.org/api-ref/compute/#servers-servers."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable

from ..errors import bad_request, not_found
from ..schema import check_name
from ..state import Obj, new_id
from ..wire import Call, Reply
from . import boot, disks, nics, quotas, view
from .lifecycle import start_deletion


def fetch(call: Call) -> Obj:
    """A server of the caller's project, or anyone's for admins."""
    key = call.params["id"]
    server = call.state.get("servers", key)
    if server is None or (server["project_id"] != call.project_id and not call.is_admin):
        raise not_found(f"Instance {key} could not be found.")
    return server


def show(call: Call) -> Obj:
    return {"server": view.full(call, fetch(call))}


def create(call: Call) -> Reply:
    body = call.body.get("server") if isinstance(call.body, dict) else None
    if not isinstance(body, dict):
        raise bad_request("'server' is a required property")
    boot.check_body(call, body)
    count = max(int(body.get("min_count") or 1), int(body.get("max_count") or 1))
    flavor = boot.flavor_of(call, body["flavorRef"])
    boot.key_of(call, body.get("key_name"))
    boot.zone_of(body)
    planned = disks.disks_of(call, body, flavor)
    group = boot.group_hint(call, body)
    groups = nics.check_groups(call, body)
    wanted = nics.check_networks(call, body)
    quotas.check_servers(call, flavor, count)
    made = [make(call, body, flavor, planned, group, wanted, groups, place, count) for place in range(count)]
    first = made[0]
    password = body.get("adminPass") or secrets.token_urlsafe(9)
    shown = {
        "id": first["id"],
        "links": view.links(call, "servers", first["id"]),
        "OS-DCF:diskConfig": first["disk_config"],
        "security_groups": body.get("security_groups") or [{"name": "default"}],
        "adminPass": password,
    }
    return Reply(202, {"server": shown}, {"Location": shown["links"][0]["href"]})


def make(
    call: Call,
    body: Obj,
    flavor: Obj,
    planned: disks.Disks,
    group: str | None,
    wanted: Iterable[Obj],
    groups: list[str],
    place: int,
    count: int,
) -> Obj:
    """One server in BUILD, with its ports and volumes; the transition ``server.build`` completes it."""
    server = blank(call, body, flavor)
    if count > 1:
        server["name"] = f"{server['name']}-{place + 1}"
    server["server_group"] = group
    server["image_id"] = planned.image["id"] if planned.image else None
    server["min_disk"] = max(planned.image["min_disk"], flavor["disk"]) if planned.image else 0
    server["devices"] = disks.make_devices(call, server["id"], planned)
    server["doom"] = nics.make_ports(call, server, list(wanted), groups) or boot.no_host_for(flavor)
    call.state.add("servers", server)
    call.cloud.schedule("server.build", server["id"])
    return server


def blank(call: Call, body: Obj, flavor: Obj) -> Obj:
    zone, pinned = boot.zone_of(body)
    stamp = call.stamp()
    number = call.state.next_number()
    return {
        "id": new_id(),
        "name": body["name"],
        "project_id": call.project_id,
        "user_id": call.context.user_id,
        "vm_state": "building",
        "task_state": "scheduling",
        "created": stamp,
        "updated": stamp,
        "launched_at": None,
        "terminated_at": None,
        "flavor": copy_of(flavor),
        "old_flavor": None,
        "key_name": body.get("key_name"),
        "metadata": dict(body.get("metadata") or {}),
        "description": body.get("description"),
        "zone": zone,
        "pinned_zone": pinned,
        "host": None,
        "host_id": hashlib.sha224(f"{call.project_id}{zone}".encode()).hexdigest(),
        "config_drive": str(body.get("config_drive") or "").lower() in ("true", "1"),
        "user_data": body.get("user_data"),
        "locked": False,
        "fault": None,
        "tags": list(body.get("tags") or []),
        "hostname": body.get("hostname") or hostname(body["name"]),
        "disk_config": body.get("OS-DCF:diskConfig") or "MANUAL",
        "accessIPv4": body.get("accessIPv4") or "",
        "accessIPv6": body.get("accessIPv6") or "",
        "reservation_id": f"r-{secrets.token_hex(4)}",
        "instance_name": f"instance-{number:08x}",
        "own_ports": [],
        "devices": [],
        "doom": "",
    }


def copy_of(flavor: Obj) -> Obj:
    names = ("id", "name", "vcpus", "ram", "disk", "ephemeral", "swap", "extra_specs")
    return {name: flavor[name] for name in names}


def hostname(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63] or "server"


def update(call: Call) -> Obj:
    server = fetch(call)
    body = (call.body or {}).get("server") or {}
    if "name" in body:
        check_name(body["name"])
    names = ("name", "description", "accessIPv4", "accessIPv6", "hostname")
    changes = {name: body[name] for name in names if name in body}
    call.state.edit("servers", server, **changes, updated=call.stamp())
    return {"server": view.full(call, server)}


def delete(call: Call) -> None:
    start_deletion(call.cloud, fetch(call))


def list_ips(call: Call) -> Obj:
    ports = call.state.where("ports", "device_id", fetch(call)["id"])
    found = view.addresses(call, ports)
    return {
        "addresses": {
            name: [{"version": row["version"], "addr": row["addr"]} for row in rows] for name, rows in found.items()
        }
    }


def list_groups(call: Call) -> Obj:
    """The security groups of a server, with their rules left out."""
    ports = call.state.where("ports", "device_id", fetch(call)["id"])
    ids = dict.fromkeys(group for port in ports for group in port["security_groups"])
    groups = [group for key in ids if (group := call.state.get("security_groups", key))]
    return {
        "security_groups": [
            {
                "id": group["id"],
                "name": group["name"],
                "description": group["description"],
                "tenant_id": group["project_id"],
                "rules": [],
            }
            for group in groups
        ]
    }
