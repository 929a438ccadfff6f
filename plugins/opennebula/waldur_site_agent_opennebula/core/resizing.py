"""Another size for a machine: off, resized, on again."""

from __future__ import annotations

import logging
from typing import Any

from . import names
from .daemon import Daemon
from .errors import AUTHORIZATION, CloudError, Refused
from .machines import Machines
from .markup import Thing, template
from .pools import Pools
from .sizes import Size, first_disk_size, size_of
from .states import ACTIVE, POWEROFF

logger = logging.getLogger(__name__)


class Resizing:
    def __init__(self, daemon: Daemon, pools: Pools, machines: Machines) -> None:
        self.daemon = daemon
        self.pools = pools
        self.machines = machines

    def resize(self, vm: Thing, size: Size) -> None:
        """A disk only grows; a smaller one is left as it is. One that its owner has powered off stays off.

        On failure it has its old size, and is on again if it was.
        """
        vm = self.machines.read(vm.id)
        if not _changes(vm, size):
            self._note_disk(vm, size)
            if vm.text("STATE") == POWEROFF and vm.note(names.SUSPENDED) == names.TO_RESIZE:
                self._resume(vm)
            return
        if vm.text("STATE") not in (ACTIVE, POWEROFF):
            raise CloudError(f"Machine {vm.name} can be resized while it runs or is powered off. Start it first.")
        was_running = vm.text("STATE") == ACTIVE or vm.note(names.SUSPENDED) == names.TO_RESIZE
        if vm.text("STATE") == ACTIVE:
            self.machines.note(vm, {names.SUSPENDED: names.TO_RESIZE})
            self.daemon.insist("vm.action", "poweroff-hard", vm.id, unless="not available for state")
            self.machines.wait_state(vm.id, POWEROFF)
        try:
            self._apply(self.machines.read(vm.id), size)
        finally:
            if was_running:
                self._resume(vm)
            self.pools.forget()
        self._note_disk(vm, size)

    def _apply(self, vm: Thing, size: Size) -> None:
        if _has_other_capacity(vm, size):
            self._set_capacity(vm, _capacity(size))
        if size.disk <= first_disk_size(vm):
            return
        try:
            self._grow_disk(vm, size.disk)
        except Refused:
            if _has_other_capacity(vm, size):
                self._take_back(vm)
            raise

    def _set_capacity(self, vm: Thing, capacity: dict[str, Any]) -> None:
        """OpenNebula asks the quotas of the group whatever ``enforce`` says, which is about the host's room."""
        try:
            self.daemon.insist("vm.resize", vm.id, template(capacity), False)
        except Refused as error:
            raise _without_room(vm, error) from error

    def _grow_disk(self, vm: Thing, size: int) -> None:
        disk_id = int(vm.text("TEMPLATE/DISK/DISK_ID", "0"))
        try:
            self.daemon.insist("vm.diskresize", vm.id, disk_id, str(size), unless="greater than current one")
        except Refused as error:
            raise _without_room(vm, error) from error
        self.machines.wait_state(vm.id, POWEROFF)

    def _take_back(self, vm: Thing) -> None:
        """The order fails as a whole: what the plan of before has is what the machine has."""
        before = {name: vm.text(f"TEMPLATE/{name}") or None for name in ("CPU", "VCPU", "MEMORY")}
        try:
            self._set_capacity(vm, before)
        except Refused as error:
            logger.error("Machine %s keeps the cores and memory of a plan it did not get: %s", vm.name, error)

    def _resume(self, vm: Thing) -> None:
        self.daemon.insist("vm.action", "resume", vm.id, unless="not available for state")
        self.machines.wait_running(vm.id)
        self.machines.note(vm, {names.SUSPENDED: ""})

    def _note_disk(self, vm: Thing, size: Size) -> None:
        """Its metadata tells of a disk that stays larger than its plan's."""
        planned = str(size.disk) if 0 < size.disk < first_disk_size(vm) else ""
        if vm.note(names.PLANNED_DISK) != planned:
            self.machines.note(vm, {names.PLANNED_DISK: planned})
            self.pools.forget()


def _changes(vm: Thing, size: Size) -> bool:
    return size.disk > first_disk_size(vm) or _has_other_capacity(vm, size)


def _has_other_capacity(vm: Thing, size: Size) -> bool:
    now = size_of(vm)
    return (size.cores or now.cores, size.memory or now.memory) != (now.cores, now.memory)


def _capacity(size: Size) -> dict[str, Any]:
    return {"CPU": size.cores or None, "VCPU": size.cores or None, "MEMORY": size.memory or None}


def _without_room(vm: Thing, error: Refused) -> Refused:
    """Of a disk OpenNebula says only that it is not authorized when the group's limit is reached."""
    if error.code != AUTHORIZATION:
        return error
    hint = f"VDC {vm.text('GNAME')} has no room for it: raise its limits or choose a smaller plan."
    return Refused(f"parent_vdc_backend_id: {error} {hint}", error.code)
