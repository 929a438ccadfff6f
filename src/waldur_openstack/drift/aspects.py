"""The aspects of objects that users declare. What is not named here, clouds choose and change as they like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Aspect:
    """Something that is declared as one: a column, some that belong together, or what another table keeps (`links`).

    With `left_open`, nothing at all means that the user left it to the cloud.
    """

    name: str
    columns: tuple[str, ...] = ()
    links: bool = False
    left_open: bool = False


def column(name: str, *columns: str, left_open: bool = False) -> Aspect:
    """An aspect of one column, or of several under one name."""
    return Aspect(name=name, columns=columns or (name,), left_open=left_open)


NAME, DESCRIPTION, METADATA = column("name"), column("description"), column("metadata")
RULES = Aspect(name="rules", links=True)
SECURITY_GROUPS = Aspect(name="security_groups", links=True)

# by the word of the kind of object
ASPECTS: Mapping[str, tuple[Aspect, ...]] = {
    "instance": (
        NAME,
        DESCRIPTION,
        METADATA,
        column("flavor", "flavor_name", "cores", "ram", "flavor_disk", left_open=True),
    ),
    "volume": (
        NAME,
        DESCRIPTION,
        METADATA,
        column("size"),
        column("type", left_open=True),
        column("instance"),
    ),
    "snapshot": (NAME, DESCRIPTION, METADATA),
    "network": (NAME, DESCRIPTION, column("mtu", left_open=True)),
    "subnet": (
        NAME,
        DESCRIPTION,
        column("gateway", "gateway_ip", "disable_gateway"),
        column("allocation_pools", left_open=True),
        column("enable_dhcp"),
        column("dns_nameservers"),
        column("host_routes"),
    ),
    "router": (NAME, DESCRIPTION, column("routes"), column("external_network", "external_network_id")),
    "port": (
        NAME,
        DESCRIPTION,
        column("fixed_ips", left_open=True),
        column("allowed_address_pairs"),
        column("port_security_enabled"),
        column("admin_state_up"),
        SECURITY_GROUPS,
    ),
    "floating_ip": (DESCRIPTION, column("port")),
    "security_group": (NAME, DESCRIPTION, RULES),
    "server_group": (),
}


def aspects_of(word: str) -> tuple[Aspect, ...]:
    return ASPECTS.get(word, ())


WORDS = {word.replace("_", ""): word for word in ASPECTS}


def word_of(model: Any) -> str:
    """The word of a model's kind; empty for what no cloud knows."""
    return WORDS.get(model.__name__.lower(), "")
