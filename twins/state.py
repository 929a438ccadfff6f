"""Everything that exists in a cloud: plain dictionaries by kind and id, with a few indexes.

All changes go through :meth:`State.add`, :meth:`State.edit` and :meth:`State.drop`, so that the indexes stay
right and ``revision`` tells whether a call changed anything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

Obj = dict[str, Any]


class State:
    """``indexed`` names, by kind, the fields that :meth:`where` finds without looking at every object."""

    indexed: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self) -> None:
        self.kinds: dict[str, dict[Any, Obj]] = {}
        self.timers: list[list[Any]] = []
        self.revision = 0
        self.sequence = 0
        self._indexes: dict[tuple[str, str], dict[Any, dict[Any, Obj]]] = {
            (kind, field): {} for kind, fields in self.indexed.items() for field in fields
        }

    def all(self, kind: str) -> Collection[Obj]:
        return self.kinds.get(kind, {}).values()

    def get(self, kind: str, key: Any) -> Obj | None:
        return self.kinds.get(kind, {}).get(key) if key or key == 0 else None

    def where(self, kind: str, field: str, value: Any) -> Collection[Obj]:
        """The objects of a kind whose field has this value, oldest first."""
        index = self._indexes.get((kind, field))
        if index is not None:
            return index.get(value, {}).values()
        return [obj for obj in self.all(kind) if obj.get(field) == value]

    def is_indexed(self, kind: str, field: str) -> bool:
        return (kind, field) in self._indexes

    def find(self, kind: str, **fields: Any) -> Obj | None:
        """The first object of a kind that has all these values."""
        for obj in self.all(kind):
            if all(obj.get(field) == value for field, value in fields.items()):
                return obj
        return None

    def add(self, kind: str, obj: Obj) -> Obj:
        self.kinds.setdefault(kind, {})[obj["id"]] = obj
        for field in self.indexed.get(kind, ()):
            self._indexes[kind, field].setdefault(obj.get(field), {})[obj["id"]] = obj
        self.revision += 1
        return obj

    def edit(self, kind: str, obj: Obj, **changes: Any) -> Obj:
        for field in self.indexed.get(kind, ()):
            if field in changes and changes[field] != obj.get(field):
                self._move(kind, field, obj, changes[field])
        obj.update(changes)
        self.revision += 1
        return obj

    def drop(self, kind: str, obj: Obj) -> None:
        self.kinds.get(kind, {}).pop(obj["id"], None)
        for field in self.indexed.get(kind, ()):
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
