"""Virtual machines inside a VDC: made of a template, sized, resized, ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import names
from .daemon import Daemon, wait_until
from .errors import ACTION, BadInput, CloudError, NotYet, Refused, Unreachable
from .markup import Thing, template, things
from .pools import Pools

logger = logging.getLogger(__name__)

DONE, PENDING, HOLD, ACTIVE, POWEROFF, SUSPENDED = "6", "1", "2", "3", "8", "5"
RUNNING = ("3", "3")
FAILED = {"14", "36", "37", "38", "39", "40", "41", "42", "44", "46", "47", "48", "49", "50"}  # LCM_STATE …_FAILURE
START_SECONDS, STATE_SECONDS = 240.0, 120.0  # below the five minutes after which the agent counts as dead
NEWEST = (-2, 0, -500)  # machines of everybody, a page of so many


@dataclass(frozen=True)
class Size:
    """Cores, and MB of memory and disk. Zero leaves what the template says."""

    cores: int = 0
    memory: int = 0
    disk: int = 0


@dataclass(frozen=True)
class Wish:
    """A machine as it is wanted."""

    backend_id: str
    resource: str
    template_id: int
    parent: Thing  # the VDC
    group: Thing
    size: Size
    ssh_key: str = ""
    requirements: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    first_image: int | None = None  # instead of the template's first disk
    more_images: tuple[int, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


class Machines:
    def __init__(self, daemon: Daemon, pools: Pools) -> None:
        self.daemon = daemon
        self.pools = pools

    def find(self, backend_id: str) -> Thing | None:
        return self.pools.ours("vms", backend_id)

    def last(self, resource: str) -> Thing | None:
        """What was made last for a resource, also when it has ended: OpenNebula keeps machines that are DONE."""
        if begun := self.pools.owned("vms", resource):
            return begun[0]
        ended = things(self.daemon.read("vmpool.infoextended", *NEWEST, int(DONE)), "VM")
        of_resource = (vm for vm in ended if vm.note(names.RESOURCE) == resource and self.pools.is_ours(vm))
        return max(of_resource, key=lambda vm: vm.id, default=None)

    def create(self, wish: Wish) -> Thing:
        """Made on hold, so that it starts only when it is its group's. Gone again when that fails."""
        base = self._template(wish.template_id)
        attributes = template(self._attributes(wish, base))
        try:
            vm = self.daemon.ensure(
                lambda: next(iter(self.pools.owned("vms", wish.resource)), None),
                lambda: self._instantiate(wish, attributes),
                f"machine {wish.backend_id}",
            )
            running = self._start(wish, vm)
            if vm.note(names.STATE) == names.CREATING:
                self._note(vm, {names.STATE: names.READY})
            return running
        except (Unreachable, NotYet):
            raise
        except CloudError:
            for made in self.pools.owned("vms", wish.resource):
                self.delete(made)
            raise
        finally:
            self.pools.forget()

    def _template(self, template_id: int) -> Thing:
        found = self.pools.get("templates", template_id)
        if found is None:
            raise BadInput("template_id", f"OpenNebula has no template {template_id}. Name one that exists.")
        if found.text("TEMPLATE/VROUTER").upper() == "YES":
            raise BadInput("template_id", f"template {template_id} is one of virtual routers. Name one of machines.")
        return found

    def _attributes(self, wish: Wish, base: Thing) -> dict[str, Any]:
        """Extra attributes replace the template's whole: disks, network and context are given complete."""
        size = wish.size
        return {
            **names.tags(wish.resource, wish.backend_id),
            names.STATE: names.CREATING,
            **wish.notes,
            "CPU": size.cores or None,
            "VCPU": size.cores or None,
            "MEMORY": size.memory or None,
            "DISK": self._disks(wish, base),
            "NIC": self._nics(wish),
            "CONTEXT": self._context(wish, base),
            "SCHED_REQUIREMENTS": wish.requirements or None,
        }

    def _disks(self, wish: Wish, base: Thing) -> list[dict[str, Any]]:
        disks = [disk.vector(".") for disk in base.all("TEMPLATE/DISK")]
        if wish.first_image is not None:
            disks = [{"IMAGE_ID": wish.first_image}]
        if wish.size.disk and not disks:
            raise BadInput("template_id", f"template {base.id} ({base.name}) has no disk to be sized. Add one to it.")
        if wish.size.disk:
            disks[0] = {**disks[0], "SIZE": wish.size.disk}
        return [*disks, *({"IMAGE_ID": image} for image in wish.more_images)]

    def _nics(self, wish: Wish) -> list[dict[str, Any]] | None:
        """The tenant's network and security group; without them those of the template."""
        parent = wish.parent.note(names.BACKEND_ID)
        vnet = self.pools.ours("vnets", parent)
        if vnet is None:
            return None
        group = self.pools.ours("security_groups", parent)
        return [{"NETWORK_ID": vnet.id, "SECURITY_GROUPS": group.id if group else None}]

    def _context(self, wish: Wish, base: Thing) -> dict[str, Any]:
        own = base.vector("TEMPLATE/CONTEXT")
        key = {"SSH_PUBLIC_KEY": wish.ssh_key} if wish.ssh_key else {}
        return {"NETWORK": "YES", **own, **key, **wish.context}

    def _instantiate(self, wish: Wish, attributes: str) -> None:
        try:
            self.daemon.once("template.instantiate", wish.template_id, wish.backend_id, True, attributes, False)
        except Refused as error:
            hint = " Choose a plan with a larger disk." if "is less than the image" in str(error) else ""
            raise Refused(f"template_id: {error}{hint}", error.code) from error

    def _start(self, wish: Wish, vm: Thing) -> Thing:
        if vm.gid != wish.group.id:
            self._hand_over(wish, vm)
        if vm.text("STATE") == HOLD:
            self.daemon.insist("vm.action", "release", vm.id, unless="not available for state")
        return self.wait_running(vm.id)

    def _hand_over(self, wish: Wish, vm: Thing) -> None:
        try:
            self.daemon.insist("vm.chown", vm.id, -1, wish.group.id)
        except Refused as error:
            hint = f"VDC {wish.parent.name} has no room for it: raise its limits or choose a smaller plan."
            raise Refused(f"parent_vdc_backend_id: {error} {hint}", error.code) from error

    def wait_running(self, vm_id: int) -> Thing:
        """Its IP and all; raises what the scheduler or the driver says when it cannot run."""

        def look() -> Thing | None:
            vm = self.read(vm_id)
            if _state(vm) == RUNNING:
                return vm
            if vm.text("LCM_STATE") in FAILED or vm.text("STATE") == DONE:
                raise CloudError(
                    f"Machine {vm.name} failed to start: {vm.note('ERROR') or 'see the log of OpenNebula'}"
                )
            return None

        try:
            return wait_until(look, f"Starting machine {vm_id}", START_SECONDS, 0.1)
        except NotYet as error:
            if reason := self.read(vm_id).note("SCHED_MESSAGE"):
                raise CloudError(
                    f"Machine {vm_id} finds no host: {reason}. Add capacity or choose a smaller plan."
                ) from error
            raise

    def resize(self, vm: Thing, size: Size) -> None:
        """Off, resized, on again. A disk only grows; a smaller one is left as it is. On failure it is on again too."""
        vm = self.read(vm.id)
        if not self._changes(vm, size):
            self._note_disk(vm, size)
            if vm.text("STATE") == POWEROFF and vm.note(names.SUSPENDED) == names.TO_RESIZE:
                self._resume(vm)
            return
        if vm.text("STATE") not in (ACTIVE, POWEROFF):
            raise CloudError(f"Machine {vm.name} can be resized while it runs or is powered off. Start it first.")
        self._note_disk(vm, size)
        was_running = vm.text("STATE") == ACTIVE or vm.note(names.SUSPENDED) == names.TO_RESIZE
        if vm.text("STATE") == ACTIVE:
            self._note(vm, {names.SUSPENDED: names.TO_RESIZE})
            self.daemon.insist("vm.action", "poweroff-hard", vm.id, unless="not available for state")
            self._wait_state(vm.id, POWEROFF)
        try:
            self._apply(self.read(vm.id), size)
        finally:
            if was_running:
                self._resume(vm)
            self.pools.forget()

    def _changes(self, vm: Thing, size: Size) -> bool:
        now = size_of(vm)
        grows = size.disk > first_disk_size(vm)
        return grows or (size.cores or now.cores, size.memory or now.memory) != (now.cores, now.memory)

    def _apply(self, vm: Thing, size: Size) -> None:
        """The marketplace decides on sizes: the quota of the group is not asked, only the host's room is."""
        now = size_of(vm)
        capacity = {"CPU": size.cores or None, "VCPU": size.cores or None, "MEMORY": size.memory or None}
        if (size.cores or now.cores, size.memory or now.memory) != (now.cores, now.memory):
            self.daemon.insist("vm.resize", vm.id, template(capacity), False)
        if size.disk > first_disk_size(vm):
            disk_id = int(vm.text("TEMPLATE/DISK/DISK_ID", "0"))
            self.daemon.insist("vm.diskresize", vm.id, disk_id, str(size.disk), unless="greater than current one")
            self._wait_state(vm.id, POWEROFF)

    def _resume(self, vm: Thing) -> None:
        self.daemon.insist("vm.action", "resume", vm.id, unless="not available for state")
        self.wait_running(vm.id)
        self._note(vm, {names.SUSPENDED: ""})

    def delete(self, vm: Thing) -> None:
        if self.read(vm.id).text("STATE") == DONE:
            return
        try:
            self.daemon.insist("vm.action", "terminate-hard", vm.id)
        except Refused as error:
            if error.code != ACTION:
                raise
            self.daemon.insist("vm.recover", vm.id, 3)  # a machine that failed cannot be terminated
        self._wait_state(vm.id, DONE)
        self.pools.forget()

    def read(self, vm_id: int) -> Thing:
        return Thing(self.daemon.read("vm.info", vm_id))

    def _wait_state(self, vm_id: int, state: str) -> None:
        wait_until(
            lambda: self.read(vm_id).text("STATE") == state or None,
            f"Machine {vm_id} to change its state",
            STATE_SECONDS,
        )

    def _note_disk(self, vm: Thing, size: Size) -> None:
        """Its metadata tells of a disk that stays larger than its plan's."""
        planned = str(size.disk) if 0 < size.disk < first_disk_size(vm) else ""
        if vm.note(names.PLANNED_DISK) != planned:
            self._note(vm, {names.PLANNED_DISK: planned})
            self.pools.forget()

    def _note(self, vm: Thing, notes: dict[str, str]) -> None:
        self.daemon.insist("vm.update", vm.id, template(notes), 1)


def _state(vm: Thing) -> tuple[str, str]:
    return vm.text("STATE"), vm.text("LCM_STATE")


def size_of(vm: Thing) -> Size:
    """What it has now."""
    disks = sum(int(disk.number("SIZE")) for disk in vm.all("TEMPLATE/DISK"))
    cores = vm.number("TEMPLATE/VCPU") or vm.number("TEMPLATE/CPU")
    return Size(int(cores), int(vm.number("TEMPLATE/MEMORY")), disks)


def planned_size(vm: Thing) -> Size:
    """What its plan says: without further disks, and without what the first one has too much."""
    return replace(size_of(vm), disk=int(vm.note(names.PLANNED_DISK) or first_disk_size(vm)))


def first_disk_size(vm: Thing) -> int:
    return int(vm.number("TEMPLATE/DISK/SIZE"))


def address_of(vm: Thing) -> str:
    return vm.text("TEMPLATE/NIC/IP")
