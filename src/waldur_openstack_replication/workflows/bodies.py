"""What Neutron is told of each item. A reference to what could not be made raises MissingPart."""

from collections.abc import Callable
from typing import Any

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import described
from waldur_openstack_replication.models import MigrationItem
from waldur_openstack_replication.shape import RULE
from waldur_openstack_replication.workflows.context import MigrationContext

Kind = MigrationItem.Kind


class MissingPart(Exception):
    """Something that the item stands on does not exist; the text is for the report."""


def reference(context: MigrationContext, source_id: str, what: str) -> str:
    try:
        return context.backend_ids[source_id]
    except KeyError:
        raise MissingPart(f"Its {what} could not be made.") from None


def network(context: MigrationContext, item: MigrationItem) -> JSON:
    body: JSON = {"name": item.name, "description": described(item)}
    if item.wanted.get("mtu"):
        body["mtu"] = item.wanted["mtu"]
    if not item.wanted["port_security_enabled"]:
        body["port_security_enabled"] = False
    return body


def subnet(context: MigrationContext, item: MigrationItem) -> JSON:
    names = ("cidr", "ip_version", "enable_dhcp", "dns_nameservers", "host_routes", "gateway_ip", "allocation_pools")
    body = {name: item.wanted[name] for name in names}
    body |= {name: item.wanted[name] for name in ("ipv6_ra_mode", "ipv6_address_mode") if item.wanted.get(name)}
    body["network_id"] = reference(context, item.wanted["network"], "network")
    return {"name": item.name, "description": described(item), **body}


def router(context: MigrationContext, item: MigrationItem) -> JSON:
    body: JSON = {"name": item.name, "description": described(item)}
    if item.wanted["has_gateway"]:
        gateway: JSON = {"network_id": context.external_network_id}
        if not item.wanted["enable_snat"]:
            gateway["enable_snat"] = False
        body["external_gateway_info"] = gateway
    return body


def security_group(context: MigrationContext, item: MigrationItem) -> JSON:
    return {"name": item.name, "description": described(item)}


def rule(context: MigrationContext, item: MigrationItem) -> JSON:
    body = {name: item.wanted[name] for name in RULE}
    if body["remote_group_id"]:
        body["remote_group_id"] = reference(context, body["remote_group_id"], "remote group")
    group = reference(context, item.wanted["group"], "security group")
    return {**body, "security_group_id": group, "description": item.description}


def port(context: MigrationContext, item: MigrationItem) -> JSON:
    wanted = item.wanted
    body: JSON = {
        "name": item.name,
        "description": described(item),
        "network_id": reference(context, wanted["network"], "network"),
        "mac_address": wanted["mac_address"],
        "fixed_ips": [fixed_ip(context, fixed) for fixed in wanted["fixed_ips"]],
        "port_security_enabled": wanted["port_security_enabled"],
        "allowed_address_pairs": wanted["allowed_address_pairs"],
    }
    if wanted["port_security_enabled"]:
        groups = [context.backend_ids[group] for group in wanted["security_groups"] if group in context.backend_ids]
        body["security_groups"] = groups
    return body


def fixed_ip(context: MigrationContext, fixed: JSON) -> JSON:
    """Where addresses follow from the MAC address Neutron takes no other, and gives the same."""
    subnet_id = reference(context, fixed["subnet"], "subnet")
    automatic = fixed["subnet"] in context.automatic_subnets
    return {"subnet_id": subnet_id} if automatic else {"subnet_id": subnet_id, "ip_address": fixed["ip_address"]}


BODIES: dict[str, Callable[[MigrationContext, MigrationItem], Any]] = {
    Kind.NETWORK: network,
    Kind.SUBNET: subnet,
    Kind.ROUTER: router,
    Kind.SECURITY_GROUP: security_group,
    Kind.SECURITY_GROUP_RULE: rule,
    Kind.PORT: port,
}
