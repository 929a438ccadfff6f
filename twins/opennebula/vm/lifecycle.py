"""Moving a virtual machine from state to state, and what it lets go of at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kinds import IMAGE, SECURITY_GROUP, VIRTUAL_ROUTER, VM, VNET
from ..network.address_ranges import give_back
from ..state import Obj
from ..templates import Template, Vector, vectors
from ..transitions import failure, schedule, transition
from . import history
from .states import FAILS_TO, LEADS_TO, Lcm, State

if TYPE_CHECKING:
    from ..cloud import Cloud

FIRST_VNC_PORT = 5900
READY, USED, USED_PERS = 1, 2, 8  # of an image
DRIVER_ACTIONS = {
    "vm.prolog": "Error executing image transfer script",
    "vm.boot": "DEPLOY",
    "vm.poweroff": "CANCEL",
    "vm.suspend": "SAVE",
    "vm.stop": "SAVE",
    "vm.shutdown": "CANCEL",
}
LETS_GO_OF_HOST = (State.STOPPED, State.UNDEPLOYED, State.DONE)


def enter(cloud: Cloud, vm: Obj, state: State, lcm: Lcm = Lcm.LCM_INIT) -> None:
    """Take on a state now. Whatever was under way is forgotten; what the state leads to is scheduled."""
    cloud.state.edit(VM.name, vm, state=state, lcm_state=lcm, serial=vm["serial"] + 1)
    history.mark(cloud, vm)
    if state == State.PENDING:
        schedule(cloud, "vm.schedule", vm["id"], vm["serial"])
    elif state == State.ACTIVE and lcm in LEADS_TO:
        schedule(cloud, LEADS_TO[lcm].transition, vm["id"], vm["serial"])
    if state == State.ACTIVE and lcm == Lcm.RUNNING:
        _shows_its_deployment(vm)
    if state == State.DONE:
        _finish(cloud, vm)
    if state in LETS_GO_OF_HOST and vm["host_id"] is not None:
        _leave_host(cloud, vm)


def _arrive(cloud: Cloud, vm_id: int, serial: int) -> None:
    vm = cloud.state.get(VM.name, vm_id)
    if vm is not None and vm["serial"] == serial:
        arrival = LEADS_TO[Lcm(vm["lcm_state"])]
        enter(cloud, vm, arrival.state, arrival.lcm)


def _fail(cloud: Cloud, vm_id: int, serial: int, message: str) -> None:
    vm = cloud.state.get(VM.name, vm_id)
    if vm is None or vm["serial"] != serial:
        return
    arrival = LEADS_TO[Lcm(vm["lcm_state"])]
    action = DRIVER_ACTIONS.get(arrival.transition, "Error")
    error: Template = {"ERROR": [f"{cloud.date()}: {action}: {message}"]}
    cloud.state.edit(VM.name, vm, user_template={**vm["user_template"], **error})
    enter(cloud, vm, *FAILS_TO.get(Lcm(vm["lcm_state"]), (arrival.state, arrival.lcm)))


for _name in sorted({_arrival.transition for _arrival in LEADS_TO.values()}):
    transition(_name)(_arrive)
    failure(_name)(_fail)


def _shows_its_deployment(vm: Obj) -> None:
    """A started machine has a name on its host and a port for VNC."""
    last = vm["history"][-1]
    vm["deploy_id"] = vm["deploy_id"] or f"{last['HOSTNAME']}:{vm['name']}:dummy"
    for graphics in vectors(vm["template"], "GRAPHICS"):
        graphics.setdefault("PORT", str(FIRST_VNC_PORT + vm["id"]))


def _leave_host(cloud: Cloud, vm: Obj) -> None:
    """Its room is free for a machine that waits."""
    cloud.state.edit(VM.name, vm, host_id=None)
    retry_pending(cloud)


def retry_pending(cloud: Cloud) -> None:
    """Look again for hosts for the machines that found none."""
    for vm in cloud.state.all(VM.name):
        if vm["state"] == State.PENDING and "SCHED_MESSAGE" in vm["user_template"]:
            schedule(cloud, "vm.schedule", vm["id"], vm["serial"])


def _finish(cloud: Cloud, vm: Obj) -> None:
    """DONE: leases, images, security groups and the virtual router are free of it; it stays to be read."""
    cloud.state.edit(VM.name, vm, etime=cloud.now())
    for nic in vectors(vm["template"], "NIC"):
        release_nic(cloud, vm, nic)
    for disk in vectors(vm["template"], "DISK"):
        release_disk(cloud, vm, disk)
    for graphics in vectors(vm["template"], "GRAPHICS"):
        graphics.pop("PORT", None)
    for group in cloud.state.all(SECURITY_GROUP.name):
        if vm["id"] in group["vms"]:
            cloud.state.edit(SECURITY_GROUP.name, group, vms=_without(group["vms"], vm["id"]))
    router = cloud.state.get(VIRTUAL_ROUTER.name, vm["router_id"]) if vm["router_id"] is not None else None
    if router is not None:
        cloud.state.edit(VIRTUAL_ROUTER.name, router, vms=_without(router["vms"], vm["id"]))


def release_nic(cloud: Cloud, vm: Obj, nic: Vector) -> None:
    vnet = cloud.state.get(VNET.name, int(nic["NETWORK_ID"]))
    if vnet is not None:
        give_back(vnet, {"VM": str(vm["id"])}, nic.get("IP", ""), nic.get("MAC", ""))
        cloud.state.edit(VNET.name, vnet, vms=_without(vnet["vms"], vm["id"]))


def release_disk(cloud: Cloud, vm: Obj, disk: Vector) -> None:
    image = cloud.state.get(IMAGE.name, int(disk["IMAGE_ID"])) if "IMAGE_ID" in disk else None
    if image is not None:
        vms = list(image["vms"])
        vms.remove(vm["id"])
        in_use = USED_PERS if image["persistent"] else USED
        state = in_use if vms else READY
        cloud.state.edit(IMAGE.name, image, vms=vms, state=state, prev_state=state)


def _without(members: list[int], member: int) -> list[int]:
    return [other for other in members if other != member]
