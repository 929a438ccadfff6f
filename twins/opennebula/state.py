"""What the simulated OpenNebula remembers: its objects by kind, and the id each kind gives next."""

from __future__ import annotations

from collections.abc import Iterable

import twins.state
from twins.state import Obj

from .kinds import Kind

COUNTERS = "counters"
ACL_RULES = "acl_rules"
DEFAULT_QUOTAS = "default_quotas"
HIDDEN = (COUNTERS, DEFAULT_QUOTAS)


class State(twins.state.State):
    indexed = {
        "vms": ("uid", "gid"),
        "images": ("uid", "gid"),
        "virtual_routers": ("uid", "gid"),
        "vnets": ("parent_id",),
        "users": ("name",),
    }

    def next_id(self, name: str, first: int = 0) -> int:
        """Ids only go up; one that was given never comes again."""
        counter = self.get(COUNTERS, name)
        if counter is None:
            counter = self.add(COUNTERS, {"id": name, "next": first})
        given = int(counter["next"])
        self.edit(COUNTERS, counter, next=given + 1)
        return given

    def coming_id(self, kind: Kind) -> int:
        """The id that :meth:`new_id` gives next."""
        counter = self.get(COUNTERS, kind.name)
        return int(counter["next"]) if counter else kind.first_id

    def new_id(self, kind: Kind) -> int:
        return self.next_id(kind.name, kind.first_id)

    def skip_to(self, name: str, next_id: int) -> None:
        """Let a kind go on with a later id."""
        self.add(COUNTERS, {"id": name, "next": next_id})


def newest_first(objects: Iterable[Obj]) -> list[Obj]:
    """Pools are listed by descending id."""
    return sorted(objects, key=lambda obj: -int(obj["id"]))
