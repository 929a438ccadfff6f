"""Attaching and detaching NICs, disks and security groups of virtual machines."""

from __future__ import annotations

from ..access import quotas
from ..access.authorization import MANAGE, USE, Authorization
from ..calls import INT, STRING, Call, method
from ..errors import OneError, bad_action
from ..kinds import IMAGE, SECURITY_GROUP, VM, VNET
from ..objects import get, read_template
from ..state import Obj
from ..templates import Template, Vector, integer, vectors
from .build import automatic_requirements
from .capacity import find_disk
from .context import refreshed
from .disks import NoDisk, acquire, build_disk, image_of, next_disk_id
from .history import note_and_continue
from .lifecycle import enter, release_disk, release_nic
from .nics import NoNic, build_nic, group_ids, next_nic_id, with_group_rules
from .states import Lcm, State, is_in, state_name

FOR_VROUTERS = "Action is not supported for virtual router VMs"


@method("one.vm.attachnic", INT, STRING, reported="one.vm.nicattach")
def attachnic(call: Call, vm_id: int, text: str) -> int:
    vm = _managed(call, vm_id)
    for given in _given(text, "NIC"):
        _check_may_use(call, VNET.name, given.get("NETWORK_ID", ""))
        attach_nic(call, vm, given)
    return vm_id


@method("one.vm.detachnic", INT, INT, reported="one.vm.nicdetach")
def detachnic(call: Call, vm_id: int, nic_id: int) -> int:
    vm = _managed(call, vm_id)
    detach_nic(call, vm, nic_id)
    return vm_id


def _given(text: str, name: str) -> list[Vector]:
    """The devices of a template, of which there must be some."""
    found = vectors(read_template(text), name)
    if not found:
        raise bad_action(f"No {name} in template.")
    return found


def _managed(call: Call, vm_id: int) -> Obj:
    """The machine; those of virtual routers get their NICs through the router only."""
    vm = get(call, VM, vm_id)
    Authorization(call).need(MANAGE, VM, vm).check()
    if vm["router_id"] is not None:
        raise bad_action(FOR_VROUTERS)
    return vm


def _check_may_use(call: Call, kind_name: str, object_id: str) -> None:
    kind = VNET if kind_name == VNET.name else IMAGE
    obj = call.state.get(kind.name, integer(object_id))
    if obj is not None:
        Authorization(call).need(USE, kind, obj).check()


def attach_nic(call: Call, vm: Obj, given: Vector) -> None:
    _check_state(vm, "attach a NIC to")
    if "NETWORK_ID" in given:
        quotas.check(call, vm["uid"], vm["gid"], [quotas.network_request(given["NETWORK_ID"], 1)])
    template: Template = dict(vm["template"])
    try:
        nic = build_nic(call, given, next_nic_id(template), vm["id"])
    except NoNic as error:
        raise bad_action(str(error)) from error
    template["NIC"] = [*template.get("NIC", []), nic]
    _change_nics(call, vm, refreshed(call.state, template, nic, attached=True), "nic-attach")


def detach_nic(call: Call, vm: Obj, nic_id: int) -> None:
    nic = next((nic for nic in vectors(vm["template"], "NIC") if nic["NIC_ID"] == str(nic_id)), None)
    if nic is None:
        raise bad_action(f"Could not detach NIC with NIC_ID {nic_id}, it does not exist.")
    _check_state(vm, "detach a NIC from")
    release_nic(call.cloud, vm, nic)
    template: Template = dict(vm["template"])
    template["NIC"] = [other for other in template["NIC"] if other is not nic]
    _change_nics(call, vm, refreshed(call.state, template, nic, attached=False), "nic-detach")


def _check_state(vm: Obj, what: str) -> None:
    if not is_in(vm, Lcm.RUNNING, State.POWEROFF):
        raise bad_action(f"Could not {what} VM {vm['id']}, wrong state {state_name(vm)}.")


def _change_nics(call: Call, vm: Obj, template: Template, action: str) -> None:
    kept = {name: values for name, values in template.items() if values}
    call.state.edit(VM.name, vm, template=with_group_rules(call.state, vm["id"], kept))
    note_and_continue(call, vm, action)
    is_off = vm["state"] == State.POWEROFF
    enter(call.cloud, vm, State.ACTIVE, Lcm.HOTPLUG_NIC_POWEROFF if is_off else Lcm.HOTPLUG_NIC)


@method("one.vm.attachsg", INT, INT, INT, reported="one.vm.sgattach")
def attachsg(call: Call, vm_id: int, nic_id: int, group_id: int) -> int:
    group = get(call, SECURITY_GROUP, group_id)
    vm, nic, groups = _groups_of_nic(call, vm_id, nic_id)
    Authorization(call).need(USE, SECURITY_GROUP, group).check()
    if group_id in groups:
        raise bad_action(f"VM {vm_id} SG {group_id} already in NIC {nic_id}")
    return _set_groups(call, vm, nic, [*groups, group_id])


@method("one.vm.detachsg", INT, INT, INT, reported="one.vm.sgdetach")
def detachsg(call: Call, vm_id: int, nic_id: int, group_id: int) -> int:
    vm, nic, groups = _groups_of_nic(call, vm_id, nic_id)
    if group_id not in groups:
        raise bad_action(f"VM {vm_id} SG {group_id} not in NIC {nic_id}")
    return _set_groups(call, vm, nic, [group for group in groups if group != group_id])


def _groups_of_nic(call: Call, vm_id: int, nic_id: int) -> tuple[Obj, Vector, list[int]]:
    vm = get(call, VM, vm_id)
    Authorization(call).need(MANAGE, VM, vm).check()
    for nic in vectors(vm["template"], "NIC"):
        if nic["NIC_ID"] == str(nic_id):
            return vm, nic, group_ids(nic["SECURITY_GROUPS"])
    raise bad_action(f"VM {vm_id} has no NIC {nic_id}")


def _set_groups(call: Call, vm: Obj, nic: Vector, groups: list[int]) -> int:
    _check_state(vm, "change the security groups of")
    nic["SECURITY_GROUPS"] = ",".join(str(group) for group in sorted(groups))
    _change_nics(call, vm, vm["template"], "nic-attach")
    return int(vm["id"])


@method("one.vm.attach", INT, STRING, reported="one.vm.diskattach")
def attach(call: Call, vm_id: int, text: str) -> int:
    vm = get(call, VM, vm_id)
    Authorization(call).need(MANAGE, VM, vm).check()
    _check_state(vm, "attach a disk to")
    for given in _given(text, "DISK"):
        _check_may_use(call, IMAGE.name, given.get("IMAGE_ID", ""))
        _attach_disk(call, vm, given)
    return vm_id


def _attach_disk(call: Call, vm: Obj, given: Vector) -> None:
    disks = vectors(vm["template"], "DISK")
    try:
        image = image_of(call, given, len(disks))
        disk = build_disk(call, given, next_disk_id(vm["template"]), len(disks))
        counted = disk if image is None or not image["persistent"] else {**disk, "CLONE_TARGET": "NONE"}
        amounts = {"SYSTEM_DISK_SIZE": quotas.system_disk_size([counted])}
        quotas.check(call, vm["uid"], vm["gid"], [quotas.Request("VM", "", amounts)])
    except NoDisk as error:
        raise bad_action(str(error)) from error
    disk = {**acquire(call.state, vm["id"], disk), "TM_MAD_SYSTEM": "dummy"}
    template: Template = {**vm["template"], "DISK": [*disks, disk]}
    clusters = automatic_requirements([*disks, disk], []).get("AUTOMATIC_DS_REQUIREMENTS")
    if clusters:
        template["AUTOMATIC_DS_REQUIREMENTS"] = [f'{clusters[0]} & (TM_MAD = "dummy")']
    call.state.edit(VM.name, vm, template=template)
    _plug(call, vm, "disk-attach", Lcm.HOTPLUG_PROLOG_POWEROFF)


@method("one.vm.detach", INT, INT, reported="one.vm.diskdetach")
def detach(call: Call, vm_id: int, disk_id: int) -> int:
    vm = get(call, VM, vm_id)
    Authorization(call).need(MANAGE, VM, vm).check()
    disk = find_disk(vm, disk_id)
    if disk is None:
        raise _no_disk(disk_id)
    _check_state(vm, "detach a disk from")
    release_disk(call.cloud, vm, disk)
    left: Template = {**vm["template"], "DISK": [other for other in vm["template"]["DISK"] if other is not disk]}
    call.state.edit(VM.name, vm, template={name: values for name, values in left.items() if values})
    _plug(call, vm, "disk-detach", Lcm.HOTPLUG_EPILOG_POWEROFF)
    return vm_id


def _no_disk(disk_id: int) -> OneError:
    return bad_action(f"Could not detach disk with DISK_ID {disk_id}, it does not exist.")


def _plug(call: Call, vm: Obj, action: str, when_off: Lcm) -> None:
    note_and_continue(call, vm, action)
    enter(call.cloud, vm, State.ACTIVE, when_off if vm["state"] == State.POWEROFF else Lcm.HOTPLUG)
