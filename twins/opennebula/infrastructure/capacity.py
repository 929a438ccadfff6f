"""The room on hosts: what they have, and what their virtual machines have been given."""

from __future__ import annotations

from ..kinds import VM
from ..state import Obj, State
from ..templates import first, number
from ..vm.states import WITH_CAPACITY


def machines_on(state: State, host_id: int) -> list[Obj]:
    """The virtual machines that have their room on the host."""
    return [vm for vm in state.all(VM.name) if vm["host_id"] == host_id and vm["state"] in WITH_CAPACITY]


def free_cpu(state: State, host: Obj, but: int = -1) -> float:
    """Hundredths of a core that no machine but one has been given."""
    others = [vm for vm in machines_on(state, host["id"]) if vm["id"] != but]
    return float(host["cpu"]) - sum(needed_cpu(vm) for vm in others)


def free_memory(state: State, host: Obj, but: int = -1) -> float:
    """KB that no machine but one has been given."""
    others = [vm for vm in machines_on(state, host["id"]) if vm["id"] != but]
    return float(host["memory"]) - sum(needed_memory(vm) for vm in others)


def needed_cpu(vm: Obj) -> float:
    return (number(first(vm["template"], "CPU")) or 0.0) * 100


def needed_memory(vm: Obj) -> float:
    return (number(first(vm["template"], "MEMORY")) or 0.0) * 1024
