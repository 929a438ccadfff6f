"""Networks, subnets and routers of a tenant over HTTP and through the engine, on both clouds."""

from contextlib import ExitStack

import pytest

from tests.contract.stage import Site, unique
from tests.contract.test_workflows import Inventory, connect, inventory, remove_tenant, run
from tests.factories import Cast
from tests.openstack.orders import build_tenant
from tests.openstack.wiring import delete, done, gone, in_cloud, make_network, make_router, make_subnet, patch, post
from waldur_openstack.cloud.network import COLLECTIONS
from waldur_openstack.models import ExternalNetwork
from waldur_openstack.workflows.connection import CheckConnection


def wires(site: Site) -> Inventory:
    return {(kind, key) for kind, key in inventory(site) if kind in COLLECTIONS}


@pytest.mark.slow
def test_a_tenant_is_wired_and_unwired(db: None, site: Site, cast: Cast, later: ExitStack) -> None:
    service = connect(site)
    run(CheckConnection, service, cast)
    external = ExternalNetwork.objects.get(settings=service, backend_id=site.external_network_id)
    assert external.is_public and external.subnets.exists()
    tenant = build_tenant(service, cast.project, cast.owner, name=unique("tenant"))
    later.callback(remove_tenant, site, tenant)
    first = tenant.routers.get()
    before = wires(site)

    network = make_network(cast, tenant, name=unique("net"), mtu=1400)
    done(post(cast, network, "set_mtu", {"mtu": 1300}), network)
    assert in_cloud(network)["mtu"] == 1300
    subnet = make_subnet(cast, network, name=unique("sub"), host_routes=[
        {"destination": "10.8.0.0/16", "nexthop": "192.168.43.9"}])  # fmt: skip
    assert (subnet.router, subnet.gateway_ip) == (first, "192.168.43.1")
    done(patch(cast, subnet, {"dns_nameservers": ["10.0.0.2"]}), subnet, 200)
    found = in_cloud(subnet)
    assert (found["dns_nameservers"], len(found["host_routes"])) == (["10.0.0.2"], 1)
    done(post(cast, subnet, "disconnect"), subnet)
    done(patch(cast, subnet, {"gateway_ip": "192.168.43.254"}), subnet, 200)

    router = make_router(cast, tenant, name=unique("router"))
    done(post(cast, router, "add_router_interface", {"subnet": subnet.uuid.hex}), router)
    assert [fixed["ip_address"] for fixed in router.fixed_ips] == ["192.168.43.254"]
    done(post(cast, router, "set_external_gateway", {"external_network_id": external.backend_id}), router)
    assert (router.external_network_id, len(router.external_fixed_ips)) == (external.backend_id, 1)
    routes = [{"destination": "10.9.0.0/16", "nexthop": "192.168.43.20"}]
    done(post(cast, router, "set_routes", {"routes": routes}), router)
    assert in_cloud(router)["routes"] == routes
    done(post(cast, router, "set_routes", {"routes": []}), router)
    done(post(cast, router, "remove_external_gateway"), router)
    done(post(cast, router, "remove_router_interface", {"subnet": subnet.uuid.hex}), router)

    six = make_subnet(cast, network, name=unique("six"), cidr="fd00:42::/64", ipv6_ra_mode="slaac",
                      ipv6_address_mode="slaac", router=router.uuid.hex)  # fmt: skip
    assert (six.is_connected, six.router) == (True, router)
    gone(delete(cast, six), six)
    gone(delete(cast, router), router)
    gone(delete(cast, network), network)
    assert wires(site) == before
