"""Virtual machines inside a VDC: made of a template, sized, ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import names
from .daemon import Daemon, wait_until
from .errors import ACTION, BadInput, CloudError, NotYet, Refused, Unreachable
from .markup import Thing, template, things
from .pools import Pools
from .sizes import Size
from .states import DONE, ENDING, FAILED, HOLD, POWEROFF, RUNNING, state

logger = logging.getLogger(__name__)

START_SECONDS, STATE_SECONDS = 240.0, 120.0  # below the five minutes after which the agent counts as dead
FORGOTTEN_SECONDS = 1800.0  # whoever makes a machine has started it long before
NEWEST = (-2, 0, -500)  # machines of everybody, a page of so many


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
    serves: bool = False  # what it is there for needs an address
    notes: Mapping[str, str] = field(default_factory=dict)


class Machines:
    def __init__(self, daemon: Daemon, pools: Pools) -> None:
        self.daemon = daemon
        self.pools = pools

    def find(self, backend_id: str) -> Thing | None:
        """The first that was made. A request that was given up may have made another one later."""
        return next(iter(self.all(backend_id)), None)

    def all(self, backend_id: str) -> list[Thing]:
        """The first of this name, and what else was made for the same resource."""
        named = [vm for vm in self.pools.tagged("vms") if vm.note(names.BACKEND_ID) == backend_id]
        named.sort(key=lambda vm: vm.id)
        return [vm for vm in named if vm.note(names.RESOURCE) == named[0].note(names.RESOURCE)]

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
                self.note(vm, {names.STATE: names.READY})
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
            "NIC": self._nics(wish, base),
            "CONTEXT": self._context(wish, base),
            "SCHED_REQUIREMENTS": both(base.text("TEMPLATE/SCHED_REQUIREMENTS"), wish.requirements) or None,
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

    def _nics(self, wish: Wish, base: Thing) -> list[dict[str, Any]] | None:
        """The tenant's network and security group; without them those of the template."""
        parent = wish.parent.note(names.BACKEND_ID)
        vnet = self.pools.ours("vnets", parent)
        if vnet is None:
            if wish.serves and not base.vector("TEMPLATE/NIC"):
                sentence = f"VDC {wish.parent.name} has no network, and template {base.id} has no NIC"
                raise BadInput(
                    "parent_vdc_backend_id", f"{sentence}: nobody could reach the machine. Name another VDC."
                )
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
            key, hint = "template_id", ""
            if "is less than the image" in str(error):
                hint = " Choose a plan with a larger disk."
            elif "Cannot get IP/MAC lease" in str(error):
                key = "parent_vdc_backend_id"
                hint = f" The network of VDC {wish.parent.name} has no free address: end machines in it first."
            raise Refused(f"{key}: {error}{hint}", error.code) from error

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

    def wait_running(self, vm_id: int, earlier_error: str | None = None) -> Thing:
        """Its IP and all; raises what the scheduler or the driver says when it cannot run.

        One that was off is off again when its driver fails; that is known by another error than ``earlier_error``.
        """

        def look() -> Thing | None:
            vm = self.read(vm_id)
            if state(vm) == RUNNING:
                return vm
            error = vm.note("ERROR")
            is_off_again = vm.text("STATE") == POWEROFF and earlier_error is not None and error != earlier_error
            if vm.text("LCM_STATE") in FAILED or vm.text("STATE") == DONE or is_off_again:
                raise CloudError(f"Machine {vm.name} failed to start: {error or 'see the log of OpenNebula'}")
            return None

        try:
            return wait_until(look, f"Starting machine {vm_id}", START_SECONDS, 0.1)
        except NotYet as error:
            if reason := self.read(vm_id).note("SCHED_MESSAGE"):
                raise CloudError(
                    f"Machine {vm_id} finds no host: {reason}. Add capacity or choose a smaller plan."
                ) from error
            raise

    def end_forgotten(self) -> None:
        """What a request that was given up has made late: no order that needs one still waits for it."""
        for vm in self.pools.tagged("vms"):
            age = time.time() - vm.number("STIME")
            if vm.text("STATE") == HOLD and vm.note(names.STATE) == names.CREATING and age > FORGOTTEN_SECONDS:
                logger.warning("Machine %s (id %s) was made and never used; it is ended.", vm.name, vm.id)
                self.delete(vm)

    def delete(self, vm: Thing) -> None:
        if self.read(vm.id).text("STATE") == DONE:
            return
        try:
            self.daemon.insist("vm.action", "terminate-hard", vm.id)
        except Refused as error:
            if error.code != ACTION:
                raise
            self._recover(vm)
        self.wait_state(vm.id, DONE)
        self.pools.forget()

    def _recover(self, vm: Thing) -> None:
        """One that failed, or hangs, cannot be terminated. One that is ending already is left to it."""
        now = self.read(vm.id)
        if now.text("STATE") != DONE and now.text("LCM_STATE") not in ENDING:
            self.daemon.insist("vm.recover", vm.id, 3)

    def read(self, vm_id: int) -> Thing:
        return Thing(self.daemon.read("vm.info", vm_id))

    def wait_state(self, vm_id: int, wanted: str) -> None:
        wait_until(
            lambda: self.read(vm_id).text("STATE") == wanted or None,
            f"Machine {vm_id} to change its state",
            STATE_SECONDS,
        )

    def note(self, vm: Thing, notes: dict[str, str]) -> None:
        self.daemon.insist("vm.update", vm.id, template(notes), 1)


def address_of(vm: Thing) -> str:
    return vm.text("TEMPLATE/NIC/IP")


def both(*expressions: str) -> str:
    """One scheduling expression of those that are given."""
    given = [each for each in expressions if each]
    return " & ".join(f"({each})" for each in given) if len(given) > 1 else "".join(given)
