"""``one.vm.resize``, ``diskresize`` and ``updateconf``."""

from __future__ import annotations

from ..access import quotas
from ..access.authorization import MANAGE, Authorization
from ..calls import APPEND, INT, STRING, Call, method, optional
from ..errors import bad_action, unauthorized
from ..infrastructure.capacity import free_cpu, free_memory, needed_cpu, needed_memory
from ..kinds import HOST, VM
from ..objects import get, read_template
from ..state import Obj
from ..templates import Template, Vector, first, integer, number, vectors
from .build import check_capacity
from .history import ACTIONS, note_and_continue
from .lifecycle import enter
from .states import Lcm, State, counts_as_running, is_in, state_name

RESIZED_OFF = (State.PENDING, State.HOLD, State.POWEROFF, State.UNDEPLOYED, Lcm.BOOT_FAILURE, Lcm.PROLOG_FAILURE)
CAPACITY = ("CPU", "MEMORY", "VCPU")
CONFIGURABLE = ("OS", "FEATURES", "INPUT", "GRAPHICS", "VIDEO", "RAW", "CPU_MODEL", "CONTEXT", "BACKUP_CONFIG", "TPM")


@method("one.vm.resize", INT, STRING, optional("bool", True))
def resize(call: Call, vm_id: int, text: str, enforce: bool) -> int:
    """Quotas hold whether enforced or not; the room on the host, since 7.x, only when enforced."""
    vm = get(call, VM, vm_id)
    Authorization(call).need(MANAGE, VM, vm).check()
    wanted = read_template(text)
    check_capacity(wanted)
    if not is_in(vm, *RESIZED_OFF, Lcm.RUNNING):
        raise bad_action(f"Cannot resize a VM in state {state_name(vm)}")
    changes: Template = {name: wanted[name] for name in CAPACITY if number(first(wanted, name)) is not None}
    template: Template = {**vm["template"], **changes}
    quotas.check(call, vm["uid"], vm["gid"], [_difference(vm, template)])
    if enforce or call.release.always_checks_host:
        _check_host(call, {**vm, "template": template})
    if is_in(vm, Lcm.RUNNING):
        raise bad_action("Hotplug resize not supported by driver dummy")
    note_and_continue(call, vm, "resize")
    call.state.edit(VM.name, vm, template=template)
    if vm["state"] == State.PENDING:
        enter(call.cloud, vm, State.PENDING)
    return vm_id


def _difference(vm: Obj, template: Template) -> quotas.Request:
    """How much more (or less) the machine will count for."""
    amounts = {}
    for name in ("CPU", "MEMORY"):
        more = (number(first(template, name)) or 0.0) - (number(first(vm["template"], name)) or 0.0)
        amounts[name] = more
        if counts_as_running(vm):
            amounts[f"RUNNING_{name}"] = more
    return quotas.Request("VM", "", amounts)


def _check_host(call: Call, vm: Obj) -> None:
    """The host that the machine is on must have the room; one that is nowhere needs none yet."""
    host = call.state.get(HOST.name, vm["host_id"]) if vm["host_id"] is not None else None
    if host is None:
        return
    for word, needed, free in (
        ("CPU", needed_cpu(vm), free_cpu(call.state, host, but=vm["id"])),
        ("memory", needed_memory(vm), free_memory(call.state, host, but=vm["id"])),
    ):
        if needed > free:
            raise bad_action(f"Not enough {word}: {needed:.0f}/{free:.0f}")


@method("one.vm.diskresize", INT, INT, STRING)
def diskresize(call: Call, vm_id: int, disk_id: int, size: str) -> int:
    """The size in MB, as a string; disks only grow."""
    vm = get(call, VM, vm_id)
    Authorization(call).need(MANAGE, VM, vm).check()
    wanted = integer(size)
    if wanted is None:
        raise bad_action("Disk SIZE is not a valid integer")
    disk = find_disk(vm, disk_id)
    if disk is None:
        raise bad_action("VM disk does not exist")
    now = integer(disk.get("SIZE", "0")) or 0
    if wanted <= now:
        raise bad_action("New disk size has to be greater than current one")
    _check_disk_quota(call, vm, wanted - now)
    if not is_in(vm, Lcm.RUNNING, State.POWEROFF):
        raise bad_action(f"Could not resize disk for VM {vm_id}, wrong state {state_name(vm)}.")
    disk["SIZE"] = size.strip()
    note_and_continue(call, vm, "disk-resize")
    if vm["state"] == State.POWEROFF:
        vm["history"][-1]["ACTION"] = ACTIONS["poweroff-hard"]  # the new record says again that it is off
        enter(call.cloud, vm, State.ACTIVE, Lcm.DISK_RESIZE_POWEROFF)
    else:
        enter(call.cloud, vm, State.ACTIVE, Lcm.DISK_RESIZE)
    return vm_id


def _check_disk_quota(call: Call, vm: Obj, more: int) -> None:
    """Here the daemon does not say which quota it was."""
    request = quotas.Request("VM", "", {"SYSTEM_DISK_SIZE": float(more)})
    try:
        quotas.check_owners(call.state, vm["uid"], vm["gid"], [request])
    except quotas.QuotaExceeded as exceeded:
        message = f"User [{call.uid}] not authorized to perform action on virtual machine."
        raise unauthorized(message) from exceeded


def find_disk(vm: Obj, disk_id: int) -> Vector | None:
    for disk in vectors(vm["template"], "DISK"):
        if disk["DISK_ID"] == str(disk_id):
            return disk
    return None


@method("one.vm.updateconf", INT, STRING, APPEND)
def updateconf(call: Call, vm_id: int, text: str, append: int) -> int:
    """Merge vectors attribute by attribute (1) or replace them (0); the context keeps what the daemon wrote."""
    vm = get(call, VM, vm_id)
    Authorization(call).need(MANAGE, VM, vm).check()
    if not is_in(vm, *RESIZED_OFF, Lcm.RUNNING):
        raise bad_action(f"configuration cannot be updated in state {state_name(vm)}.")
    template: Template = dict(vm["template"])
    for name, values in read_template(text).items():
        if name in CONFIGURABLE:
            template[name] = list(values)
            if isinstance(values[0], dict):
                template[name] = [_merged_vector(vm["template"], name, values[0], bool(append))]
    call.state.edit(VM.name, vm, template=template)
    if is_in(vm, Lcm.RUNNING):
        enter(call.cloud, vm, State.ACTIVE, Lcm.HOTPLUG)
    return vm_id


def _merged_vector(template: Template, name: str, values: Vector, append: bool) -> Vector:
    old = (vectors(template, name) or [{}])[0]
    own = {key: value for key, value in old.items() if key in ("DISK_ID", "TARGET", "UUID") or key.startswith("ETH")}
    return {**(old if append else own), **values}
