"""POST /servers/{id}/action: https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import ApiError, bad_request, conflict, not_found, policy_refusal
from ..network.ports import PORTS
from ..state import Obj, new_id
from ..wire import Call, Reply
from . import boot, quotas
from .lifecycle import start_deletion, touch
from .servers import fetch

Run = Callable[[Call, Obj, Any], Reply | None]


@dataclass(frozen=True)
class Simple:
    """An action that only leads from one state to another, as one row of a table."""

    verb: str
    allowed: tuple[str, ...]
    task: str
    transition: str
    leads_to: str


HARD = Simple("reboot", ("active", "stopped", "paused", "suspended", "error"), "rebooting_hard", "server.reboot",
              "active")
SOFT = Simple("reboot", ("active",), "rebooting", "server.reboot", "active")
SIMPLE = {
    "os-start": Simple("start", ("stopped",), "powering-on", "server.start", "active"),
    "os-stop": Simple("stop", ("active", "error"), "powering-off", "server.stop", "stopped"),
    "pause": Simple("pause", ("active",), "pausing", "server.pause", "paused"),
    "unpause": Simple("unpause", ("paused",), "unpausing", "server.pause", "active"),
    "suspend": Simple("suspend", ("active",), "suspending", "server.suspend", "suspended"),
    "resume": Simple("resume", ("suspended",), "resuming", "server.suspend", "active"),
    "unrescue": Simple("unrescue", ("rescued",), "unrescuing", "server.rescue", "active"),
}
RESCUE = Simple("rescue", ("active", "stopped", "error"), "rescuing", "server.rescue", "rescued")


def run(call: Call) -> Reply:
    """Dispatch by the one key of the body."""
    server = fetch(call)
    name, value = next(iter((call.body or {}).items()), ("", None))
    if name in SIMPLE:
        begin(call, server, SIMPLE[name])
        return Reply(202)
    if name not in OTHERS:
        raise bad_request(f"There is no such action: {name}")
    return OTHERS[name](call, server, value) or Reply(202)


def check_state(server: Obj, verb: str, allowed: tuple[str, ...], idle: bool = True) -> None:
    """409 unless the server is in one of the states, and (``idle``) without a task."""
    text = f"Cannot '{verb}' instance {server['id']} while it is in "
    if server["vm_state"] not in allowed:
        raise conflict(f"{text}vm_state {server['vm_state']}")
    if idle and server["task_state"] is not None:
        raise conflict(f"{text}task_state {server['task_state']}")


def begin(call: Call, server: Obj, simple: Simple) -> None:
    check_state(server, simple.verb, simple.allowed)
    touch(call.cloud, server, task_state=simple.task)
    call.cloud.schedule(simple.transition, server["id"], simple.leads_to)


def reboot(call: Call, server: Obj, value: Any) -> None:
    kind = (value or {}).get("type")
    if kind is None:
        raise boot.invalid("reboot", value or {}, "'type' is a required property")
    if str(kind).upper() not in ("SOFT", "HARD"):
        raise boot.invalid("type", kind, f"'{kind}' is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']")
    begin(call, server, HARD if str(kind).upper() == "HARD" else SOFT)


def resize(call: Call, server: Obj, value: Any) -> None:
    reference = (value or {}).get("flavorRef")
    if not reference:
        raise boot.invalid("resize", value, "'flavorRef' is a required property")
    flavor = boot.flavor_of(call, reference)
    if flavor["id"] == server["flavor"]["id"]:
        raise bad_request("When resizing, instances must change flavor!")
    check_state(server, "resize", ("active", "stopped"))
    if server["image_id"]:
        if not flavor["disk"] and server["flavor"]["disk"]:
            raise bad_request("Resize to zero disk flavor is not allowed.")
        boot.check_local_disk(flavor, server["min_disk"])
    quotas.check_servers(call, flavor, less=server["flavor"])
    touch(call.cloud, server, task_state="resize_prep", before_resize=server["vm_state"])
    call.cloud.schedule("server.resize", server["id"], boot_copy(flavor))


def boot_copy(flavor: Obj) -> Obj:
    names = ("id", "name", "vcpus", "ram", "disk", "ephemeral", "swap", "extra_specs")
    return {name: flavor[name] for name in names}


def confirm_resize(call: Call, server: Obj, value: Any) -> Reply:
    check_state(server, "confirmResize", ("resized",))
    call.cloud.schedule("server.confirm_resize", server["id"], server["before_resize"])
    return Reply(204)


def revert_resize(call: Call, server: Obj, value: Any) -> None:
    check_state(server, "revertResize", ("resized",))
    touch(call.cloud, server, task_state="resize_reverting")
    call.cloud.schedule("server.revert_resize", server["id"], server["before_resize"])


def rescue(call: Call, server: Obj, value: Any) -> Reply:
    """Servers that boot from a volume cannot be rescued before 2.87."""
    if not server["image_id"] and call.version < (2, 87):
        raise bad_request(
            f"Instance {server['id']} cannot be rescued: Cannot rescue a volume-backed instance"
        )
    begin(call, server, RESCUE)
    password = (value or {}).get("adminPass") or secrets.token_urlsafe(9)
    return Reply(200, {"adminPass": password})


def create_image(call: Call, server: Obj, value: Any) -> Reply:
    check_state(server, "createImage", ("active", "stopped", "paused", "suspended"))
    name = (value or {}).get("name")
    if not name:
        raise boot.invalid("createImage", value, "'name' is a required property")
    image = call.state.add("images", snapshot_image(call, server, name, value.get("metadata") or {}))
    touch(call.cloud, server, task_state="image_snapshot_pending")
    call.cloud.schedule("server.snapshot", server["id"], image["id"])
    if call.version >= (2, 45):
        return Reply(202, {"image_id": image["id"]})
    return Reply(202, None, {"Location": f"{call.base}/image/images/{image['id']}"})


def snapshot_image(call: Call, server: Obj, name: str, metadata: Obj) -> Obj:
    original = call.state.get("images", server["image_id"]) or {}
    stamp = call.stamp()
    return {
        "id": new_id(), "name": name, "status": "queued", "visibility": "private", "owner": server["project_id"],
        "disk_format": original.get("disk_format", "raw"), "container_format": "bare",
        "min_ram": original.get("min_ram", 0), "min_disk": server["flavor"]["disk"], "size": None,
        "virtual_size": None, "checksum": None, "os_hash_algo": None, "os_hash_value": None, "os_hidden": False,
        "protected": False, "tags": [], "members": {}, "created_at": stamp, "updated_at": stamp,
        "properties": {**metadata, "base_image_ref": server["image_id"] or "", "instance_uuid": server["id"],
                       "user_id": call.context.user_id, "image_type": "snapshot"},
    }


def console_url(call: Call, path: str) -> str:
    return f"{call.base.rpartition(':')[0]}:6080/{path}?path=%3Ftoken%3D{new_id()}"


CONSOLES = {
    "os-getVNCConsole": ("novnc", "vnc_lite.html"),
    "os-getSPICEConsole": ("spice-html5", "spice_auto.html"),
    "os-getSerialConsole": ("serial", ""),
}


def console(name: str) -> Run:
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
        raise boot.invalid("protocol", protocol, f"'{protocol}' is not one of ['vnc', 'spice', 'serial', 'mks']")
    url = console_url(call, "vnc_lite.html")
    return {"remote_console": {"protocol": protocol, "type": kind, "url": url}}


def console_output(call: Call, server: Obj, value: Any) -> Reply:
    if server["vm_state"] == "building":
        raise conflict(f"Instance {server['id']} is not ready")
    lines = [f"{server['hostname']} login: ", "Welcome to the twin"]
    length = (value or {}).get("length")
    return Reply(200, {"output": "\n".join(lines[-int(length):] if length and int(length) > 0 else lines)})


def add_group(call: Call, server: Obj, value: Any) -> None:
    group = named_group(call, value)
    ports = list(call.state.where("ports", "device_id", server["id"]))
    if any(group["id"] in port["security_groups"] for port in ports):
        raise bad_request(
            f"Invalid input for security_groups. Reason: Duplicate items in the list: '{group['id']}'."
        )
    for port in ports:
        if port["port_security_enabled"] and port["fixed_ips"]:
            PORTS.touch(call, port, security_groups=[*port["security_groups"], group["id"]])


def remove_group(call: Call, server: Obj, value: Any) -> None:
    group = named_group(call, value)
    ports = [port for port in call.state.where("ports", "device_id", server["id"])
             if group["id"] in port["security_groups"]]
    if not ports:
        raise not_found(f"Security group {value['name']} not associated with the instance {server['id']}")
    for port in ports:
        PORTS.touch(call, port, security_groups=[key for key in port["security_groups"] if key != group["id"]])


def named_group(call: Call, value: Any) -> Obj:
    name = (value or {}).get("name")
    if not name:
        raise bad_request("Security group name cannot be empty")
    try:
        key = boot.group_of(call, name)
    except ApiError:
        raise not_found(
            f"Security group {name} is not found for project {call.project_id}"
        ) from None
    return call.state.get("security_groups", key) or {}


def reset_state(call: Call, server: Obj, value: Any) -> None:
    if not call.is_admin:
        raise policy_refusal("compute", "os_compute_api:os-admin-actions:reset_state")
    state = (value or {}).get("state")
    if state not in ("active", "error"):
        raise boot.invalid("state", state, f"'{state}' is not one of ['active', 'error']")
    touch(call.cloud, server, vm_state=state, task_state=None)


def force_delete(call: Call, server: Obj, value: Any) -> None:
    start_deletion(call.cloud, server)


def lock(call: Call, server: Obj, value: Any) -> None:
    touch(call.cloud, server, locked=True)


def unlock(call: Call, server: Obj, value: Any) -> None:
    touch(call.cloud, server, locked=False)


OTHERS: dict[str, Run] = {
    "reboot": reboot,
    "resize": resize,
    "confirmResize": confirm_resize,
    "revertResize": revert_resize,
    "rescue": rescue,
    "createImage": create_image,
    **{name: console(name) for name in CONSOLES},
    "os-getConsoleOutput": console_output,
    "addSecurityGroup": add_group,
    "removeSecurityGroup": remove_group,
    "os-resetState": reset_state,
    "forceDelete": force_delete,
    "lock": lock,
    "unlock": unlock,
}
OPERATIONS = {
    **{name: simple.verb for name, simple in SIMPLE.items()},
    **dict.fromkeys(CONSOLES, "get_console"),
    "reboot": "reboot",
    "resize": "resize",
    "confirmResize": "confirm_resize",
    "revertResize": "revert_resize",
    "rescue": "rescue",
    "createImage": "create_image",
    "os-getConsoleOutput": "get_console_output",
    "addSecurityGroup": "add_security_group",
    "removeSecurityGroup": "remove_security_group",
    "os-resetState": "reset_state",
    "forceDelete": "force_delete",
    "lock": "lock",
    "unlock": "unlock",
}
