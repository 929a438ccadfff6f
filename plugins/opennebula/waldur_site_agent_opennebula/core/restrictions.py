"""Pausing and downscaling a VDC, and taking it back: each says only then that it did when it did."""

from __future__ import annotations

from . import names
from .daemon import Daemon
from .errors import Refused
from .markup import Thing, template
from .pools import Pools
from .quotas import kept

PAUSED, DOWNSCALED = "paused", "downscaled"
ACTIVE, SUSPENDED = "3", "5"
BY_PAUSE = "pause"
UNSET = "-1"


class Restrictions:
    def __init__(self, daemon: Daemon, pools: Pools) -> None:
        self.daemon = daemon
        self.pools = pools

    def pause(self, group: Thing) -> None:
        """No machine runs, none can be started."""
        if group.note(names.RESTRICTED) != PAUSED:
            self._limit(group, PAUSED, {"RUNNING_VMS": "0"})
        for vm in self.pools.all("vms"):
            if vm.gid == group.id and vm.text("STATE") == ACTIVE:
                self.suspend(vm)
                self.pools.forget()

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

    def suspend(self, vm: Thing) -> None:
        self.daemon.insist("vm.update", vm.id, template({names.SUSPENDED: BY_PAUSE}), 1)
        self.daemon.insist("vm.action", "suspend", vm.id, unless="not available for state")

    def resume(self, vm: Thing) -> None:
        self.daemon.insist("vm.action", "resume", vm.id, unless="not available for state")
        self.daemon.insist("vm.update", vm.id, template({names.SUSPENDED: ""}), 1)

    def _resume_all(self, group: Thing) -> None:
        for vm in self.pools.all("vms"):
            if vm.gid == group.id and vm.note(names.SUSPENDED) == BY_PAUSE:
                self.resume(vm)
                self.pools.forget()

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
