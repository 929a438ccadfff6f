"""Another size for a machine: off, resized, on again."""

from __future__ import annotations

import logging

from . import names
from .daemon import Daemon
from .errors import AUTHORIZATION, CloudError, NotYet, Refused, Unreachable
from .machines import Machines
from .markup import Thing, template
from .pools import Pools
from .sizes import Size, first_disk_size, size_of
from .states import ACTIVE, POWEROFF

logger = logging.getLogger(__name__)

CAPACITY = ("CPU", "VCPU", "MEMORY")


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
        if _changes(vm, size):
            self._change(vm, size)
        elif vm.note(names.SIZE_BEFORE):  # all was done but for the end
            self._end(vm)
        self._note_disk(vm, size)

    def _change(self, vm: Thing, size: Size) -> None:
        if vm.text("STATE") not in (ACTIVE, POWEROFF):
            raise CloudError(f"Machine {vm.name} can be resized while it runs or is powered off. Start it first.")
        vm = self._begin(vm)
        try:
            self._apply(vm, size)
            self._end(vm)
        except (Unreachable, NotYet):
            raise
        except CloudError:
            self._take_back(vm)
            self._end(vm)
            raise
        finally:
            self.pools.forget()

    def _begin(self, vm: Thing) -> Thing:
        """Off. What it was like is noted once, so that whoever goes on after a death knows it."""
        notes = {} if vm.note(names.SIZE_BEFORE) else {names.SIZE_BEFORE: ",".join(_capacity(vm))}
        if vm.text("STATE") == ACTIVE:
            notes[names.SUSPENDED] = names.TO_RESIZE
        if notes:
            self.machines.note(vm, notes)
        if vm.text("STATE") == ACTIVE:
            self.daemon.insist("vm.action", "poweroff-hard", vm.id, unless="not available for state")
            self.machines.wait_state(vm.id, POWEROFF)
        return self.machines.read(vm.id)

    def _end(self, vm: Thing) -> None:
        """On again if it was."""
        if vm.note(names.SUSPENDED) == names.TO_RESIZE:
            earlier = self.machines.read(vm.id).note("ERROR")
            self.daemon.insist("vm.action", "resume", vm.id, unless="not available for state")
            self.machines.wait_running(vm.id, earlier)
        self.machines.note(vm, {names.SUSPENDED: "", names.SIZE_BEFORE: ""})

    def _apply(self, vm: Thing, size: Size) -> None:
        if _has_other_capacity(vm, size):
            now = size_of(vm)
            cores = str(size.cores or now.cores)
            self._set_capacity(vm, [cores, cores, str(size.memory or now.memory)])
        if size.disk > first_disk_size(vm):
            self._grow_disk(vm, size.disk)

    def _set_capacity(self, vm: Thing, capacity: list[str]) -> None:
        """OpenNebula asks the quotas of the group whatever ``enforce`` says, which is about the host's room."""
        wanted = {name: value or None for name, value in zip(CAPACITY, capacity, strict=True)}
        try:
            self.daemon.insist("vm.resize", vm.id, template(wanted), False)
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
        before = vm.note(names.SIZE_BEFORE).split(",")
        if before == _capacity(self.machines.read(vm.id)):
            return
        try:
            self._set_capacity(vm, before)
        except Refused as error:
            logger.error("Machine %s keeps the cores and memory of a plan it did not get: %s", vm.name, error)

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


def _capacity(vm: Thing) -> list[str]:
    return [vm.text(f"TEMPLATE/{name}") for name in CAPACITY]


def _without_room(vm: Thing, error: Refused) -> Refused:
    """Of a disk OpenNebula says only that it is not authorized when the group's limit is reached."""
    if error.code != AUTHORIZATION:
        return error
    hint = f"VDC {vm.text('GNAME')} has no room for it: raise its limits or choose a smaller plan."
    return Refused(f"parent_vdc_backend_id: {error} {hint}", error.code)
