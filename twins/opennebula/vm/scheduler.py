"""Placing pending virtual machines: the host with the most free CPU that has the room and meets the requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..infrastructure.capacity import free_cpu, free_memory, needed_cpu, needed_memory
from ..kinds import CLUSTER, DATASTORE, HOST, VM, VNET
from ..state import Obj
from ..templates import Template, first, vectors
from ..transitions import failure, transition
from .history import open_record
from .lifecycle import enter
from .requirements import RequirementsError, meets
from .states import Lcm, State

if TYPE_CHECKING:
    from ..cloud import Cloud

MONITORED = 2
SYSTEM_DATASTORE = 0
NO_HOST = "Cannot dispatch VM: No host with enough capacity to deploy the VM"
STARTS_WITH = {None: Lcm.PROLOG, State.STOPPED: Lcm.BOOT_STOPPED, State.UNDEPLOYED: Lcm.BOOT_UNDEPLOY}


@transition("vm.schedule")
def place(cloud: Cloud, vm_id: int, serial: int) -> None:
    """One pass: whoever is pending then is placed with the machine that was due, in the order of ids."""
    due = cloud.state.get(VM.name, vm_id)
    if due is None or due["serial"] != serial or due["state"] != State.PENDING:
        return
    pending = [vm for vm in cloud.state.all(VM.name) if vm["state"] == State.PENDING]
    for vm in sorted(pending, key=lambda each: int(each["id"])):
        host, reason = choose_host(cloud, vm)
        if host is None:
            said = reason if cloud.release.explains_no_host else NO_HOST
            placing_fails(cloud, vm["id"], vm["serial"], said)
        else:
            deploy(cloud, vm, host)


@failure("vm.schedule")
def placing_fails(cloud: Cloud, vm_id: int, serial: int, message: str) -> None:
    """The machine stays PENDING and says why; it is tried again when something changes."""
    vm = cloud.state.get(VM.name, vm_id)
    if vm is not None and vm["serial"] == serial:
        user_template: Template = {**vm["user_template"], "SCHED_MESSAGE": [f"{cloud.date()}: {message}"]}
        cloud.state.edit(VM.name, vm, user_template=user_template)


def choose_host(cloud: Cloud, vm: Obj) -> tuple[Obj | None, str]:
    """The best host, or why there is none."""
    hosts = [host for host in cloud.state.all(HOST.name) if host["state"] == MONITORED]
    fitting = [host for host in hosts if host["cluster_id"] in clusters_for(cloud, vm)]
    try:
        fitting = [host for host in fitting if _meets_requirements(cloud, vm, host)]
    except RequirementsError as error:
        return None, str(error)
    if not fitting:
        return None, "[HOST] No hosts meet the requirements of the VM"
    with_cpu = [host for host in fitting if free_cpu(cloud.state, host) >= needed_cpu(vm)]
    if not with_cpu:
        return None, f"[HOST] Not enough CPU on hosts: {_ids(fitting)}"
    with_memory = [host for host in with_cpu if free_memory(cloud.state, host) >= needed_memory(vm)]
    if not with_memory:
        return None, f"[HOST] Not enough memory on hosts: {_ids(with_cpu)}"
    return max(with_memory, key=lambda host: (free_cpu(cloud.state, host), host["id"])), ""


def _ids(hosts: list[Obj]) -> str:
    return ",".join(str(host["id"]) for host in hosts)


def _meets_requirements(cloud: Cloud, vm: Obj, host: Obj) -> bool:
    cluster = cloud.state.kinds[CLUSTER.name][host["cluster_id"]]
    return meets(first(vm["user_template"], "SCHED_REQUIREMENTS"), host, cluster["name"])


def clusters_for(cloud: Cloud, vm: Obj) -> set[int]:
    """The clusters that have all networks and image datastores of the machine."""
    clusters = {cluster["id"] for cluster in cloud.state.all(CLUSTER.name)}
    for nic in vectors(vm["template"], "NIC"):
        vnet = cloud.state.get(VNET.name, int(nic["NETWORK_ID"]))
        clusters &= set(vnet["clusters"]) if vnet else clusters
    for disk in vectors(vm["template"], "DISK"):
        datastore = cloud.state.get(DATASTORE.name, int(disk.get("DATASTORE_ID", -1)))
        clusters &= set(datastore["clusters"]) if datastore else clusters
    return clusters


def deploy(cloud: Cloud, vm: Obj, host: Obj, datastore_id: int = SYSTEM_DATASTORE) -> None:
    """Put the machine on a host and let it start, or go on where it was stopped."""
    user_template = {name: values for name, values in vm["user_template"].items() if name != "SCHED_MESSAGE"}
    template = {**vm["template"], "TM_MAD_SYSTEM": ["dummy"]}
    before = State(vm["resumes_from"]) if vm["resumes_from"] is not None else None
    open_record(cloud, vm, host, datastore_id)
    cloud.state.edit(VM.name, vm, host_id=host["id"], user_template=user_template, template=template, resumes_from=None)
    enter(cloud, vm, State.ACTIVE, STARTS_WITH[before])
