"""Pausing and downscaling a VDC, and taking it back: each says only then that it did when it did."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from . import names
from .daemon import Daemon, wait_until
from .errors import Refused
from .markup import Thing, template
from .pools import Pools
from .quotas import kept

PAUSED, DOWNSCALED = "paused", "downscaled"
ACTIVE, SUSPENDED = "3", "5"
SAVING = "6"  # LCM_STATE on the way to SUSPENDED
UNSET = "-1"
NOT_NOW = "not available for state"
SECONDS = 60.0  # for all machines of a VDC; what is not done by then is done in the next cycle


class Restrictions:
    def __init__(self, daemon: Daemon, pools: Pools) -> None:
        self.daemon = daemon
        self.pools = pools

    def pause(self, group: Thing) -> None:
        """No machine runs, none can be started."""
        if group.note(names.RESTRICTED) != PAUSED:
            self._limit(group, PAUSED, {"RUNNING_VMS": "0"})
        self.suspend([vm for vm in self._machines(group) if vm.text("STATE") == ACTIVE], names.WITH_VDC)

    def downscale(self, group: Thing) -> None:
        """What runs goes on, also what a pause had stopped; no machine can be added."""
        if group.note(names.RESTRICTED) != DOWNSCALED:
            count = str(int(Thing(group.quotas).number("VM_QUOTA/VM/VMS_USED")))
            running, _, _ = group.note(names.BEFORE).partition(",")
            self._limit(group, DOWNSCALED, {"VMS": count, "RUNNING_VMS": running or UNSET})
        self._resume_all(group)

    def restore(self, group: Thing) -> None:
        """As it was: limits first, then the machines that we have suspended."""
        if not group.note(names.RESTRICTED):
            return
        running, _, total = (group.note(names.BEFORE) or f"{UNSET},{UNSET}").partition(",")
        self._quota(group, {"RUNNING_VMS": running, "VMS": total})
        self._resume_all(group)
        self.daemon.insist("group.update", group.id, template({names.RESTRICTED: "", names.BEFORE: ""}), 1)
        self.pools.forget()

    def suspend(self, machines: Iterable[Thing], what_for: str) -> None:
        """Until none of them runs; one that boots or moves cannot be suspended at once and is asked again."""
        running = list(machines)
        for vm in running:
            self.mark(vm, what_for)

        def look() -> bool | None:
            running[:] = [vm for vm in running if self._read(vm).text("STATE") == ACTIVE]
            for vm in running:
                self.daemon.insist("vm.action", "suspend", vm.id, unless=NOT_NOW)
            return not running or None

        wait_until(look, f"Suspending {', '.join(vm.name for vm in running)}", SECONDS)

    def resume(self, machines: Iterable[Thing]) -> None:
        """What we have suspended; one that is still being saved can be resumed only then."""
        for vm in machines:
            now = wait_until(partial(self._saved, vm), f"Suspending {vm.name}", SECONDS)
            if now.text("STATE") == SUSPENDED:
                self.daemon.insist("vm.action", "resume", vm.id, unless=NOT_NOW)
            self.mark(vm, "")

    def mark(self, vm: Thing, what_for: str) -> None:
        """What it is stopped for, or nothing."""
        self.daemon.insist("vm.update", vm.id, template({names.SUSPENDED: what_for}), 1)
        self.pools.forget()

    def is_paused(self, group_id: int) -> bool:
        group = self.pools.get("groups", group_id)
        return group is not None and group.note(names.RESTRICTED) == PAUSED

    def _saved(self, vm: Thing) -> Thing | None:
        now = self._read(vm)
        return None if now.text("LCM_STATE") == SAVING else now

    def _read(self, vm: Thing) -> Thing:
        return Thing(self.daemon.read("vm.info", vm.id))

    def _machines(self, group: Thing) -> list[Thing]:
        return [vm for vm in self.pools.all("vms") if vm.gid == group.id]

    def _resume_all(self, group: Thing) -> None:
        self.resume([vm for vm in self._machines(group) if vm.note(names.SUSPENDED) == names.WITH_VDC])

    def _limit(self, group: Thing, word: str, limits: dict[str, str]) -> None:
        """The limits before are kept once, with the group."""
        notes = {names.RESTRICTED: word}
        if not group.note(names.BEFORE):
            now = kept(group, "VM")
            notes[names.BEFORE] = f"{now.get('RUNNING_VMS', UNSET)},{now.get('VMS', UNSET)}"
        self.daemon.insist("group.update", group.id, template(notes), 1)
        self._quota(group, limits)
        self.pools.forget()

    def _quota(self, group: Thing, limits: dict[str, str]) -> None:
        try:
            self.daemon.insist("group.quota", group.id, template({"VM": {**kept(group, "VM"), **limits}}))
        except Refused as error:
            raise Refused(f"OpenNebula refused the limits of group {group.name}: {error}", error.code) from error
