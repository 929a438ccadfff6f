"""The states of a virtual machine, and where each passing one leads by itself."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from twins.state import Obj


class State(IntEnum):
    PENDING = 1
    HOLD = 2
    ACTIVE = 3
    STOPPED = 4
    SUSPENDED = 5
    DONE = 6
    POWEROFF = 8
    UNDEPLOYED = 9


class Lcm(IntEnum):
    """What an ACTIVE virtual machine is doing."""

    LCM_INIT = 0
    PROLOG = 1
    BOOT = 2
    RUNNING = 3
    SAVE_STOP = 5
    SAVE_SUSPEND = 6
    EPILOG_STOP = 10
    EPILOG = 11
    SHUTDOWN = 12
    HOTPLUG = 17
    SHUTDOWN_POWEROFF = 18
    BOOT_POWEROFF = 20
    BOOT_SUSPENDED = 21
    BOOT_STOPPED = 22
    CLEANUP_DELETE = 23
    HOTPLUG_NIC = 25
    SHUTDOWN_UNDEPLOY = 29
    EPILOG_UNDEPLOY = 30
    BOOT_UNDEPLOY = 32
    HOTPLUG_PROLOG_POWEROFF = 33
    HOTPLUG_EPILOG_POWEROFF = 34
    BOOT_FAILURE = 36
    PROLOG_FAILURE = 39
    DISK_RESIZE = 62
    DISK_RESIZE_POWEROFF = 63
    HOTPLUG_NIC_POWEROFF = 65


class Arrival(NamedTuple):
    """``transition`` is the name in the latency profile and in fault rules."""

    transition: str
    state: State
    lcm: Lcm = Lcm.LCM_INIT


RUNNING = (State.ACTIVE, Lcm.RUNNING)
LEADS_TO: dict[Lcm, Arrival] = {
    Lcm.PROLOG: Arrival("vm.prolog", State.ACTIVE, Lcm.BOOT),
    Lcm.BOOT: Arrival("vm.boot", *RUNNING),
    Lcm.BOOT_POWEROFF: Arrival("vm.boot", *RUNNING),
    Lcm.BOOT_SUSPENDED: Arrival("vm.boot", *RUNNING),
    Lcm.BOOT_STOPPED: Arrival("vm.boot", *RUNNING),
    Lcm.BOOT_UNDEPLOY: Arrival("vm.boot", *RUNNING),
    Lcm.SHUTDOWN_POWEROFF: Arrival("vm.poweroff", State.POWEROFF),
    Lcm.SAVE_SUSPEND: Arrival("vm.suspend", State.SUSPENDED),
    Lcm.SAVE_STOP: Arrival("vm.stop", State.ACTIVE, Lcm.EPILOG_STOP),
    Lcm.EPILOG_STOP: Arrival("vm.epilog", State.STOPPED),
    Lcm.SHUTDOWN_UNDEPLOY: Arrival("vm.shutdown", State.ACTIVE, Lcm.EPILOG_UNDEPLOY),
    Lcm.EPILOG_UNDEPLOY: Arrival("vm.epilog", State.UNDEPLOYED),
    Lcm.SHUTDOWN: Arrival("vm.shutdown", State.ACTIVE, Lcm.EPILOG),
    Lcm.EPILOG: Arrival("vm.epilog", State.DONE),
    Lcm.CLEANUP_DELETE: Arrival("vm.cleanup", State.DONE),
    Lcm.HOTPLUG: Arrival("vm.hotplug", *RUNNING),
    Lcm.HOTPLUG_NIC: Arrival("vm.hotplug_nic", *RUNNING),
    Lcm.HOTPLUG_PROLOG_POWEROFF: Arrival("vm.hotplug", State.POWEROFF),
    Lcm.HOTPLUG_EPILOG_POWEROFF: Arrival("vm.hotplug", State.POWEROFF),
    Lcm.HOTPLUG_NIC_POWEROFF: Arrival("vm.hotplug_nic", State.POWEROFF),
    Lcm.DISK_RESIZE: Arrival("vm.disk_resize", *RUNNING),
    Lcm.DISK_RESIZE_POWEROFF: Arrival("vm.disk_resize", State.POWEROFF),
}
FAILS_TO: dict[Lcm, tuple[State, Lcm]] = {
    Lcm.PROLOG: (State.ACTIVE, Lcm.PROLOG_FAILURE),
    Lcm.BOOT: (State.ACTIVE, Lcm.BOOT_FAILURE),
    Lcm.BOOT_POWEROFF: (State.POWEROFF, Lcm.LCM_INIT),
    Lcm.BOOT_SUSPENDED: (State.SUSPENDED, Lcm.LCM_INIT),
    Lcm.BOOT_STOPPED: (State.ACTIVE, Lcm.BOOT_FAILURE),
    Lcm.BOOT_UNDEPLOY: (State.ACTIVE, Lcm.BOOT_FAILURE),
    Lcm.SHUTDOWN_POWEROFF: RUNNING,
    Lcm.SAVE_SUSPEND: RUNNING,
    Lcm.SAVE_STOP: RUNNING,
    Lcm.SHUTDOWN_UNDEPLOY: RUNNING,
    Lcm.SHUTDOWN: RUNNING,
}
WITHOUT_POWER = (
    *(Lcm.DISK_RESIZE_POWEROFF, Lcm.HOTPLUG_NIC_POWEROFF),
    *(Lcm.HOTPLUG_PROLOG_POWEROFF, Lcm.HOTPLUG_EPILOG_POWEROFF),
)
WITH_CAPACITY = (State.ACTIVE, State.POWEROFF, State.SUSPENDED)  # these keep their room on the host


def state_name(vm: Obj) -> str:
    """The state as refusals name it: an ACTIVE machine goes by what it is doing."""
    return Lcm(vm["lcm_state"]).name if vm["state"] == State.ACTIVE else State(vm["state"]).name


def is_in(vm: Obj, *states: State | Lcm) -> bool:
    """Whether it is in one of these states; an :class:`Lcm` means ACTIVE and doing that."""
    if vm["state"] == State.ACTIVE:
        return any(isinstance(state, Lcm) and state == vm["lcm_state"] for state in states)
    return any(isinstance(state, State) and state == vm["state"] for state in states)


def is_done(vm: Obj) -> bool:
    return bool(vm["state"] == State.DONE)


def counts_as_running(vm: Obj) -> bool:
    """What the RUNNING_ quotas count: also what is about to run."""
    if vm["state"] == State.ACTIVE:
        return vm["lcm_state"] not in WITHOUT_POWER
    return vm["state"] in (State.PENDING, State.HOLD)
