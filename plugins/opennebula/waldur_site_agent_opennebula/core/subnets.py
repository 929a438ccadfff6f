"""Which address block a tenant's network gets."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError

from .errors import BadInput
from .markup import Thing

Range = tuple[int, int]  # first and last address, as numbers
PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
SMALLEST = 29  # a router, a few machines


def taken_ranges(vnet: Thing) -> list[Range]:
    """All addresses that a network calls its own: its block and its address ranges."""
    found = []
    address, mask = vnet.text("TEMPLATE/NETWORK_ADDRESS"), vnet.text("TEMPLATE/NETWORK_MASK")
    if address and mask:
        try:
            block = IPv4Network(f"{address}/{mask}", strict=False)
            found.append((int(block[0]), int(block[-1])))
        except ValueError:
            pass  # somebody else's network without a usable mask; its address ranges still count
    for address_range in vnet.all("AR_POOL/AR"):
        try:
            first = int(IPv4Address(address_range.text("IP")))
        except AddressValueError:
            continue  # Ethernet only, or IPv6
        found.append((first, first + int(address_range.number("SIZE", 1)) - 1))
    return found


def overlaps(block: IPv4Network, ranges: Iterable[Range]) -> bool:
    first, last = int(block[0]), int(block[-1])
    return any(low <= last and first <= high for low, high in ranges)


def free_block(pool: IPv4Network, prefix: int, taken: Iterable[Range], skip: int = 0) -> IPv4Network:
    """The first block of that prefix in the pool that meets nothing taken; ``skip`` passes over so many free ones."""
    size = 1 << (32 - prefix)
    candidate, end = int(pool[0]), int(pool[-1])
    for low, high in sorted(taken):
        while candidate + size <= low and candidate + size - 1 <= end:
            if skip == 0:
                return IPv4Network((candidate, prefix))
            candidate, skip = candidate + size, skip - 1
        if high >= candidate:
            candidate = -(-(high + 1) // size) * size
    candidate += skip * size
    if candidate + size - 1 > end:
        raise BadInput(
            "internal_network_base", f"no free /{prefix} is left in {pool}. Widen the pool or delete networks."
        )
    return IPv4Network((candidate, prefix))


def read_block(key: str, text: str) -> IPv4Network:
    """A subnet that somebody asked for."""
    try:
        block = IPv4Network(text.strip(), strict=True)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise BadInput(key, f"{text!r} is no IPv4 subnet ({error}). Write for example 192.168.50.0/24.") from error
    if not any(block.subnet_of(private) for private in PRIVATE):
        raise BadInput(
            key, f"{block} is not private. Choose a block inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
        )
    if block.prefixlen > SMALLEST:
        raise BadInput(key, f"{block} is too small. The prefix may be /{SMALLEST} at most.")
    return block
