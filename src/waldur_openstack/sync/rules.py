"""Firewall rules in Neutron's form, and when two of them are the same."""

from ipaddress import ip_network
from typing import Any

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import SecurityGroupRule


def to_backend(rule: SecurityGroupRule) -> JSON:
    """A rule in Neutron's form: unset values are null, -1 means any."""
    return {
        "direction": rule.direction,
        "ethertype": rule.ethertype,
        "protocol": rule.protocol or None,
        "port_range_min": _port(rule.from_port),
        "port_range_max": _port(rule.to_port),
        "remote_ip_prefix": None if rule.remote_group else (rule.cidr or None),
        "remote_group_id": rule.remote_group.backend_id if rule.remote_group else None,
        "description": rule.description,
    }


def _port(value: int | None) -> int | None:
    return None if value is None or value < 0 else value


def identity(rule: JSON) -> tuple[Any, ...]:
    """What makes two rules equal for Neutron; it stores some of them in words of its own."""
    return (
        rule["direction"],
        rule["ethertype"],
        _protocol(rule),
        *_ports(rule),
        _prefix(rule["remote_ip_prefix"]),
        rule["remote_group_id"],
    )


def is_automatic(rule: JSON) -> bool:
    """Whether it is one of the two rules that Neutron gives every new group: everything may go out."""
    return identity(rule) == ("egress", rule["ethertype"], None, None, None, None, None)


def _protocol(rule: JSON) -> str | None:
    protocol: str | None = rule["protocol"]
    return "ipv6-icmp" if rule["ethertype"] == "IPv6" and protocol in ("icmp", "icmpv6") else protocol


def _ports(rule: JSON) -> tuple[int | None, int | None]:
    """All ports of TCP are the same as none."""
    ports = (rule["port_range_min"], rule["port_range_max"])
    return (None, None) if ports == (1, 65535) and rule["protocol"] in ("tcp", "6") else ports


def _prefix(value: str | None) -> str | None:
    """The whole address space is the same as no prefix."""
    prefix = str(ip_network(value, strict=False)) if value else None
    return None if prefix in ("0.0.0.0/0", "::/0") else prefix
