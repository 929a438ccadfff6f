"""What the plan says of one object."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack_replication.shape import Part


@dataclass(frozen=True)
class PlannedItem:
    """An object that will be made or, with `left_out` saying why, will not. `note`: what will be different."""

    kind: str
    source_id: str
    name: str
    wanted: JSON
    address: str = ""
    left_out: str = ""
    note: str = ""

    @property
    def action(self) -> str:
        if self.left_out:
            return "skip"
        return "adopt" if self.wanted.get("is_default") else "create"

    def part(self) -> Part:
        return Part(self.kind, self.source_id, self.name, self.wanted)


def planned(part: Part, address: Any = "", note: str = "", **changes: Any) -> PlannedItem:
    return PlannedItem(part.kind, part.id, part.name, {**part.values, **changes}, str(address or ""), note=note)


def left_out(part: Part, why: str, address: Any = "") -> PlannedItem:
    return PlannedItem(part.kind, part.id, part.name, part.values, str(address or ""), left_out=why)


def addresses_of(fixed_ips: Iterable[JSON]) -> str:
    return ", ".join(fixed["ip_address"] for fixed in fixed_ips)
