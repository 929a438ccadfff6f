"""Whole pools, each read once: what a cycle over any number of resources costs."""

from __future__ import annotations

import time
from collections import defaultdict
from functools import cached_property

from .daemon import Daemon
from .markup import Thing, things
from .names import BACKEND_ID, RESOURCE

ALL = (-2, -1, -1)  # of everybody, from the first to the last
NOT_DONE = -1
CALLS: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "groups": ("grouppool.info", "GROUP", ()),
    "vdcs": ("vdcpool.info", "VDC", ()),
    "users": ("userpool.info", "USER", ()),
    "acl_rules": ("acl.info", "ACL", ()),
    "clusters": ("clusterpool.info", "CLUSTER", ()),
    "datastores": ("datastorepool.info", "DATASTORE", ()),
    "vnets": ("vnpool.info", "VNET", ALL),
    "security_groups": ("secgrouppool.info", "SECURITY_GROUP", ALL),
    "routers": ("vrouterpool.info", "VROUTER", ALL),
    "templates": ("templatepool.info", "VMTEMPLATE", ALL),
    "images": ("imagepool.info", "IMAGE", ALL),
    "vms": ("vmpool.infoextended", "VM", (*ALL, NOT_DONE)),
}
FRESH_SECONDS = 120.0
ADMINISTRATORS = 0  # the id of the group oneadmin, and of the user


class Pools:
    """What OpenNebula has, as read at most two minutes ago. Whoever changes something says :meth:`forget`."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self._read: dict[str, tuple[float, list[Thing]]] = {}
        self._named: dict[str, tuple[list[Thing], dict[str, list[Thing]]]] = {}

    def all(self, kind: str) -> list[Thing]:
        kept = self._read.get(kind)
        if kept is not None and time.monotonic() - kept[0] < FRESH_SECONDS:
            return kept[1]
        return self.fresh(kind)

    def fresh(self, kind: str) -> list[Thing]:
        """Read it now, whatever was read before."""
        method, tag, arguments = CALLS[kind]
        found = things(self.daemon.read(method, *arguments), tag)
        self._read[kind] = (time.monotonic(), found)
        return found

    def forget(self) -> None:
        self._read.clear()

    def get(self, kind: str, object_id: int) -> Thing | None:
        return next((thing for thing in self.all(kind) if thing.id == object_id), None)

    def named(self, kind: str, name: str) -> Thing | None:
        return next((thing for thing in self.all(kind) if thing.name == name), None)

    def ours(self, kind: str, backend_id: str) -> Thing | None:
        """The one that we made for the resource of this name, first if twice; read at most two minutes ago."""
        return next(iter(self.all_ours(kind, backend_id)), None)

    def all_ours(self, kind: str, backend_id: str) -> list[Thing]:
        """The oldest first."""
        return sorted((thing for thing in self._of(kind, backend_id) if self.is_ours(thing)), key=_age)

    def _of(self, kind: str, backend_id: str) -> list[Thing]:
        """Looked up by name, not searched for: a cycle asks for each resource."""
        read = self.all(kind)
        kept = self._named.get(kind)
        if kept is None or kept[0] is not read:
            named: dict[str, list[Thing]] = defaultdict(list)
            for thing in read:
                named[thing.note(BACKEND_ID)].append(thing)
            self._named[kind] = kept = (read, named)
        return kept[1].get(backend_id, [])

    def tagged(self, kind: str) -> list[Thing]:
        """All that we have made for resources of whatever name; read at most two minutes ago."""
        return [thing for thing in self.all(kind) if thing.note(BACKEND_ID) and self.is_ours(thing)]

    def owned(self, kind: str, resource: str) -> list[Thing]:
        """All that we have made for a resource of the marketplace, as of now, the oldest first."""
        found = (thing for thing in self.fresh(kind) if thing.note(RESOURCE) == resource and self.is_ours(thing))
        return sorted(found, key=_age)

    def is_ours(self, thing: Thing) -> bool:
        """Tenants may write our tags into what is theirs. Groups, VDCs and users have no owner: only we make them."""
        owner = thing.text("UID")
        return not owner or int(owner) == self.own_id

    def is_provided(self, thing: Thing) -> bool:
        """The provider's, not a tenant's: what customers may name in an order."""
        return thing.gid == ADMINISTRATORS or int(thing.text("UID", "-1")) in (ADMINISTRATORS, self.own_id)

    @cached_property
    def own_id(self) -> int:
        return Thing(self.daemon.read("user.info", -1)).id


def _age(thing: Thing) -> int:
    """Ids only grow."""
    return thing.id
