"""The shape of a tenant: its networks, firewalls and ports as plain parts, whichever way they were read.

A part names others by their id in the cloud. Two shapes mean the same when `meaning` says the same of both: there the
names stand for the ids.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import undescribed
from waldur_openstack.models.network import ROUTER_INTERFACES
from waldur_openstack.sync.rules import identity
from waldur_openstack_replication.models import MigrationItem

Kind = MigrationItem.Kind
WORDS = ("network", "subnet", "router", "security_group", "port")  # what is listed
SUBNET = ("cidr", "gateway_ip", "allocation_pools", "ip_version", "enable_dhcp", "dns_nameservers", "host_routes",
          "ipv6_ra_mode", "ipv6_address_mode")  # fmt: skip
RULE = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix",
        "remote_group_id")  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One object. `values` holds what it is; `name` what people call it."""

    kind: str
    id: str
    name: str
    values: JSON


@dataclass
class Shape:
    parts: dict[str, list[Part]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, id: str, name: str, **values: Any) -> None:
        self.parts[kind].append(Part(kind, id, name, values))

    def of(self, kind: str) -> list[Part]:
        return self.parts.get(kind, [])

    def fingerprint(self) -> str:
        """The same for the same shape, however it was listed."""
        rows = sorted([part.kind, part.id, part.name, part.values] for parts in self.parts.values() for part in parts)
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def shape_of(found: Mapping[str, Iterable[JSON]]) -> Shape:
    """From Neutron's listings of one project, {word: objects}."""
    shape = Shape()
    for item in found["network"]:
        shape.add(
            Kind.NETWORK, item["id"], item["name"], description=text_of(item), mtu=item.get("mtu"),
            port_security_enabled=item.get("port_security_enabled", True),
            is_external=item.get("router:external", False),
        )  # fmt: skip
    for item in found["subnet"]:
        values = {name: item.get(name) for name in SUBNET}
        values["allocation_pools"] = sorted(values["allocation_pools"] or [], key=lambda pool: str(pool["start"]))
        values["host_routes"] = in_order(values["host_routes"])
        shape.add(
            Kind.SUBNET, item["id"], item["name"], network=item["network_id"], description=text_of(item), **values
        )
    for item in found["router"]:
        gateway = item.get("external_gateway_info") or {}
        shape.add(
            Kind.ROUTER, item["id"], item["name"], description=text_of(item), has_gateway=bool(gateway),
            enable_snat=gateway.get("enable_snat") is not False, routes=in_order(item.get("routes")),
        )  # fmt: skip
    for item in found["security_group"]:
        add_group(shape, item)
    for item in sorted(found["port"], key=lambda port: str(port["id"])):
        add_port(shape, item)
    return shape


def add_group(shape: Shape, item: JSON) -> None:
    is_default = item["name"] == "default"
    text = "" if is_default else text_of(item)
    shape.add(Kind.SECURITY_GROUP, item["id"], item["name"], description=text, is_default=is_default)
    for rule in item["security_group_rules"]:
        if rule.get("remote_address_group_id"):
            continue  # without that end it would read as if it were open to everybody
        values = dict(zip(RULE, identity(rule), strict=True))
        values |= {"group": item["id"], "is_default": is_default, "description": rule.get("description") or ""}
        shape.add(Kind.SECURITY_GROUP_RULE, f"{item['id']}:{key_of(rule)}", rule_in_words(rule), **values)


def add_port(shape: Shape, item: JSON) -> None:
    if item["device_owner"] in ROUTER_INTERFACES:
        shape.add(
            Kind.INTERFACE, item["id"], "", router=item["device_id"], network=item["network_id"],
            fixed_ips=fixed_ips_of(item),
        )  # fmt: skip
    if item["device_owner"].startswith("network:"):
        return
    mac = item["mac_address"]
    pairs = [dict(pair) for pair in item.get("allowed_address_pairs") or []]
    shape.add(
        Kind.PORT, item["id"], item["name"], network=item["network_id"], description=text_of(item), mac_address=mac,
        fixed_ips=fixed_ips_of(item),
        security_groups=sorted(item.get("security_groups") or []),
        port_security_enabled=item.get("port_security_enabled", True),
        allowed_address_pairs=sorted(pairs, key=lambda pair: json.dumps(pair, sort_keys=True)),
    )  # fmt: skip


def fixed_ips_of(item: JSON) -> list[JSON]:
    fixed_ips = sorted(item["fixed_ips"], key=lambda fixed: str(fixed["ip_address"]))
    return [{"subnet": fixed["subnet_id"], "ip_address": fixed["ip_address"]} for fixed in fixed_ips]


def text_of(item: JSON) -> str:
    return undescribed(item.get("description") or "")[0]


def in_order(routes: Iterable[Mapping[str, Any]] | None) -> list[JSON]:
    return sorted((dict(route) for route in routes or ()), key=lambda route: json.dumps(route, sort_keys=True))


def key_of(rule: JSON) -> str:
    """Short, and the same for rules that allow the same."""
    return hashlib.sha256(json.dumps(identity(rule)).encode()).hexdigest()[:32]


def rule_in_words(rule: JSON) -> str:
    """E.g. "ingress IPv4 tcp 22-22"."""
    low, high = rule["port_range_min"], rule["port_range_max"]
    ports = "" if low is None and high is None else f"{low}-{high}"
    return " ".join(filter(None, (rule["direction"], rule["ethertype"], rule["protocol"] or "any", ports)))


# what it means ----------------------------------------------------------------------------------------------------

REFERENCES = ("network", "subnet", "router", "group", "remote_group_id")
UNCOMPARED = ("is_external", "is_default")


def meaning(shape: Shape) -> dict[str, list[tuple[str, JSON]]]:
    """{kind: [(name, what it is)]}, ids replaced by names and addresses, sorted: independent of the cloud."""
    labels = {part.id: label_of(part) for parts in shape.parts.values() for part in parts}
    told: dict[str, list[tuple[str, JSON]]] = {}
    for kind, parts in shape.parts.items():
        rows = [(part.name, spelled(part.values, labels)) for part in parts]
        told[kind] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    return told


def label_of(part: Part) -> str:
    return str(part.values["cidr"]) if part.kind == Kind.SUBNET else part.name


def spelled(values: JSON, labels: Mapping[str, str]) -> JSON:
    told = {name: value for name, value in values.items() if name not in UNCOMPARED}
    for name in REFERENCES:
        if told.get(name):
            told[name] = labels.get(told[name], "elsewhere")
    if "security_groups" in told:
        told["security_groups"] = sorted(labels.get(group, "elsewhere") for group in told["security_groups"])
    if "fixed_ips" in told:
        told["fixed_ips"] = sorted(
            [labels.get(fixed["subnet"], "elsewhere"), fixed["ip_address"]] for fixed in told["fixed_ips"]
        )
    return told
