"""``one.host.*``: hosts and the room on them."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from .. import markup
from ..access.authorization import ADMIN, Authorization
from ..calls import INT, STRING, Call, method
from ..errors import OneError, bad_action, not_allocated
from ..kinds import CLUSTER, HOST
from ..objects import check_name, check_name_is_free, get
from ..pools import register_info, register_pool
from ..state import Obj, State
from ..templates import Template
from ..transitions import failure, schedule, transition
from ..vm.lifecycle import retry_pending
from .capacity import machines_on, needed_cpu, needed_memory
from .clusters import DEFAULT_CLUSTER, RESERVED

if TYPE_CHECKING:
    from ..cloud import Cloud

CPU_OF_HOST = 800  # hundredths of a core, as the dummy monitoring reports
MEMORY_OF_HOST = 16 * 1024 * 1024  # KB
DUMMY = "dummy"
SEEN_BY_MONITORING: Template = {
    "ARCH": ["x86_64"],
    "CPUSPEED": ["3200"],
    "HYPERVISOR": [DUMMY],
    "MODELNAME": ["Dummy(R) Core @ 3.2GHz"],
    "TOTALCPU": [str(CPU_OF_HOST)],
    "TOTALMEMORY": [str(MEMORY_OF_HOST)],
}


class HostState(IntEnum):
    INIT = 0
    MONITORED = 2
    ERROR = 3
    DISABLED = 4
    OFFLINE = 8


STATUS = {0: HostState.INIT, 1: HostState.DISABLED, 2: HostState.OFFLINE}  # of one.host.status
UNWATCHED = (HostState.DISABLED, HostState.OFFLINE)


def new_host(state: State, name: str, im_mad: str, vm_mad: str, cluster_id: int) -> Obj:
    host: Obj = {
        "id": state.new_id(HOST),
        "name": name,
        "state": HostState.INIT,
        "im_mad": im_mad,
        "vm_mad": vm_mad,
        "cluster_id": cluster_id,
        "cpu": 0,
        "memory": 0,
        "template": {"IM_MAD": [im_mad], "VM_MAD": [vm_mad], **RESERVED},
    }
    return state.add(HOST.name, host)


@method("one.host.allocate", STRING, STRING, STRING, INT)
def allocate(call: Call, name: str, im_mad: str, vm_mad: str, cluster_id: int) -> int:
    """Drivers that do not exist are accepted; such a host is never monitored."""
    cluster = get(call, CLUSTER, DEFAULT_CLUSTER if cluster_id < 0 else cluster_id)
    Authorization(call).need_create(HOST).need(ADMIN, CLUSTER, cluster).check()
    try:
        check_name(HOST, name)
        check_name_is_free(call, HOST, name, call.uid)
    except OneError as error:
        if not call.release.wraps_taken_names:
            raise
        raise not_allocated(f"Error allocating a new host. {error.message}") from error
    host = new_host(call.state, name, im_mad, vm_mad, cluster["id"])
    if im_mad == DUMMY:
        schedule(call.cloud, "host.monitor", host["id"])
    return int(host["id"])


@transition("host.monitor")
def monitor(cloud: Cloud, host_id: int) -> None:
    host = cloud.state.get(HOST.name, host_id)
    if host is None or host["state"] in UNWATCHED:
        return
    seen = {**host["template"], **SEEN_BY_MONITORING, "HOSTNAME": [host["name"]]}
    cloud.state.edit(HOST.name, host, state=HostState.MONITORED, cpu=CPU_OF_HOST, memory=MEMORY_OF_HOST, template=seen)
    retry_pending(cloud)


@failure("host.monitor")
def monitoring_fails(cloud: Cloud, host_id: int, message: str) -> None:
    host = cloud.state.get(HOST.name, host_id)
    if host is not None:
        template = {**host["template"], "ERROR": [f"{cloud.date()} : {message}"]}
        cloud.state.edit(HOST.name, host, state=HostState.ERROR, template=template)


@method("one.host.delete", INT)
def delete(call: Call, host_id: int) -> int:
    host = _administered(call, host_id)
    if machines_on(call.state, host_id):
        raise bad_action("Cannot delete host. Can not remove a host with running VMs")
    call.state.drop(HOST.name, host)
    return host_id


@method("one.host.status", INT, INT)
def status(call: Call, host_id: int, wanted: int) -> int:
    """0 enables, 1 disables, 2 takes offline."""
    host = _administered(call, host_id)
    if wanted not in STATUS:
        raise bad_action("Wrong status code")
    call.state.edit(HOST.name, host, state=STATUS[wanted])
    if STATUS[wanted] == HostState.INIT:
        schedule(call.cloud, "host.monitor", host_id)
    return host_id


@method("one.host.monitoring", INT)
def monitoring(call: Call, host_id: int) -> str:
    _administered(call, host_id)
    return "<MONITORING_DATA></MONITORING_DATA>"


def _administered(call: Call, host_id: int) -> Obj:
    host = get(call, HOST, host_id)
    Authorization(call).need(ADMIN, HOST, host).check()
    return host


def render_in_pool(call: Call, host: Obj) -> str:
    """Without what was measured."""
    return render(call, host, measured=False)


def render(call: Call, host: Obj, measured: bool = True) -> str:
    machines = machines_on(call.state, host["id"])
    cpu = int(sum(needed_cpu(vm) for vm in machines))
    memory = int(sum(needed_memory(vm) for vm in machines))
    is_seen = host["state"] != HostState.INIT
    share = markup.wrap(
        "HOST_SHARE",
        markup.tag("MEM_USAGE", memory),
        markup.tag("CPU_USAGE", cpu),
        markup.tag("TOTAL_MEM", host["memory"]),
        markup.tag("TOTAL_CPU", host["cpu"]),
        markup.tag("MAX_MEM", host["memory"]),
        markup.tag("MAX_CPU", host["cpu"]),
        markup.tag("RUNNING_VMS", len(machines)),
        markup.tag("VMS_THREAD", 1),
        markup.wrap("DATASTORES", *(markup.cdata(*pair) for pair in DISK_OF_HOST.items() if is_seen)),
        "<PCI_DEVICES></PCI_DEVICES><NUMA_NODES></NUMA_NODES>",
    )
    cluster = call.state.kinds[CLUSTER.name][host["cluster_id"]]
    return markup.wrap(
        "HOST",
        markup.tag("ID", host["id"]),
        markup.tag("NAME", host["name"]),
        markup.tag("STATE", int(host["state"])),
        markup.tag("PREV_STATE", int(host["state"])),
        markup.cdata("IM_MAD", host["im_mad"]),
        markup.cdata("VM_MAD", host["vm_mad"]),
        markup.tag("CLUSTER_ID", cluster["id"]),
        markup.tag("CLUSTER", cluster["name"]),
        share,
        markup.ids("VMS", (vm["id"] for vm in machines)),
        markup.template("TEMPLATE", host["template"]),
        _monitoring(host, cpu, memory) if is_seen and measured else "<MONITORING/>",
    )


DISK_OF_HOST = {"DISK_USAGE": 0, "FREE_DISK": 20480, "MAX_DISK": 20480, "USED_DISK": 9720}


def _monitoring(host: Obj, cpu: int, memory: int) -> str:
    capacity = {
        "FREE_CPU": max(host["cpu"] - cpu, 0),
        "FREE_MEMORY": max(host["memory"] - memory, 0),
        "USED_CPU": cpu,
        "USED_MEMORY": memory,
    }
    return markup.wrap(
        "MONITORING",
        markup.tag("TIMESTAMP", 0),
        markup.tag("ID", host["id"]),
        markup.vector("CAPACITY", capacity),
        markup.vector("SYSTEM", {"NETRX": 0, "NETTX": 0}),
    )


register_info("host", HOST, render)
register_pool("one.hostpool.info", HOST, render_in_pool)
