"""Pausing and downscaling a VDC, and taking it back: each says only then that it did when it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from . import names
from .daemon import Daemon, wait_until
from .errors import NotYet, Refused
from .markup import Thing, template
from .pools import Pools
from .quotas import kept
from .states import ACTIVE, FAILED, PENDING, SUSPENDED

PAUSED, DOWNSCALED = "paused", "downscaled"
SAVING = "6"  # LCM_STATE on the way to SUSPENDED
UNSET = "-1"
NOT_NOW = "not available for state"
PATIENCE = 60.0  # seconds, for the machines of all VDCs of a cycle together; what is not done by then is for the next


class Restrictions:
    """Of one cycle of the agent."""

    def __init__(self, daemon: Daemon, pools: Pools) -> None:
        self.daemon = daemon
        self.pools = pools
        self.patience = PATIENCE

    def pause(self, group: Thing) -> None:
        """No machine runs, none can be started."""
        if group.note(names.RESTRICTED) != PAUSED:
            self._limit(group, PAUSED, {"RUNNING_VMS": "0"})
        self.suspend([vm for vm in self._machines(group) if runs(vm)], names.WITH_VDC)

    def downscale(self, group: Thing) -> None:
        """What runs goes on, also what a pause had stopped; no machine can be added."""
        if group.note(names.RESTRICTED) != DOWNSCALED:
            count = str(int(Thing(group.quotas).number("VM_QUOTA/VM/VMS_USED")))
            self._limit(group, DOWNSCALED, {"VMS": count, "RUNNING_VMS": limits_before(group)[0]})
        self._resume_all(group)

    def restore(self, group: Thing) -> None:
        """As it was: limits first, then the machines that we have suspended."""
        if not group.note(names.RESTRICTED) and not group.note(names.BEFORE):
            return
        running, total = limits_before(group)
        self._quota(group, {"RUNNING_VMS": running, "VMS": total})
        self._resume_all(group)
        self._note(group, {names.RESTRICTED: "", names.BEFORE: ""})
        self.pools.forget()

    def suspend(self, machines: Iterable[Thing], what_for: str) -> None:
        """Until none of them runs; one that boots or moves cannot be suspended at once and is asked again."""
        running = list(machines)
        for vm in running:
            self.mark(vm, what_for)

        def look() -> bool | None:
            running[:] = [vm for vm in running if runs(self._read(vm))]
            for vm in running:
                self.daemon.insist("vm.action", "suspend", vm.id, unless=NOT_NOW)
            return not running or None

        self._wait(look, "Suspending", running)

    def resume(self, machines: Iterable[Thing]) -> None:
        """What we have suspended; one that is still being saved can be resumed only then."""
        resting = list(machines)

        def look() -> bool | None:
            resting[:] = [vm for vm in resting if not self._is_resumed(vm)]
            return not resting or None

        self._wait(look, "Resuming", resting)

    def _is_resumed(self, vm: Thing) -> bool:
        now = self._read(vm)
        if now.text("LCM_STATE") == SAVING:
            return False
        if now.text("STATE") == SUSPENDED:
            self.daemon.insist("vm.action", "resume", vm.id, unless=NOT_NOW)
        self.mark(vm, "")
        return True

    def _wait(self, look: Callable[[], bool | None], doing: str, whom: list[Thing]) -> None:
        """``whom`` are those that are left. When the cycle has no patience any more each is asked once."""
        began = time.monotonic()
        try:
            wait_until(look, doing, self.patience)
        except NotYet as error:
            shown = ", ".join(vm.name for vm in whom[:5])
            raise NotYet(f"{doing} {shown} takes longer; the next cycle goes on with it.") from error
        finally:
            self.patience = max(0.0, self.patience - (time.monotonic() - began))

    def mark(self, vm: Thing, what_for: str) -> None:
        """What it is stopped for, or nothing."""
        if vm.note(names.SUSPENDED) != what_for:
            self.daemon.insist("vm.update", vm.id, template({names.SUSPENDED: what_for}), 1)
            self.pools.forget()

    def is_paused(self, group_id: int) -> bool:
        group = self.pools.get("groups", group_id)
        return group is not None and group.note(names.RESTRICTED) == PAUSED

    def _read(self, vm: Thing) -> Thing:
        return Thing(self.daemon.read("vm.info", vm.id))

    def _machines(self, group: Thing) -> list[Thing]:
        return [vm for vm in self.pools.all("vms") if vm.gid == group.id]

    def _resume_all(self, group: Thing) -> None:
        self.resume([vm for vm in self._machines(group) if vm.note(names.SUSPENDED) == names.WITH_VDC])

    def _limit(self, group: Thing, word: str, limits: dict[str, str]) -> None:
        """The limits before are kept once, with the group. Only when all is done is it said: dying may come between."""
        if not group.note(names.BEFORE):
            self._note(group, {names.BEFORE: ",".join(limits_before(group))})
        self._quota(group, limits)
        self._note(group, {names.RESTRICTED: word})
        self.pools.forget()

    def _note(self, group: Thing, notes: dict[str, str]) -> None:
        self.daemon.insist("group.update", group.id, template(notes), 1)

    def _quota(self, group: Thing, limits: dict[str, str]) -> None:
        try:
            self.daemon.insist("group.quota", group.id, template({"VM": {**kept(group, "VM"), **limits}}))
        except Refused as error:
            raise Refused(f"OpenNebula refused the limits of group {group.name}: {error}", error.code) from error


def runs(vm: Thing) -> bool:
    """Or will, as soon as the scheduler or the host comes to it."""
    return vm.text("STATE") in (PENDING, ACTIVE) and vm.text("LCM_STATE") not in FAILED


def limits_before(group: Thing) -> tuple[str, str]:
    """How many machines might run, and be there, before it was restricted: those of now when it is not."""
    if noted := group.note(names.BEFORE):
        running, _, total = noted.partition(",")
        return running, total
    now = kept(group, "VM")
    return now.get("RUNNING_VMS", UNSET), now.get("VMS", UNSET)
