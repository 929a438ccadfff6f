"""Settings of an offering, checked: what they are, not where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from .errors import BadInput
from .subnets import PRIVATE, SMALLEST

PROTOCOLS = ("TCP", "UDP", "ICMP", "ICMPV6", "IPSEC", "ALL")
DIRECTIONS = ("INBOUND", "OUTBOUND")
RULE_KEYS = {
    "direction": "RULE_TYPE",
    "protocol": "PROTOCOL",
    "range": "RANGE",
    "type": "ICMP_TYPE",
    "ip": "IP",
    "size": "SIZE",
}

Rule = dict[str, str]


@dataclass(frozen=True)
class Network:
    """A tenant's network: where it comes from, and its router."""

    external_network_id: int
    router_template_id: int
    pool: IPv4Network
    prefix: int
    phydev: str = "eth0"
    dns: str = "8.8.8.8"
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True)
class Placement:
    """Where things go."""

    zone_id: int = 0
    cluster_ids: tuple[int, ...] = ()
    requirements: str = ""  # SCHED_REQUIREMENTS


def read_placement(options: Mapping[str, Any]) -> Placement:
    ids = options.get("cluster_ids") or []
    if not isinstance(ids, (list, tuple)):
        raise BadInput("cluster_ids", f"{ids!r} is no list. Write for example [0, 100].")
    clusters = tuple(whole(each, "cluster_ids") for each in ids)
    return Placement(
        whole(options.get("zone_id") or 0, "zone_id"), clusters, str(options.get("sched_requirements") or "")
    )


def check_placement(placement: Placement, known: Iterable[int]) -> None:
    """``known`` are the clusters that OpenNebula has."""
    if missing := sorted(set(placement.cluster_ids) - set(known)):
        raise BadInput("cluster_ids", f"OpenNebula has no cluster {missing[0]}. Name only such as exist.")


def read_network(options: Mapping[str, Any]) -> Network | None:
    """None when the offering does not have networks made: both ids are needed for it."""
    external, template = options.get("external_network_id"), options.get("virtual_router_template_id")
    if external in (None, "") or template in (None, ""):
        return None
    prefix = whole(options.get("subnet_prefix_length") or 24, "subnet_prefix_length")
    pool = read_pool(options)
    if not pool.prefixlen <= prefix <= SMALLEST:
        raise BadInput(
            "subnet_prefix_length", f"/{prefix} does not fit. Choose between /{pool.prefixlen} and /{SMALLEST}."
        )
    return Network(
        external_network_id=whole(external, "external_network_id"),
        router_template_id=whole(template, "virtual_router_template_id"),
        pool=pool,
        prefix=prefix,
        phydev=str(options.get("vxlan_phydev") or "eth0"),
        dns=str(options.get("default_dns") or "8.8.8.8"),
        rules=read_rules(options.get("security_group_defaults") or []),
    )


def read_pool(options: Mapping[str, Any]) -> IPv4Network:
    base = options.get("internal_network_base") or "10.0.0.0"
    prefix = whole(options.get("internal_network_prefix") or 8, "internal_network_prefix")
    try:
        pool = IPv4Network(f"{base}/{prefix}")
    except ValueError as error:
        raise BadInput(
            "internal_network_base", f"{base}/{prefix} is no IPv4 block ({error}). Write 10.0.0.0 and 8."
        ) from error
    if not any(pool.subnet_of(private) for private in PRIVATE):
        raise BadInput("internal_network_base", f"{pool} is not private. Choose a block inside 10.0.0.0/8 or the like.")
    return pool


def read_rules(given: Any) -> list[Rule]:
    key = "security_group_defaults"
    if not isinstance(given, list) or not all(isinstance(rule, Mapping) for rule in given):
        raise BadInput(key, "a list of rules is needed, each with direction, protocol and range or type.")
    return [_read_rule(key, rule) for rule in given]


def _read_rule(key: str, given: Mapping[str, Any]) -> Rule:
    if unknown := sorted(set(given) - set(RULE_KEYS)):
        raise BadInput(key, f"{', '.join(unknown)} is not known. Known: {', '.join(RULE_KEYS)}.")
    rule = {RULE_KEYS[name]: str(value) for name, value in given.items() if value not in (None, "")}
    rule["RULE_TYPE"] = rule.get("RULE_TYPE", "INBOUND").upper()
    rule["PROTOCOL"] = rule.get("PROTOCOL", "ALL").upper()
    if rule["PROTOCOL"] not in PROTOCOLS:
        raise BadInput(key, f"protocol {rule['PROTOCOL']} is not known. Known: {', '.join(PROTOCOLS)}.")
    if rule["RULE_TYPE"] not in DIRECTIONS:
        raise BadInput(key, f"direction {rule['RULE_TYPE']} is not known. Known: {', '.join(DIRECTIONS)}.")
    return rule


def whole(value: Any, key: str) -> int:
    """A number that names or counts something."""
    try:
        if isinstance(value, bool) or int(value) != float(value) or int(value) < 0:
            raise ValueError
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(key, f"{value!r} is no whole number. Write for example 0.") from error
