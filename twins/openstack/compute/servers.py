"""Servers: https://docs.openstack.org/api-ref/compute/#servers-servers."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable

from .. import clock, paging
from ..errors import bad_request, not_found, policy_refusal
from ..state import Obj, new_id, newest_first
from ..wire import Call, Reply
from . import boot, quotas, view
from .lifecycle import start_deletion

CONTROL = ("limit", "marker", "sort_key", "sort_dir", "all_tenants", "deleted", "changes-since", "changes-before")
PLAIN = {
    "project_id": "project_id", "tenant_id": "project_id", "user_id": "user_id", "host": "host", "uuid": "id",
    "key_name": "key_name", "availability_zone": "zone", "vm_state": "vm_state", "task_state": "task_state",
    "reservation_id": "reservation_id", "image": "image_id", "image_ref": "image_id", "node": "host",
}
PATTERNS = {"name": "name", "display_name": "name", "description": "description", "display_description":
            "description", "hostname": "hostname", "instance_name": "instance_name"}
OTHER = ("status", "flavor", "ip", "ip6", "tags", "tags-any", "not-tags", "not-tags-any", "locked", "config_drive",
         "power_state", "launched_at", "terminated_at", "created_at", "access_ip_v4", "access_ip_v6", "progress",
         "disk_config", "root_device_name", "kernel_id", "ramdisk_id", "launch_index", "soft_deleted", "auto_disk_config")
ADMIN_FILTERS = ("host", "node", "project_id", "tenant_id", "user_id", "instance_name")


def fetch(call: Call) -> Obj:
    """A server of the caller's project, or anyone's for admins."""
    key = call.params["id"]
    server = call.state.get("servers", key)
    if server is None or (server["project_id"] != call.project_id and not call.is_admin):
        raise not_found(f"Instance {key} could not be found.")
    return server


def list_brief(call: Call) -> Obj:
    rows, more = select(call, "index")
    return answer(call, [view.brief(call, server) for server in rows], more)


def list_detail(call: Call) -> Obj:
    rows, more = select(call, "detail")
    return answer(call, [view.full(call, server, single=False) for server in rows], more)


def answer(call: Call, shown: list[Obj], more: bool) -> Obj:
    body: Obj = {"servers": shown}
    if more:
        body["servers_links"] = paging.next_link(call, shown[-1]["id"])
    return body


def select(call: Call, verb: str) -> tuple[list[Obj], bool]:
    """The rows of one page, and whether another may follow."""
    found = scope(call, verb)
    if any(name not in CONTROL or name.startswith("changes") for name, _ in call.query):
        found = [server for server in found if fits(call, server)]
    return paging.cut(call, sort(call, found), lambda key: bad_request(f"marker [{key}] not found"))


def scope(call: Call, verb: str) -> list[Obj]:
    """Living servers, deleted ones, or with changes-since both; of one project or of all."""
    everywhere = call.flag("all_tenants")
    if everywhere and not call.is_admin:
        raise policy_refusal("compute", f"os_compute_api:servers:{verb}:get_all_tenants")
    kinds = ["servers"]
    if call.arg("changes-since") or call.arg("changes-before"):
        kinds = ["deleted_servers", "servers"]
    elif call.is_admin and call.arg("deleted") is not None and call.flag("deleted"):
        kinds = ["deleted_servers"]
    found: list[Obj] = []
    for kind in kinds:
        own = call.state.where(kind, "project_id", call.project_id)
        found.extend(call.state.all(kind) if everywhere else own)
    return newest_first(found)


def fits(call: Call, server: Obj) -> bool:
    return all(matches(call, server, name, text) for name, text in call.query)


def matches(call: Call, server: Obj, name: str, text: str) -> bool:
    if name in ("changes-since", "changes-before"):
        return changed(server, name, text)
    if name in CONTROL or (name in ADMIN_FILTERS and not call.is_admin):
        return True
    if name in PLAIN:
        return str(server[PLAIN[name]]) == text
    if name in PATTERNS:
        return pattern(text).search(server[PATTERNS[name]] or "") is not None
    if name == "status":
        return status_fits(call, server)
    if name == "flavor":
        return bool(server["flavor"]["id"] == text.rpartition("/")[2])
    if name in ("ip", "ip6"):
        found = call.state.where("ports", "device_id", server["id"])
        return any(pattern(text).search(fixed["ip_address"]) for port in found for fixed in port["fixed_ips"])
    if name in ("tags", "tags-any", "not-tags", "not-tags-any"):
        asked, held = set(text.split(",")), set(server["tags"])
        return (bool(asked & held) if name.endswith("any") else asked <= held) != name.startswith("not")
    if name == "locked":
        return bool(server["locked"]) == (text.lower() in ("true", "1"))
    if name in OTHER or name.startswith("_") or call.version < (2, 75):
        return True
    raise bad_request(f"'{name}' does not match any of the regexes: '^_'")


def pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error:
        return re.compile(re.escape(text))


def changed(server: Obj, name: str, text: str) -> bool:
    moment = clock.parse(text)
    if moment is None:
        raise bad_request(
            f"Invalid input for query parameters {name}. Value: {text}. '{text}' is not a 'date-time'"
        )
    return bool(server["updated"] >= moment if name == "changes-since" else server["updated"] <= moment)


def status_fits(call: Call, server: Obj) -> bool:
    """One or several statuses; unknown ones are refused for users and match nothing for admins."""
    wanted = {text.upper() for text in call.args("status")}
    known = {*view.STATUS.values(), *view.STATUS_BY_TASK.values(), "SOFT_DELETED", "SHELVED", "MIGRATING"}
    if not wanted & known and not call.is_admin:
        raise bad_request("Invalid status value")
    return view.status_of(server) in wanted


def sort(call: Call, found: list[Obj]) -> list[Obj]:
    names = {"created_at": "created", "updated_at": "updated", "display_name": "name", "uuid": "id"}
    keys, directions = call.args("sort_key"), call.args("sort_dir")
    for place in range(len(keys) - 1, -1, -1):
        key = names.get(keys[place], keys[place])
        if found and key not in found[0]:
            raise bad_request(f"Sort key {keys[place]} is invalid")
        descending = place >= len(directions) or directions[place] == "desc"
        if key != "created" or not descending:
            found = sorted(found, key=lambda server: str(server[key] or ""), reverse=descending)
    return found


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
    disks = boot.disks_of(call, body, flavor)
    group = boot.group_hint(call, body)
    groups = boot.check_groups(call, body)
    wanted = boot.check_networks(call, body)
    quotas.check_servers(call, flavor, count)
    made = [make(call, body, flavor, disks, group, wanted, groups, place, count) for place in range(count)]
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


def make(call: Call, body: Obj, flavor: Obj, disks: boot.Disks, group: str | None, wanted: Iterable[Obj],
         groups: list[str], place: int, count: int) -> Obj:
    """One server in BUILD, with its ports and volumes; the transition ``server.build`` completes it."""
    server = blank(call, body, flavor)
    if count > 1:
        server["name"] = f"{server['name']}-{place + 1}"
    server["server_group"] = group
    server["image_id"] = disks.image["id"] if disks.image else None
    server["min_disk"] = max(disks.image["min_disk"], flavor["disk"]) if disks.image else 0
    server["devices"] = boot.make_devices(call, server["id"], disks)
    boot.make_ports(call, server, list(wanted), groups)
    call.state.add("servers", server)
    call.cloud.schedule("server.build", server["id"])
    return server


def blank(call: Call, body: Obj, flavor: Obj) -> Obj:
    zone, pinned = boot.zone_of(body)
    stamp = call.stamp()
    number = call.state.next_number()
    return {
        "id": new_id(), "name": body["name"], "project_id": call.project_id, "user_id": call.context.user_id,
        "vm_state": "building", "task_state": "scheduling", "created": stamp, "updated": stamp,
        "launched_at": None, "terminated_at": None, "flavor": copy_of(flavor), "old_flavor": None,
        "key_name": body.get("key_name"), "metadata": dict(body.get("metadata") or {}),
        "description": body.get("description"), "zone": zone, "pinned_zone": pinned, "host": None,
        "host_id": hashlib.sha224(f"{call.project_id}{zone}".encode()).hexdigest(),
        "config_drive": str(body.get("config_drive") or "").lower() in ("true", "1"),
        "user_data": body.get("user_data"), "locked": False, "fault": None, "tags": list(body.get("tags") or []),
        "hostname": body.get("hostname") or hostname(body["name"]), "disk_config":
        body.get("OS-DCF:diskConfig") or "MANUAL", "accessIPv4": body.get("accessIPv4") or "",
        "accessIPv6": body.get("accessIPv6") or "", "reservation_id": f"r-{secrets.token_hex(4)}",
        "instance_name": f"instance-{number:08x}", "own_ports": [], "devices": [],
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
        boot.check_name(body["name"])
    names = ("name", "description", "accessIPv4", "accessIPv6", "hostname")
    changes = {name: body[name] for name in names if name in body}
    call.state.edit("servers", server, **changes, updated=call.stamp())
    return {"server": view.full(call, server)}


def delete(call: Call) -> None:
    start_deletion(call.cloud, fetch(call))


def list_ips(call: Call) -> Obj:
    ports = call.state.where("ports", "device_id", fetch(call)["id"])
    found = view.addresses(call, ports)
    return {"addresses": {
        name: [{"version": row["version"], "addr": row["addr"]} for row in rows] for name, rows in found.items()
    }}


def list_groups(call: Call) -> Obj:
    """The security groups of a server, with their rules left out."""
    ports = call.state.where("ports", "device_id", fetch(call)["id"])
    ids = dict.fromkeys(group for port in ports for group in port["security_groups"])
    groups = [group for key in ids if (group := call.state.get("security_groups", key))]
    return {"security_groups": [
        {"id": group["id"], "name": group["name"], "description": group["description"],
         "tenant_id": group["project_id"], "rules": []}
        for group in groups
    ]}
