"""Lists of servers: scope, filters, order, pages."""

from __future__ import annotations

import re

from twins import clock

from .. import paging
from ..errors import bad_request, policy_refusal
from ..state import Obj, newest_first
from ..wire import Call
from . import view

CONTROL = (
    "limit",
    "marker",
    "sort_key",
    "sort_dir",
    "all_tenants",
    "deleted",
    "changes-since",
    "changes-before",
)


PLAIN = {
    "project_id": "project_id",
    "tenant_id": "project_id",
    "user_id": "user_id",
    "host": "host",
    "uuid": "id",
    "key_name": "key_name",
    "availability_zone": "zone",
    "vm_state": "vm_state",
    "task_state": "task_state",
    "reservation_id": "reservation_id",
    "image": "image_id",
    "image_ref": "image_id",
    "node": "host",
}


PATTERNS = {
    "name": "name",
    "display_name": "name",
    "description": "description",
    "display_description": "description",
    "hostname": "hostname",
    "instance_name": "instance_name",
}


OTHER = (
    "status",
    "flavor",
    "ip",
    "ip6",
    "tags",
    "tags-any",
    "not-tags",
    "not-tags-any",
    "locked",
    "config_drive",
    "power_state",
    "launched_at",
    "terminated_at",
    "created_at",
    "access_ip_v4",
    "access_ip_v6",
    "progress",
    "disk_config",
    "root_device_name",
    "kernel_id",
    "ramdisk_id",
    "launch_index",
    "soft_deleted",
    "auto_disk_config",
)


KNOWN = frozenset((*CONTROL, *PLAIN, *PATTERNS, *OTHER))


ADMIN_FILTERS = ("host", "node", "project_id", "tenant_id", "user_id", "instance_name")


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
    check_filters(call)
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


def check_filters(call: Call) -> None:
    """From 2.75 on unknown parameters are refused."""
    for name, _ in call.query:
        known = name in KNOWN or name.startswith("_") or call.version < (2, 75)
        if not known:
            raise bad_request(f"'{name}' does not match any of the regexes: '^_'")


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
    return True


def pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error:
        return re.compile(re.escape(text))


def changed(server: Obj, name: str, text: str) -> bool:
    moment = clock.parse(text)
    if moment is None:
        raise bad_request(f"Invalid input for query parameters {name}. Value: {text}. '{text}' is not a 'date-time'")
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
