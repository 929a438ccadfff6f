"""Neutron's objects: their columns, and how they are pulled."""

from collections.abc import Callable
from typing import Any

from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import FloatingIP, Instance, Network, Port, Router, SubNet
from waldur_openstack.sync.interfaces import ends_of_port, follow_ports
from waldur_openstack.sync.kinds import (
    Columns,
    Everywhere,
    Kind,
    Relation,
    mark_in_description,
    named_and_described,
    only_described,
)
from waldur_openstack.sync.parts import Links


def network_columns(found: JSON) -> Columns:
    return {
        "is_external": found.get("router:external", False),
        "type": found.get("provider:network_type") or "",
        "segmentation_id": found.get("provider:segmentation_id"),
        "mtu": found.get("mtu"),
        "port_security_enabled": found.get("port_security_enabled", True),
    }


def subnet_columns(found: JSON) -> Columns:
    return {
        "cidr": found["cidr"],
        "gateway_ip": found["gateway_ip"],
        "disable_gateway": found["gateway_ip"] is None,
        "allocation_pools": found["allocation_pools"],
        "ip_version": found["ip_version"],
        "ipv6_ra_mode": found.get("ipv6_ra_mode"),
        "ipv6_address_mode": found.get("ipv6_address_mode"),
        "enable_dhcp": found["enable_dhcp"],
        "dns_nameservers": found["dns_nameservers"],
        "host_routes": found["host_routes"],
    }


def router_columns(found: JSON) -> Columns:
    gateway = found.get("external_gateway_info") or {}
    return {
        "external_network_id": gateway.get("network_id", ""),
        "enable_snat": gateway.get("enable_snat"),
        "external_fixed_ips": gateway.get("external_fixed_ips", []),
        "routes": found.get("routes", []),
    }


def port_columns(found: JSON) -> Columns:
    return {
        "mac_address": found["mac_address"],
        "fixed_ips": found["fixed_ips"],
        "allowed_address_pairs": found.get("allowed_address_pairs", []),
        "port_security_enabled": found.get("port_security_enabled", True),
        "device_id": found["device_id"],
        "device_owner": found["device_owner"],
        "admin_state_up": found["admin_state_up"],
        "status": found["status"],
    }


def floating_ip_columns(found: JSON) -> Columns:
    return {
        "address": found["floating_ip_address"],
        "name": found["floating_ip_address"],
        "backend_network_id": found["floating_network_id"],
        "runtime_state": found["status"],
    }


def listed(kind: str) -> Callable[[Cloud, str], list[JSON]]:
    """All of one project; `kind` is Neutron's word in the singular."""
    return lambda cloud, project: cloud.network.list(kind, project_id=project)


def shown(kind: str) -> Callable[[Cloud, str], JSON | None]:
    return lambda cloud, object_id: cloud.network.show(kind, object_id)


def everywhere(kind: str, fields: str) -> Everywhere:
    """All of the whole cloud; of each only these fields, and what every kind needs.

    Neutron knows when its objects have changed, but as it comes it takes no filter or order by that (400: invalid
    attribute for filtering). A listing of everything takes no more calls than one of the ids.
    """
    wanted = ("id", "project_id", "description", *fields.split())
    return Everywhere(service="network", pages=lambda cloud: cloud.network.pages_of(kind, fields=wanted))


def trouble(found: JSON) -> str:
    return "The cloud reports its state as ERROR." if found.get("status") == "ERROR" else ""


def first_subnet(port: JSON) -> str | None:
    return next((address["subnet_id"] for address in port["fixed_ips"]), None)


def neutron(**declared: Any) -> Kind:
    """What all of Neutron's kinds share."""
    return Kind(mark=mark_in_description, is_marked=True, trouble=trouble, **declared)


# what the columns are made of
NETWORK_FIELDS = "name status router:external provider:network_type provider:segmentation_id mtu port_security_enabled"
SUBNET_FIELDS = (
    "name network_id cidr gateway_ip allocation_pools ip_version ipv6_ra_mode ipv6_address_mode enable_dhcp "
    "dns_nameservers host_routes"
)
ROUTER_FIELDS = "name status external_gateway_info routes"
PORT_FIELDS = (
    "name status network_id mac_address fixed_ips allowed_address_pairs port_security_enabled device_id "
    "device_owner admin_state_up security_groups"
)
FLOATING_IP_FIELDS = "status floating_ip_address floating_network_id port_id"

NETWORK = neutron(
    model=Network,
    word="network",
    listing=listed("network"),
    everywhere=everywhere("network", NETWORK_FIELDS),
    show=shown("network"),
    usage=lambda _: {"network_count": 1},
    columns=network_columns,
    compared=named_and_described,
)
SUBNET = neutron(
    model=SubNet,
    word="subnet",
    listing=listed("subnet"),
    everywhere=everywhere("subnet", SUBNET_FIELDS),
    show=shown("subnet"),
    usage=lambda _: quotas.OF_SUBNET,
    columns=subnet_columns,
    compared=named_and_described,
    relations=(Relation(column="network", model=Network, backend_id=lambda found: found["network_id"]),),
)
ROUTER = neutron(
    model=Router,
    word="router",
    listing=listed("router"),
    everywhere=everywhere("router", ROUTER_FIELDS),
    show=shown("router"),
    columns=router_columns,
    compared=named_and_described,
)
PORT = neutron(
    model=Port,
    word="port",
    listing=listed("port"),
    everywhere=everywhere("port", PORT_FIELDS),
    show=shown("port"),
    usage=lambda _: quotas.of_ports(1),
    columns=port_columns,
    compared=named_and_described,
    relations=(
        Relation(column="network", model=Network, backend_id=lambda found: found["network_id"], beyond_tenant=True),
        Relation(column="subnet", model=SubNet, backend_id=first_subnet, beyond_tenant=True),
        Relation(column="instance", model=Instance, backend_id=lambda found: found["device_id"]),
    ),
    parts=(Links(Port, "security_groups", lambda found: found.get("security_groups", ())),),
    ends=ends_of_port,
    afterwards=follow_ports,
)
FLOATING_IP = neutron(
    model=FloatingIP,
    word="floating_ip",
    listing=listed("floatingip"),
    everywhere=everywhere("floatingip", FLOATING_IP_FIELDS),
    show=shown("floatingip"),
    usage=lambda _: quotas.OF_FLOATING_IP,
    columns=floating_ip_columns,
    compared=only_described,
    relations=(Relation(column="port", model=Port, backend_id=lambda found: found["port_id"]),),
)
