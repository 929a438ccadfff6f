"""``one.vm.info`` and ``one.vmpool.*``: the full XML of a virtual machine, and the reduced one of the pool."""

from __future__ import annotations

from .. import markup
from ..access.authorization import USE, Authorization, is_visible
from ..calls import BOOL, INT, STRING, TEXT, Call, method, optional
from ..kinds import VM
from ..objects import get, header, lock_element, owner
from ..pools import chosen, paged, register_info, rendered
from ..state import Obj, newest_first
from ..templates import Template, Vector, first, vectors
from . import history
from .states import State

ANY, ANY_BUT_DONE = -2, -1
SHORT_DISK = (
    *("DISK_ID", "DATASTORE", "DATASTORE_ID", "IMAGE", "IMAGE_ID", "SIZE", "TYPE"),
    *("CLONE", "CLONE_TARGET", "LN_TARGET", "DISK_SNAPSHOT_TOTAL_SIZE"),
)
SHORT_NIC = ("IP", "MAC", "NETWORK", "NETWORK_ID", "NIC_ID", "SECURITY_GROUPS")
SHORT_USER_TEMPLATE = ("ERROR", "LABELS", "SCHED_MESSAGE")


def render(vm: Obj) -> str:
    return markup.wrap(
        "VM",
        header(vm, lock=False),
        markup.tag("LAST_POLL", 0),
        *(markup.tag(name, int(vm[name.lower()])) for name in ("STATE", "LCM_STATE")),
        markup.tag("PREV_STATE", int(vm["state"])),
        markup.tag("PREV_LCM_STATE", int(vm["lcm_state"])),
        *(markup.tag(name, vm[name.lower()]) for name in ("RESCHED", "STIME", "ETIME", "DEPLOY_ID")),
        lock_element(vm),
        "<MONITORING></MONITORING><SCHED_ACTIONS></SCHED_ACTIONS>",
        markup.template("TEMPLATE", vm["template"]),
        markup.template("USER_TEMPLATE", vm["user_template"]),
        history.render(vm),
        "<BACKUPS><BACKUP_CONFIG/><BACKUP_IDS></BACKUP_IDS></BACKUPS>",
    )


def render_short(vm: Obj) -> str:
    template: Template = vm["template"]
    names = SHORT_USER_TEMPLATE
    of_user: Template = {name: vm["user_template"][name] for name in names if name in vm["user_template"]}
    return markup.wrap(
        "VM",
        owner(vm),
        markup.tag("LAST_POLL", 0),
        *(markup.tag(name, int(vm[name.lower()])) for name in ("STATE", "LCM_STATE")),
        *(markup.tag(name, vm[name.lower()]) for name in ("RESCHED", "STIME", "ETIME", "DEPLOY_ID")),
        lock_element(vm),
        markup.wrap(
            "TEMPLATE",
            *(markup.tag(name, first(template, name)) for name in ("CPU", "MEMORY", "VCPU")),
            *(_picked("DISK", disk, SHORT_DISK) for disk in vectors(template, "DISK")),
            *(_picked("NIC", nic, SHORT_NIC) for nic in vectors(template, "NIC")),
            *(markup.vector("GRAPHICS", graphics) for graphics in vectors(template, "GRAPHICS")),
        ),
        "<MONITORING/>",
        markup.template("USER_TEMPLATE", of_user),
        history.render_last(vm),
    )


def _picked(name: str, values: Vector, keys: tuple[str, ...]) -> str:
    return markup.wrap(name, *(markup.cdata(key, values[key]) for key in keys if key in values))


def _in_pool(call: Call, whose: int, start: int, end: int, state: int, query: str) -> list[Obj]:
    """Pages are cut after the states were chosen; ``query`` searches the text of the machines."""
    found = [
        vm
        for vm in chosen(call, VM, whose, -1, -1)
        if (state == ANY or (vm["state"] != State.DONE if state == ANY_BUT_DONE else vm["state"] == state))
        and (not query or query.partition("=")[2] in render(vm))
    ]
    return paged(found, start, end)


@method("one.vmpool.info", INT, INT, INT, INT, TEXT)
def pool(call: Call, whose: int, start: int, end: int, state: int, query: str) -> str:
    return markup.wrap("VM_POOL", *(render_short(vm) for vm in _in_pool(call, whose, start, end, state, query)))


@method("one.vmpool.infoextended", INT, INT, INT, INT, TEXT)
def pool_extended(call: Call, whose: int, start: int, end: int, state: int, query: str) -> str:
    return markup.wrap("VM_POOL", *(render(vm) for vm in _in_pool(call, whose, start, end, state, query)))


@method("one.vmpool.infoset", STRING, BOOL)
def pool_of_ids(call: Call, ids: str, extended: bool) -> str:
    wanted = {int(part) for part in ids.split(",") if part.strip().isdigit()}
    found = [vm for vm in newest_first(call.state.all(VM.name)) if vm["id"] in wanted and is_visible(call, VM, vm)]
    return markup.wrap("VM_POOL", *((render if extended else render_short)(vm) for vm in found))


@method("one.vm.monitoring", INT)
def monitoring(call: Call, vm_id: int) -> str:
    """Nothing is ever measured."""
    vm = get(call, VM, vm_id)
    Authorization(call).need(USE, VM, vm, locks=False).check()
    return "<MONITORING_DATA></MONITORING_DATA>"


@method("one.vmpool.monitoring", INT, optional("int", -1))
def pool_monitoring(call: Call, whose: int, seconds: int) -> str:
    return "<MONITORING_DATA></MONITORING_DATA>"


register_info("vm", VM, rendered(render))
