"""The rows of the network that a new tenant gets."""

from ipaddress import ip_network

from waldur_openstack.api.network.addresses import default_pools
from waldur_openstack.models import Network, Router, SubNet, Tenant


def default_mtu(tenant: Tenant) -> int | None:
    """What the provider has chosen for networks that do not choose; None leaves it to the cloud."""
    return tenant.service_settings.options.get("default_internal_network_mtu")


def default_name_servers(tenant: Tenant) -> list[str]:
    return tenant.service_settings.options.get("dns_nameservers", [])


def make_first_network(tenant: Tenant, slug: str, cidr: str) -> None:
    """`<slug>-int-net`, `<slug>-sub-net` and the router `<network>-router`."""
    network = Network.objects.create(tenant=tenant, name=f"{slug}-int-net", mtu=default_mtu(tenant))
    if tenant.skip_creation_of_default_subnet:
        return
    SubNet.objects.create(
        tenant=tenant,
        network=network,
        name=f"{slug}-sub-net",
        cidr=cidr,
        allocation_pools=default_pools(ip_network(cidr), None),
        dns_nameservers=default_name_servers(tenant),
    )
    if not tenant.skip_creation_of_default_router:
        Router.objects.create(tenant=tenant, name=f"{network.name}-router")
