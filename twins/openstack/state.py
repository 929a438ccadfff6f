"""Everything that exists in the cloud: plain dictionaries by kind and id, with a few indexes.

All changes go through :meth:`State.add`, :meth:`State.edit` and :meth:`State.drop`, so that the indexes stay
right and ``revision`` tells whether a call changed anything.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import Any

Obj = dict[str, Any]

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
    "images": ("owner",),
}
HIDDEN = ("tokens", "allocations", "deleted_servers")


class State:
    def __init__(self) -> None:
        self.kinds: dict[str, dict[str, Obj]] = {}
        self.timers: list[list[Any]] = []
        self.revision = 0
        self.sequence = 0
        self._indexes: dict[tuple[str, str], dict[Any, dict[str, Obj]]] = {
            (kind, field): {} for kind, fields in INDEXED.items() for field in fields
        }

    def all(self, kind: str) -> Collection[Obj]:
        return self.kinds.get(kind, {}).values()

    def get(self, kind: str, key: str | None) -> Obj | None:
        return self.kinds.get(kind, {}).get(key) if key else None

    def where(self, kind: str, field: str, value: Any) -> Collection[Obj]:
        """The objects of a kind whose field has this value, oldest first."""
        index = self._indexes.get((kind, field))
        if index is not None:
            return index.get(value, {}).values()
        return [obj for obj in self.all(kind) if obj.get(field) == value]

    def indexed(self, kind: str, field: str) -> bool:
        return (kind, field) in self._indexes

    def find(self, kind: str, **fields: Any) -> Obj | None:
        """The first object of a kind that has all these values."""
        for obj in self.all(kind):
            if all(obj.get(field) == value for field, value in fields.items()):
                return obj
        return None

    def add(self, kind: str, obj: Obj) -> Obj:
        self.kinds.setdefault(kind, {})[obj["id"]] = obj
        for field in INDEXED.get(kind, ()):
            self._indexes[kind, field].setdefault(obj.get(field), {})[obj["id"]] = obj
        self.revision += 1
        return obj

    def edit(self, kind: str, obj: Obj, **changes: Any) -> Obj:
        for field in INDEXED.get(kind, ()):
            if field in changes and changes[field] != obj.get(field):
                self._move(kind, field, obj, changes[field])
        obj.update(changes)
        self.revision += 1
        return obj

    def drop(self, kind: str, obj: Obj) -> None:
        self.kinds.get(kind, {}).pop(obj["id"], None)
        for field in INDEXED.get(kind, ()):
            self._indexes[kind, field].get(obj.get(field), {}).pop(obj["id"], None)
        self.revision += 1

    def _move(self, kind: str, field: str, obj: Obj, value: Any) -> None:
        index = self._indexes[kind, field]
        index.get(obj.get(field), {}).pop(obj["id"], None)
        index.setdefault(value, {})[obj["id"]] = obj

    def next_number(self) -> int:
        self.sequence += 1
        return self.sequence

    def dump(self) -> Obj:
        return {"kinds": self.kinds, "timers": self.timers, "sequence": self.sequence}

    def load(self, saved: Obj) -> None:
        for kind, objects in saved["kinds"].items():
            for obj in objects.values():
                self.add(kind, obj)
        self.timers = saved["timers"]
        self.sequence = saved["sequence"]


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
