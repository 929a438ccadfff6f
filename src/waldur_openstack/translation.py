"""What public addresses are outside, where a cloud stands behind another translation (`ipv4_external_ip_mapping`).

The option is a list of single addresses, [{"floating_ip": ..., "external_ip": ...}], or a mapping of blocks of the same
size, {"10.0.0.0/24": "203.0.113.0/24"}.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from waldur_core.structure.models import ServiceSettings

Pair = tuple[IPv4Network, IPv4Network]


def pairs_of(option: Any) -> Iterator[Pair]:
    """(inside, outside), each of the same size. Raises ValueError, saying what is wrong, on anything else."""
    for inside, outside in _texts_of(option):
        pair = IPv4Network(inside), IPv4Network(outside)
        if pair[0].prefixlen != pair[1].prefixlen:
            raise ValueError(f"{inside} and {outside} are not of the same size")
        yield pair


def _texts_of(option: Any) -> list[tuple[str, str]]:
    if isinstance(option, dict):
        return [(str(inside), str(outside)) for inside, outside in option.items()]
    if not isinstance(option, list):
        raise ValueError("it is neither a list nor a mapping")
    for item in option:
        if not isinstance(item, dict) or set(item) != {"floating_ip", "external_ip"}:
            raise ValueError("an entry does not consist of floating_ip and external_ip")
    return [(str(item["floating_ip"]), str(item["external_ip"])) for item in option]


def pairs_in(settings: ServiceSettings) -> list[Pair]:
    return list(pairs_of(settings.secret_options.get("ipv4_external_ip_mapping") or []))


def external_address(settings: ServiceSettings, address: str | None) -> str | None:
    """What the address is outside; None when nothing is translated."""
    if not address or ":" in address:
        return None
    own = IPv4Address(address)
    for inside, outside in pairs_in(settings):
        if own in inside:
            return str(outside[int(own) - int(inside.network_address)])
    return None


def external_range(settings: ServiceSettings, cidr: str) -> str:
    """The block outside for a whole block inside; empty when none is translated as such."""
    return next((str(outside) for inside, outside in pairs_in(settings) if str(inside) == cidr), "")


def external_blocks(settings: ServiceSettings) -> list[str] | None:
    """All addresses and blocks outside; None without a translation."""
    pairs = pairs_in(settings)
    return [str(outside.network_address if outside.prefixlen == 32 else outside) for _, outside in pairs] or None
