"""How large a machine is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import names
from .markup import Thing


@dataclass(frozen=True)
class Size:
    """Cores, and MB of memory and disk. Zero leaves what the template says."""

    cores: int = 0
    memory: int = 0
    disk: int = 0


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
