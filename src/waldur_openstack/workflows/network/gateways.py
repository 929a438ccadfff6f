"""The way out of a router: its gateway to an external network."""

from typing import Any

from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Router, Tenant
from waldur_openstack.sync.network import router_columns
from waldur_openstack.workflows.context import save


def set_gateway(cloud: Cloud, router: Router, network_id: str, **details: Any) -> JSON:
    """`details`: enable_snat, external_fixed_ips; what is not named is the cloud's choice."""
    gateway = {"network_id": network_id, **details}
    return cloud.network.update("router", router.backend_id, external_gateway_info=gateway)


def clear_gateway(cloud: Cloud, router: Router) -> JSON:
    return cloud.network.update("router", router.backend_id, external_gateway_info=None)


def record_gateway(router: Router, found: JSON) -> None:
    save(router, **router_columns(found))
    follow_gateway(router.tenant)


def follow_gateway(tenant: Tenant) -> None:
    """A tenant goes out by the network of its first router that has a gateway."""
    routers = tenant.routers.exclude(external_network_id="").order_by("pk")
    network_id = routers.values_list("external_network_id", flat=True).first() or ""
    if tenant.external_network_id != network_id:
        save(tenant, external_network_id=network_id)
