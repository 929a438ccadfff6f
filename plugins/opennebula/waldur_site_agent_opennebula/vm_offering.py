"""Offerings of virtual machines inside a VDC, plain ones and such that serve a model."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Mapping
from typing import Any

from . import units
from .cloud import Cloud
from .core import names
from .core.errors import BadInput, CloudError, NotYet
from .core.inference import Inference, addresses, check_engine, read_inference
from .core.machines import Wish, address_of, both
from .core.markup import Thing
from .core.options import Placement, check_placement, read_placement, whole
from .core.sizes import Size, first_disk_size, planned_size, size_of
from .core.states import ACTIVE, HOLD, PENDING
from .wanted import Wanted

logger = logging.getLogger(__name__)

PARTS = {"vcpu": "cores", "vm_ram": "memory", "vm_disk": "disk"}
PUBLIC_KEY = re.compile(r"(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+( .*)?")
STOPPED = {names.ALONE: "paused", names.WITH_VDC: "paused with its VDC"}
MODEL, PORT, PARENT, TEMPLATE = "WALDUR_MODEL", "WALDUR_PORT", "WALDUR_PARENT", "WALDUR_TEMPLATE"


class VmOffering:
    def __init__(self, cloud: Cloud, settings: Mapping[str, Any]) -> None:
        self.cloud = cloud
        self.is_tidy = False

    def create(self, wanted: Wanted) -> dict[str, Any]:
        """Its metadata."""
        wish = self._wish(wanted)
        vm = self.cloud.machines.create(wish)
        return self._describe(vm)

    def _wish(self, wanted: Wanted) -> Wish:
        options = wanted.options
        placement = read_placement(options)
        if placement.cluster_ids:
            check_placement(placement, [cluster.id for cluster in self.cloud.pools.all("clusters")])
        parent, group = self._parent(str(options.get("parent_vdc_backend_id") or ""))
        template_id = self._template_id(wanted)
        inference = read_inference(wanted.attributes, self.cloud.pools)
        return Wish(
            backend_id=wanted.backend_id,
            resource=wanted.resource,
            template_id=template_id,
            parent=parent,
            group=group,
            size=self._size(wanted),
            ssh_key=self._ssh_key(wanted),
            requirements=requirements(placement),
            context=inference.context if inference else {},
            first_image=self._engine(options) if inference else None,
            more_images=(inference.image_id,) if inference else (),
            serves=inference is not None,
            notes=self._notes(parent, template_id, inference)
            | {names.FACTORS: units.note(wanted.components), names.PROJECT: wanted.project},
        )

    def _template_id(self, wanted: Wanted) -> int:
        """The order's, which must be one of the provider's; else the offering's."""
        key = "template_id"
        wished, offered = (given.get(key) for given in (wanted.attributes, wanted.options))
        if wished in (None, ""):
            if offered in (None, ""):
                raise BadInput(key, "no template is given. Set it in plugin_options or backend_settings.")
            return whole(offered, key)
        found = self.cloud.pools.get("templates", whole(wished, key))
        if found is None or not self.cloud.pools.is_provided(found):
            raise BadInput(key, f"OpenNebula has no template {wished}. Name one that the provider offers.")
        return found.id

    def _engine(self, options: Mapping[str, Any]) -> int | None:
        """The engine's disk; None is that of the template."""
        given = options.get("engine_image_id")
        return None if given in (None, "") else check_engine(whole(given, "engine_image_id"), self.cloud.pools)

    def _notes(self, parent: Thing, template_id: int, inference: Inference | None) -> dict[str, str]:
        """Kept with the machine, so that its metadata can always be told again."""
        notes = {PARENT: parent.name, TEMPLATE: str(template_id)}
        return notes | ({MODEL: inference.model, PORT: str(inference.port)} if inference else {})

    def _parent(self, name: str) -> tuple[Thing, Thing]:
        key = "parent_vdc_backend_id"
        if not name:
            raise BadInput(key, "no VDC is given. Set it in plugin_options or backend_settings.")
        vdc = self.cloud.vdcs.find(name) or self.cloud.pools.named("vdcs", name)
        if vdc is None:
            raise BadInput(key, f"OpenNebula has no VDC {name}. Order it first, or name another one.")
        if vdc.note(names.STATE) == names.CREATING:
            raise NotYet(f"{key}: VDC {name} is still being made.")
        if vdc.note(names.STATE) == names.DELETING:
            raise BadInput(key, f"VDC {name} is being ended. Name another one.")
        group = self.cloud.vdcs.group_of(vdc) or self.cloud.pools.named("groups", name)
        if group is None or group.id not in vdc.ids("GROUPS/ID"):
            raise BadInput(key, f"VDC {name} has no group of that name. Name a VDC of a VDC offering.")
        return vdc, group

    def _size(self, wanted: Wanted) -> Size:
        """The plan's. An agent that died while it restored a machine knows no plan: as it was last."""
        if wanted.plan_quotas is None and (last := self.cloud.machines.last(wanted.resource)) is not None:
            return planned_size(last)
        if not wanted.plan_quotas:
            raise BadInput("plan", f"it has no amounts. Give the plan the components {', '.join(PARTS)}.")
        size = read_size(wanted.plan_quotas, wanted.components)
        for name, part in PARTS.items():
            if name != "vm_disk" and not getattr(size, part):
                raise BadInput("plan", f"it has no {name}. Give the plan the components {', '.join(PARTS)}.")
        return size

    def _ssh_key(self, wanted: Wanted) -> str:
        given = str(wanted.attributes.get("ssh_public_key") or "").strip()
        if not given:
            return ""
        try:
            wished = uuid.UUID(given)
        except ValueError as error:
            if not PUBLIC_KEY.fullmatch(given):
                raise BadInput(
                    "ssh_public_key", "it is no public key and no key's UUID. Paste a line like ssh-ed25519 AAAA…."
                ) from error
            return given
        if wanted.ssh_keys is None and (last := self.cloud.machines.last(wanted.resource)) is not None:
            return last.text("TEMPLATE/CONTEXT/SSH_PUBLIC_KEY")
        keys = {uuid.UUID(str(name)): text for name, text in (wanted.ssh_keys or {}).items()}
        if wished not in keys:
            raise BadInput("ssh_public_key", f"no key {wished} is known to the service provider. Paste the key itself.")
        return keys[wished]

    def exists(self, backend_id: str) -> bool:
        return self.cloud.machines.find(backend_id) is not None

    def inventory(self) -> dict[str, str]:
        """{backend id: slug of the project} of all that is there and complete."""
        vms = [vm for vm in self.cloud.pools.tagged("vms") if vm.note(names.STATE) != names.CREATING]
        return {vm.note(names.BACKEND_ID): vm.note(names.PROJECT) for vm in vms}

    def delete(self, backend_id: str) -> None:
        self.cloud.pools.forget()
        for vm in self.cloud.machines.all(backend_id):
            self.cloud.machines.delete(vm)

    def set_limits(self, backend_id: str, limits: Mapping[str, Any], components: units.Components) -> None:
        """Another plan: another size."""
        self.cloud.resizing.resize(self._get(backend_id), read_size(limits, components))

    def tidy(self, backend_id: str) -> None:
        """Once in a cycle, for all resources; what cannot be ended now is ended in the next one."""
        if not self.is_tidy:
            self.is_tidy = True
            try:
                self.cloud.machines.end_forgotten()
            except CloudError as error:
                logger.error("A machine that nobody uses is still there: %s", error)

    def components(self, backend_id: str) -> dict[str, dict[str, Any]]:
        """Those that were known when it was made."""
        vm = self.cloud.machines.find(backend_id)
        return units.read_note(vm.note(names.FACTORS)) if vm else {}

    def limits(self, backend_id: str) -> dict[str, float]:
        """Those of its plan: whoever imports it sees which one it is."""
        size = planned_size(self._get(backend_id))
        return {name: float(getattr(size, part)) for name, part in PARTS.items()}

    def usage(self, backend_id: str) -> dict[str, float] | None:
        """None for one that is not there, or not all of it: an order goes on making it."""
        vm = self.cloud.machines.find(backend_id)
        if vm is None or vm.note(names.STATE) == names.CREATING:
            return None
        size = size_of(vm)
        return {name: float(getattr(size, part)) for name, part in PARTS.items()}

    def metadata(self, backend_id: str) -> dict[str, Any]:
        return self._describe(self._get(backend_id))

    def _describe(self, vm: Thing) -> dict[str, Any]:
        found: dict[str, Any] = {"vm_id": vm.id, "ip_address": address_of(vm)}
        found |= {"template_id": vm.note(TEMPLATE), "parent_vdc_backend_id": vm.note(PARENT)}
        if vm.note(MODEL):
            found |= {"model": vm.note(MODEL), **addresses(address_of(vm), int(vm.note(PORT)))}
        if stopped := STOPPED.get(vm.note(names.SUSPENDED)):
            found["restriction"] = stopped
        if planned := vm.note(names.PLANNED_DISK):
            found["disk"] = f"It stays {first_disk_size(vm)} MB: a disk does not shrink to the plan's {planned} MB."
        return found

    def renew_password(self, backend_id: str, request: str) -> bool:
        return False

    def members(self, backend_id: str) -> list[str]:
        return []

    def add_members(self, backend_id: str, usernames: set[str]) -> set[str]:
        """Machines have no accounts of ours: everybody is in."""
        return usernames

    def remove_members(self, backend_id: str, usernames: set[str]) -> set[str]:
        return usernames

    def pause(self, backend_id: str) -> bool:
        """Suspended, and not resumed with its VDC."""
        vm = self._get(backend_id)
        if vm.text("STATE") in (PENDING, HOLD):
            raise NotYet(f"Machine {vm.name} has not started yet.")
        if vm.text("STATE") == ACTIVE:
            self.cloud.restrictions.suspend([vm], names.ALONE)
        elif vm.note(names.SUSPENDED) == names.WITH_VDC:
            self.cloud.restrictions.mark(vm, names.ALONE)
        return True

    def downscale(self, backend_id: str) -> bool:
        """It runs again if it was paused, as it was: nothing smaller exists."""
        self.restore(backend_id)
        raise CloudError("a machine has the size of its plan. Switch to a smaller plan.")

    def restore(self, backend_id: str) -> bool:
        vm = self._get(backend_id)
        if vm.note(names.SUSPENDED) in STOPPED:
            if self.cloud.restrictions.is_paused(vm.gid):  # its VDC takes it along when that is restored
                if vm.note(names.SUSPENDED) != names.WITH_VDC:
                    self.cloud.restrictions.mark(vm, names.WITH_VDC)
                return False
            self.cloud.restrictions.resume([vm])
        return True

    def _get(self, backend_id: str) -> Thing:
        vm = self.cloud.machines.find(backend_id)
        if vm is None:
            raise CloudError(f"OpenNebula has no machine {backend_id}. It may have been deleted there.")
        return vm


def read_size(amounts: Mapping[str, Any], components: units.Components) -> Size:
    native = units.to_backend(components, {name: value for name, value in amounts.items() if name in PARTS})
    return Size(**{PARTS[name]: round(value) for name, value in native.items()})


def requirements(placement: Placement) -> str:
    """Where it may run: the expression given, and the clusters."""
    clusters = " | ".join(f"CLUSTER_ID = {cluster}" for cluster in placement.cluster_ids)
    return both(placement.requirements, clusters)
