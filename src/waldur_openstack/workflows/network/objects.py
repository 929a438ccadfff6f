"""One network, subnet or router in Neutron: made, found again by its mark, removed."""

from typing import Any

from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Network, Router, SubNet
from waldur_openstack.workflows.context import described, save


def create_network(cloud: Cloud, network: Network) -> JSON:
    mtu = {"mtu": network.mtu} if network.mtu else {}
    return cloud.network.create("network", name=network.name, description=described(network), **mtu)


def create_subnet(cloud: Cloud, subnet: SubNet) -> JSON:
    return cloud.network.create("subnet", name=subnet.name, description=described(subnet), **wanted_subnet(subnet))


def wanted_subnet(subnet: SubNet) -> JSON:
    """What is left open is for Neutron to choose: the first address as gateway, all others to be given out."""
    wanted: JSON = {
        "network_id": subnet.network.backend_id,
        "cidr": subnet.cidr,
        "ip_version": subnet.ip_version,
        "enable_dhcp": subnet.enable_dhcp,
        "dns_nameservers": subnet.dns_nameservers,
        "host_routes": subnet.host_routes,
    }
    if subnet.gateway_ip or subnet.disable_gateway:
        wanted["gateway_ip"] = subnet.gateway_ip
    for name in ("allocation_pools", "ipv6_ra_mode", "ipv6_address_mode"):
        if value := getattr(subnet, name):
            wanted[name] = value
    return wanted


def create_router(cloud: Cloud, router: Router) -> JSON:
    return cloud.network.create("router", name=router.name, description=described(router))


def find_own(cloud: Cloud, kind: str, row: Any) -> JSON | None:
    """What carries the row's mark; `kind` is Neutron's word, e.g. `subnet`."""
    return cloud.network.first(kind, description=described(row))


def remove_own(cloud: Cloud, kind: str, row: Any, **fields: Any) -> None:
    """Remove it, also one that was made but not recorded; then the row knows of none, and says `fields`."""
    backend_id = row.backend_id or (find_own(cloud, kind, row) or {}).get("id")
    if backend_id:
        cloud.network.remove(kind, backend_id)
    save(row, backend_id="", **fields)
