"""POST /servers/{id}/action: https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import bad_request, policy_refusal
from ..schema import invalid
from ..state import Obj
from ..wire import Call, Reply
from . import boot, disks, quotas
from .consoles import CONSOLES, console, console_output
from .groups import add_group, remove_group
from .guard import check_state
from .images import create_image
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


HARD = Simple(
    "reboot",
    ("active", "stopped", "paused", "suspended", "error"),
    "rebooting_hard",
    "server.reboot",
    "active",
)
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
    name, value = call.action()
    if name in SIMPLE:
        begin(call, server, SIMPLE[name])
        return Reply(202)
    if name not in OTHERS:
        raise bad_request(f"There is no such action: {name}")
    return OTHERS[name](call, server, value) or Reply(202)


def begin(call: Call, server: Obj, simple: Simple) -> None:
    check_state(server, simple.verb, simple.allowed)
    touch(call.cloud, server, task_state=simple.task)
    call.cloud.schedule(simple.transition, server["id"], simple.leads_to)


def reboot(call: Call, server: Obj, value: Any) -> None:
    kind = (value or {}).get("type")
    if kind is None:
        raise invalid("reboot", value or {}, "'type' is a required property")
    if str(kind).upper() not in ("SOFT", "HARD"):
        raise invalid("type", kind, f"'{kind}' is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']")
    begin(call, server, HARD if str(kind).upper() == "HARD" else SOFT)


def resize(call: Call, server: Obj, value: Any) -> None:
    reference = (value or {}).get("flavorRef")
    if not reference:
        raise invalid("resize", value, "'flavorRef' is a required property")
    flavor = boot.flavor_of(call, reference)
    if flavor["id"] == server["flavor"]["id"]:
        raise bad_request("When resizing, instances must change flavor!")
    check_state(server, "resize", ("active", "stopped"))
    if server["image_id"]:
        if not flavor["disk"] and server["flavor"]["disk"]:
            raise bad_request("Resize to zero disk flavor is not allowed.")
        disks.check_local_disk(flavor, server["min_disk"])
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
    """Servers that boot from a volume can be rescued from 2.87 on, with an image that is made for it."""
    key = (value or {}).get("rescue_image_ref")
    image = call.state.get("images", key) if key else None
    if key and image is None:
        raise bad_request(f"Requested rescue image '{key}' is not supported")
    stable = {"hw_rescue_bus", "hw_rescue_device"} <= (image["properties"] if image else {}).keys()
    if not server["image_id"] and not (stable and call.version >= (2, 87)):
        raise bad_request(f"Instance {server['id']} cannot be rescued: Cannot rescue a volume-backed instance")
    begin(call, server, RESCUE)
    password = (value or {}).get("adminPass") or secrets.token_urlsafe(9)
    return Reply(200, {"adminPass": password})


def reset_state(call: Call, server: Obj, value: Any) -> None:
    if not call.is_admin:
        raise policy_refusal("compute", "os_compute_api:os-admin-actions:reset_state")
    state = (value or {}).get("state")
    if state not in ("active", "error"):
        raise invalid("state", state, f"'{state}' is not one of ['active', 'error']")
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
