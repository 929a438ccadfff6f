"""Making a virtual machine from a template: quotas, disks, NICs, context, and what goes into which template."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from ..access import quotas
from ..calls import Call
from ..errors import OneError, internal, not_allocated
from ..kinds import DATASTORE, USER, VM, VNET
from ..network.address_ranges import give_back
from ..objects import check_name, owned
from ..state import Obj
from ..templates import Template, Vector, copy, first, number, vectors
from .context import TARGET, build_context
from .disks import NoDisk, acquire, build_disk, image_of
from .lifecycle import enter
from .nics import NoNic, build_nic, next_vm_id, with_group_rules
from .states import State

OF_MACHINE = (
    *("BACKUP_CONFIG", "CONTEXT", "CPU", "CPU_COST", "CPU_MODEL", "DISK", "DISK_COST", "EMULATOR", "FEATURES"),
    *("GRAPHICS", "INPUT", "MEMORY", "MEMORY_COST", "MEMORY_MAX", "MEMORY_SLOTS", "NIC", "NIC_ALIAS", "NIC_DEFAULT"),
    *("NUMA_NODE", "OS", "PCI", "RAW", "SPICE_OPTIONS", "TOPOLOGY", "TPM", "VCPU", "VCPU_MAX", "VIDEO", "VMGROUP"),
)
ALLOCATING = "Error allocating a new virtual machine template. "


@dataclass
class Plan:
    """What is to be built. ``failing`` is how refusals begin; ``extra`` goes into the machine's own template."""

    name: str
    template: Template
    uid: int
    gid: int
    hold: bool = False
    failing: str = ALLOCATING
    extra: Template = field(default_factory=dict)
    extra_context: Vector = field(default_factory=dict)
    router_id: int | None = None


def build(call: Call, plan: Plan) -> Obj:
    """The machine, PENDING or on HOLD; nothing stays taken when it cannot be made."""
    check_capacity(plan.template)
    quotas.check(call, plan.uid, plan.gid, _requests(call, plan.template))
    vm_id = next_vm_id(call.state)
    taken: list[Vector] = []
    try:
        check_name(VM, plan.name or "vm")
        disks = _disks(call, plan.template)
        for nic_id, given in enumerate(vectors(plan.template, "NIC")):
            taken.append(build_nic(call, given, nic_id, vm_id))
    except (NoDisk, NoNic, OneError) as error:
        _let_go(call, vm_id, taken)
        raise not_allocated(f"{plan.failing}{error}") from error
    return _add(call, plan, vm_id, disks, taken)


def check_capacity(template: Template) -> None:
    for name, words in (("MEMORY", "a positive integer"), ("CPU", "a positive float or integer")):
        amount = number(first(template, name))
        if name in template and amount is not None and amount < 0:
            raise internal(f"{name} must be {words} value.")


def _requests(call: Call, template: Template) -> list[quotas.Request]:
    """What the machine will count for; unknown images and networks are refused later, by those who know."""
    probe = copy(template)
    for disk_id, disk in enumerate(vectors(probe, "DISK")):
        try:
            image = image_of(call, disk, disk_id)
        except NoDisk:
            image = None
        if image is not None:
            disk.setdefault("SIZE", str(image["size"]))
            disk["IMAGE_ID"] = str(image["id"])
            disk["CLONE_TARGET"] = "NONE" if image["persistent"] else _clone_target(call, image)
    return quotas.vm_request({"state": State.PENDING, "template": probe})


def _clone_target(call: Call, image: Obj) -> str:
    datastore = call.state.kinds[DATASTORE.name][image["datastore_id"]]
    return first(datastore["template"], "CLONE_TARGET", "SYSTEM")


def _disks(call: Call, template: Template) -> list[Vector]:
    given = [disk for disk in vectors(template, "DISK") if disk]
    return [build_disk(call, disk, disk_id, disk_id) for disk_id, disk in enumerate(given)]


def _let_go(call: Call, vm_id: int, nics: list[Vector]) -> None:
    for nic in nics:
        vnet = call.state.kinds[VNET.name][int(nic["NETWORK_ID"])]
        give_back(vnet, {"VM": str(vm_id)}, nic.get("IP", ""), nic["MAC"])
        call.state.edit(VNET.name, vnet, vms=[other for other in vnet["vms"] if other != vm_id])


def _add(call: Call, plan: Plan, vm_id: int, disks: list[Vector], nics: list[Vector]) -> Obj:
    owner = call.state.get(USER.name, plan.uid) or call.user
    name = plan.name or f"vm-{vm_id}"
    template: Template = {key: values for key, values in copy(plan.template).items() if key in OF_MACHINE}
    template.update(plan.extra, VMID=[str(vm_id)])
    if plan.hold:
        template["SUBMIT_ON_HOLD"] = ["YES"]
    template.pop("DISK", None)
    template.pop("NIC", None)
    if disks:
        template["DISK"] = [acquire(call.state, vm_id, disk) for disk in disks]
    if nics:
        template["NIC"] = list(nics)
    template["OS"] = [{"UUID": str(uuid.uuid4()), **(vectors(template, "OS") or [{}])[0]}]
    template.update(automatic_requirements(disks, nics))
    _add_context(call, plan, template, owner, {"NAME": name, "VMID": str(vm_id)})
    vm = owned(call, VM, name, with_group_rules(call.state, vm_id, template), **_fields(call, plan))
    gname = (call.state.get("groups", plan.gid) or {"name": owner["gname"]})["name"]
    vm.update(uid=plan.uid, gid=plan.gid, uname=owner["name"], gname=gname)
    call.state.add(VM.name, vm)
    enter(call.cloud, vm, State.HOLD if plan.hold else State.PENDING)
    return vm


def _fields(call: Call, plan: Plan) -> Obj:
    of_user = {key: values for key, values in copy(plan.template).items() if key not in OF_MACHINE and key != "NAME"}
    return {
        "state": State.PENDING,
        "lcm_state": 0,
        "serial": 0,
        "resched": 0,
        "stime": call.cloud.now(),
        "etime": 0,
        "deploy_id": "",
        "host_id": None,
        "resumes_from": None,
        "router_id": plan.router_id,
        "user_template": of_user,
        "history": [],
    }


def _add_context(call: Call, plan: Plan, template: Template, owner: Obj, variables: dict[str, str]) -> None:
    contexts = vectors(template, "CONTEXT")
    if not contexts and not plan.extra_context:
        return
    given = {**(contexts[0] if contexts else {}), **plan.extra_context}
    variables = {**variables, **{name: str(owner[name.lower()]) for name in ("GID", "GNAME")}}
    variables.update(UID=str(owner["id"]), UNAME=owner["name"])
    context = build_context(call.state, given, vectors(template, "NIC"), variables, owner)
    disk_id = str(len(vectors(template, "DISK")))
    template["CONTEXT"] = [{**context, "DISK_ID": disk_id, "TARGET": TARGET}]


def automatic_requirements(disks: list[Vector], nics: list[Vector]) -> Template:
    """Which clusters the scheduler may choose, as expressions."""
    clusters = [set(device["CLUSTER_ID"].split(",")) for device in (*disks, *nics) if "CLUSTER_ID" in device]
    common = sorted(set.intersection(*clusters), key=int) if clusters else []
    if not common:
        return {"AUTOMATIC_REQUIREMENTS": ["!(PIN_POLICY = PINNED)"]}
    either = " | ".join(f'"CLUSTERS/ID" @> {cluster}' for cluster in common)
    places = " | ".join(f"CLUSTER_ID = {cluster}" for cluster in common)
    return {
        "AUTOMATIC_DS_REQUIREMENTS": [f"({either})"],
        "AUTOMATIC_NIC_REQUIREMENTS": [f"({either})"],
        "AUTOMATIC_REQUIREMENTS": [f"({places}) & !(PIN_POLICY = PINNED)"],
    }
