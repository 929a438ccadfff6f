"""Neutron's objects as columns, without names and descriptions: what a row is called is the user's word."""

from typing import Any

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.translation import external_address

Columns = dict[str, Any]


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


def floating_ip_columns(found: JSON, settings: ServiceSettings) -> Columns:
    return {
        "address": found["floating_ip_address"],
        "external_address": external_address(settings, found["floating_ip_address"]),
        "name": found["floating_ip_address"],
        "backend_network_id": found["floating_network_id"],
        "runtime_state": found["status"],
    }
