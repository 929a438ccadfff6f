"""``one.vm.action``, ``deploy`` and ``recover``: what a virtual machine is told to do."""

from __future__ import annotations

from typing import NamedTuple

from ..access import quotas
from ..access.authorization import ADMIN, MANAGE, Authorization
from ..calls import INT, NO, STRING, TEXT, Call, method, optional
from ..errors import bad_action
from ..infrastructure.capacity import free_cpu, needed_cpu
from ..kinds import HOST, VM
from ..objects import get
from ..state import Obj
from ..templates import Template, first, number
from .history import continue_record, note
from .lifecycle import enter
from .scheduler import SYSTEM_DATASTORE, deploy
from .states import Lcm, State, is_done, is_in, state_name


class Move(NamedTuple):
    """From any of these states to a state; ``lcm`` is what it then does."""

    sources: tuple[State | Lcm, ...]
    state: State
    lcm: Lcm = Lcm.LCM_INIT


FAILED = (Lcm.BOOT_FAILURE, Lcm.PROLOG_FAILURE)
TERMINATE = (
    Move((Lcm.RUNNING,), State.ACTIVE, Lcm.SHUTDOWN),
    Move((State.POWEROFF, State.SUSPENDED, State.STOPPED, State.UNDEPLOYED, *FAILED), State.ACTIVE, Lcm.EPILOG),
    Move((State.PENDING, State.HOLD, State.DONE), State.DONE),
)
POWEROFF = (Move((Lcm.RUNNING,), State.ACTIVE, Lcm.SHUTDOWN_POWEROFF),)
UNDEPLOY = (
    Move((Lcm.RUNNING,), State.ACTIVE, Lcm.SHUTDOWN_UNDEPLOY),
    Move((State.POWEROFF,), State.ACTIVE, Lcm.EPILOG_UNDEPLOY),
)
REBOOT = (Move((Lcm.RUNNING,), State.ACTIVE, Lcm.RUNNING),)
MOVES: dict[str, tuple[Move, ...]] = {
    "terminate": TERMINATE,
    "terminate-hard": TERMINATE,
    "poweroff": POWEROFF,
    "poweroff-hard": POWEROFF,
    "undeploy": UNDEPLOY,
    "undeploy-hard": UNDEPLOY,
    "reboot": REBOOT,
    "reboot-hard": REBOOT,
    "suspend": (Move((Lcm.RUNNING,), State.ACTIVE, Lcm.SAVE_SUSPEND),),
    "stop": (
        Move((Lcm.RUNNING,), State.ACTIVE, Lcm.SAVE_STOP),
        Move((State.SUSPENDED,), State.ACTIVE, Lcm.EPILOG_STOP),
    ),
    "resume": (
        Move((State.POWEROFF,), State.ACTIVE, Lcm.BOOT_POWEROFF),
        Move((State.SUSPENDED,), State.ACTIVE, Lcm.BOOT_SUSPENDED),
        Move((State.STOPPED, State.UNDEPLOYED), State.PENDING),
    ),
    "hold": (Move((State.PENDING,), State.HOLD),),
    "release": (Move((State.HOLD,), State.PENDING),),
    "resched": (Move((Lcm.RUNNING, State.POWEROFF), State.ACTIVE),),
    "unresched": (Move((Lcm.RUNNING, State.POWEROFF), State.ACTIVE),),
}
WITHOUT_MOVE = ("reboot", "reboot-hard", "resched", "unresched")
OPERATIONS_OF_RECOVER = ("failure", "success", "retry", "delete")


@method("one.vm.action", STRING, INT)
def action(call: Call, name: str, vm_id: int) -> int:
    """The call returns before the state has changed for good."""
    vm = get(call, VM, vm_id)
    right = ADMIN if name in ("resched", "unresched") else MANAGE
    Authorization(call).need(right, VM, vm).check()
    if name not in MOVES:
        raise bad_action(f'Action "{name}" is not supported')
    move = next((move for move in MOVES[name] if is_in(vm, *move.sources)), None)
    if move is None:
        reason = f"This action is not available for state {state_name(vm)}"
        raise bad_action(f'Error performing action "{name}": {reason}')
    carry_out(call, vm, name, move)
    return vm_id


def carry_out(call: Call, vm: Obj, name: str, move: Move) -> None:
    if is_done(vm):
        return
    if name == "resume":
        _resume(call, vm)
    else:
        note(call, vm, name)
    if name in WITHOUT_MOVE:
        call.state.edit(VM.name, vm, resched=int(name == "resched"))
        return
    enter(call.cloud, vm, move.state, move.lcm)


def terminate(call: Call, vm: Obj) -> None:
    """``terminate-hard`` for a machine that goes with something else; one that cannot goes on."""
    for move in TERMINATE:
        if is_in(vm, *move.sources):
            carry_out(call, vm, "terminate-hard", move)
            return
    enter(call.cloud, vm, State.ACTIVE, Lcm.CLEANUP_DELETE)


def _resume(call: Call, vm: Obj) -> None:
    """The quotas of running machines hold again; a stopped machine will need a host."""
    check_running(call, vm)
    if is_in(vm, State.POWEROFF, State.SUSPENDED):
        continue_record(call.cloud, vm)
    else:
        call.state.edit(VM.name, vm, resumes_from=vm["state"])


def check_running(call: Call, vm: Obj) -> None:
    cpu, memory = (number(first(vm["template"], name)) or 0.0 for name in ("CPU", "MEMORY"))
    amounts = {"RUNNING_VMS": 1.0, "RUNNING_CPU": cpu, "RUNNING_MEMORY": memory}
    try:
        quotas.check_owners(call.state, vm["uid"], vm["gid"], [quotas.Request("VM", "", amounts)])
    except quotas.QuotaExceeded as exceeded:
        raise bad_action(str(exceeded)) from exceeded


@method("one.vm.deploy", INT, INT, NO, optional("int", -1), TEXT)
def deploy_vm(call: Call, vm_id: int, host_id: int, enforce: bool, datastore_id: int, extra: str) -> int:
    vm, host = get(call, VM, vm_id), get(call, HOST, host_id)
    Authorization(call).need(ADMIN, VM, vm).need(MANAGE, HOST, host).check()
    if not is_in(vm, State.PENDING, State.HOLD, State.STOPPED, State.UNDEPLOYED):
        raise bad_action(f"Deploy action is not available for state {state_name(vm)}")
    if enforce and needed_cpu(vm) > free_cpu(call.state, host):
        raise bad_action(f"Not enough CPU: {needed_cpu(vm):.0f}/{free_cpu(call.state, host):.0f}")
    if is_in(vm, State.STOPPED, State.UNDEPLOYED):
        _resume(call, vm)
    deploy(call.cloud, vm, host, SYSTEM_DATASTORE if datastore_id < 0 else datastore_id)
    return vm_id


@method("one.vm.recover", INT, INT)
def recover(call: Call, vm_id: int, operation: int) -> int:
    """Where a machine is stuck: 0 the driver failed, 1 it succeeded, 2 try again, 3 delete it."""
    vm = get(call, VM, vm_id)
    Authorization(call).need(ADMIN, VM, vm).check()
    if not 0 <= operation < len(OPERATIONS_OF_RECOVER):
        raise bad_action("Wrong recovery operation code")
    if OPERATIONS_OF_RECOVER[operation] == "delete" and not is_done(vm):
        note(call, vm, "recover")
        enter(call.cloud, vm, State.ACTIVE, Lcm.CLEANUP_DELETE)
        return vm_id
    again = {Lcm.BOOT_FAILURE: Lcm.BOOT, Lcm.PROLOG_FAILURE: Lcm.PROLOG}.get(_failed(vm))
    if again is None:
        raise bad_action(f"Recover action is not available for state {state_name(vm)}")
    if OPERATIONS_OF_RECOVER[operation] == "success":
        enter(call.cloud, vm, State.ACTIVE, Lcm.RUNNING if again == Lcm.BOOT else Lcm.BOOT)
    elif OPERATIONS_OF_RECOVER[operation] == "retry":
        user_template: Template = {key: each for key, each in vm["user_template"].items() if key != "ERROR"}
        call.state.edit(VM.name, vm, user_template=user_template)
        enter(call.cloud, vm, State.ACTIVE, again)
    return vm_id


def _failed(vm: Obj) -> Lcm:
    return Lcm(vm["lcm_state"]) if is_in(vm, *FAILED) else Lcm.LCM_INIT
