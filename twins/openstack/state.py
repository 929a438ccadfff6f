"""What the simulated OpenStack remembers of its kinds of objects, and the ids it gives them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import twins.state
from twins.state import Obj

INDEXED: dict[str, tuple[str, ...]] = {
    "servers": ("project_id",),
    "deleted_servers": ("project_id",),
    "server_groups": ("project_id",),
    "keypairs": ("user_id",),
    "volumes": ("project_id",),
    "snapshots": ("project_id", "volume_id"),
    "backups": ("project_id", "volume_id"),
    "attachments": ("volume_id", "instance"),
    "networks": ("project_id",),
    "subnets": ("project_id", "network_id"),
    "routers": ("project_id",),
    "ports": ("project_id", "network_id", "device_id", "mac_address"),
    "floatingips": ("project_id", "port_id", "router_id", "floating_network_id"),
    "security_groups": ("project_id",),
    "security_group_rules": ("project_id", "security_group_id"),
    "rbac_policies": ("object_id",),
    "assignments": ("project_id", "user_id"),
    "messages": ("project_id",),
    "images": ("owner",),
}
HIDDEN = ("tokens", "allocations", "deleted_servers", "messages")


# what was done (create, update, delete), the kind, the object, what its changed fields were before
Watcher = Callable[[str, str, Obj, Obj], None]


class State(twins.state.State):
    """``watcher`` hears of every change; what is there when it comes is no news."""

    indexed = INDEXED
    watcher: Watcher | None = None

    def add(self, kind: str, obj: Obj) -> Obj:
        return self._told("create", kind, super().add(kind, obj))

    def edit(self, kind: str, obj: Obj, **changes: Any) -> Obj:
        before = {name: obj.get(name) for name in changes} if self.watcher else {}
        return self._told("update", kind, super().edit(kind, obj, **changes), before)

    def drop(self, kind: str, obj: Obj) -> None:
        super().drop(kind, obj)
        self._told("delete", kind, obj)

    def _told(self, what: str, kind: str, obj: Obj, before: Obj | None = None) -> Obj:
        if self.watcher is not None:
            self.watcher(what, kind, obj, before or {})
        return obj


def new_id() -> str:
    """A random UUID in the dashed form that Nova, Neutron, Cinder and Glance use."""
    text = new_hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def new_hex() -> str:
    """32 hexadecimal digits: the form of Keystone's ids."""
    return os.urandom(16).hex()


def newest_first(objects: Iterable[Obj]) -> list[Obj]:
    """Objects are kept in order of creation; Nova, Cinder and Glance list the newest first."""
    found = list(objects)
    found.reverse()
    return found
