"""From the addresses of one block to those of another: the host part stays, the network part changes."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Block = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
PRIVATE: tuple[Block, ...] = (
    *(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    IPv6Network("fc00::/7"),
)


def is_private(block: Block) -> bool:
    """Whether it is of RFC 1918 or, for IPv6, of RFC 4193."""
    return any(within(block, private) for private in PRIVATE)


def within(inner: Block, outer: Block) -> bool:
    """Whether all of `inner` is in `outer`; of another version it never is."""
    return inner.version == outer.version and int(outer[0]) <= int(inner[0]) and int(inner[-1]) <= int(outer[-1])


def holds(block: Block, address: Address) -> bool:
    return block.version == address.version and address in block


def overlap(one: Block, other: Block) -> bool:
    return one.version == other.version and int(one[0]) <= int(other[-1]) and int(other[0]) <= int(one[-1])


class Readdressing:
    """`pairs`: {from block: to block}. What is in none of the blocks stays as it is; None: it does not fit."""

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        blocks = [(ip_network(src), ip_network(dst)) for src, dst in dict(pairs).items()]
        self.pairs = sorted(blocks, key=lambda pair: -pair[0].prefixlen)  # the narrowest counts

    def address(self, text: str) -> str | None:
        own = ip_address(text)
        for src, dst in self.pairs:
            if holds(src, own):
                offset = int(own) - int(src[0])
                return str(dst[offset]) if offset < dst.num_addresses else None
        return text

    def block(self, text: str) -> str | None:
        """Of a whole mapped block, or of a part of one; a block around a mapped one stays."""
        own = ip_network(text, strict=False)
        for src, dst in self.pairs:
            if own == src:
                return str(dst)
            if within(own, src):
                offset = int(own[0]) - int(src[0])
                fits = offset + own.num_addresses <= dst.num_addresses
                return f"{dst[offset]}/{own.prefixlen}" if fits else None
        return text

    def pools(self, cidr: str, pools: Iterable[Mapping[str, str]], gateway: str | None) -> list[dict[str, str]]:
        """The pools of the subnet `cidr` in its new block, cut to what fits, without the gateway; never empty."""
        target = ip_network(self.block(cidr) or cidr)
        base = ip_network(cidr)
        if target == base:
            return [{"start": pool["start"], "end": pool["end"]} for pool in pools] or default_pools(target, gateway)
        first, last = usable(target)
        moved = []
        for pool in pools:
            start, end = (int(ip_address(pool[name])) - int(base[0]) + int(target[0]) for name in ("start", "end"))
            moved += without(max(start, first), min(end, last), gateway)
        return [named(target, span) for span in moved] or default_pools(target, gateway)


def usable(block: Block) -> tuple[int, int]:
    """The first and last address that a host may have."""
    if block.num_addresses <= 2:
        return int(block[0]), int(block[-1])
    return int(block[0]) + 1, int(block[-1]) - (1 if block.version == 4 else 0)


def without(start: int, end: int, gateway: str | None) -> list[tuple[int, int]]:
    """The span as one or two that do not hold the gateway."""
    spans = [(start, end)]
    if gateway and start <= (own := int(ip_address(gateway))) <= end:
        spans = [(start, own - 1), (own + 1, end)]
    return [(low, high) for low, high in spans if low <= high]


def named(block: Block, span: tuple[int, int]) -> dict[str, str]:
    kind = type(block[0])
    return {"start": str(kind(span[0])), "end": str(kind(span[1]))}


def default_pools(block: Block, gateway: str | None) -> list[dict[str, str]]:
    return [named(block, span) for span in without(*usable(block), gateway)]
