"""Blocks of addresses: made, connected, changed, disconnected, removed."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import limit, usages
from tests.openstack.orders import build_instance
from tests.openstack.wiring import (
    PATHS,
    delete,
    done,
    gone,
    in_cloud,
    link,
    made,
    make_network,
    make_subnet,
    patch,
    post,
    shown,
    state_of,
    url_of,
)
from twins.openstack import TwinClient
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Network, Port, Router, SubNet, Tenant


@pytest.fixture
def network(cast: Cast, tenant: Tenant) -> Network:
    return make_network(cast, tenant)


@pytest.mark.parametrize("door", ["network", "own"])
def test_a_subnet_gets_the_next_free_addresses_and_the_router(cast: Cast, network: Network, door: str) -> None:
    tenant, before = network.tenant, usages(network.tenant)
    if door == "network":
        answer = post(cast, network, "create_subnet", {"name": "sub"})
    else:
        answer = client_of(cast.admin).post(PATHS[SubNet], {"name": "sub", "network": link(network)})
    subnet, router = made(answer, SubNet), tenant.routers.get()
    assert (subnet.cidr, subnet.gateway_ip, subnet.is_connected) == ("192.168.43.0/24", "192.168.43.1", True)
    assert in_cloud(subnet)["allocation_pools"] == [{"start": "192.168.43.10", "end": "192.168.43.200"}]
    seen = shown(cast, subnet)
    assert (seen["router"], seen["router_name"], seen["network_name"]) == (link(router), router.name, "net")
    assert (seen["tenant_is_managed"], seen["port_security_enabled"], seen["ip_version"]) == (True, True, 4)
    interface = Port.objects.get(subnet=subnet)
    assert (interface.device_owner, interface.device_id) == ("network:router_interface", router.backend_id)
    assert {"ip_address": "192.168.43.1", "subnet_id": subnet.backend_id} in router.fixed_ips
    assert usages(tenant)["subnet_count"] == before["subnet_count"] + 1


def test_everything_about_a_subnet_can_be_chosen(cast: Cast, network: Network) -> None:
    wanted = {
        "description": "for servers",
        "cidr": "10.1.0.0/16",
        "gateway_ip": "10.1.255.254",
        "allocation_pools": [
            {"start": "10.1.0.10", "end": "10.1.0.20"},
            {"start": "10.1.1.0", "end": "10.1.1.255"},
        ],
        "dns_nameservers": ["10.1.0.2"],
        "host_routes": [{"destination": "10.2.0.0/16", "nexthop": "10.1.0.3"}],
        "enable_dhcp": False,
    }
    subnet = make_subnet(cast, network, skip_router_connection=True, **wanted)
    found = in_cloud(subnet)
    assert found.pop("description").startswith(wanted.pop("description"))
    for name, value in wanted.items():
        assert (found[name], getattr(subnet, name)) == (value, value)
    assert (subnet.is_connected, subnet.router) == (False, None)
    closed = make_subnet(cast, network, disable_gateway=True)
    assert (closed.gateway_ip, closed.disable_gateway, closed.is_connected) == (None, True, False)
    assert in_cloud(closed)["gateway_ip"] is None


def test_servers_can_choose_ipv6_addresses_themselves(cast: Cast, network: Network) -> None:
    modes = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}
    subnet = make_subnet(cast, network, cidr="fd00:1::/64", **modes)
    assert (subnet.ip_version, subnet.is_connected, subnet.gateway_ip) == (6, True, "fd00:1::")
    assert in_cloud(subnet)["ipv6_ra_mode"] == "slaac"
    nested = shown(cast, network)["subnets"][0]
    assert (nested["ipv6_address_mode"], nested["port_security_enabled"]) == ("slaac", True)


def test_the_first_subnet_of_a_tenant_without_router_brings_one(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    first, router = tenant.subnets.get(), tenant.routers.get()
    done(post(cast, first, "disconnect"), first)
    gone(delete(cast, router), router)
    tenant.refresh_from_db()
    assert tenant.external_network_id == ""
    before = twin.objects()
    network = make_network(cast, tenant)
    subnet = make_subnet(cast, network)
    router, external = Router.objects.get(), tenant.service_settings.secret_options["external_network_id"]
    assert (router.name, router.external_network_id, subnet.router) == ("net-router", external, router)
    tenant.refresh_from_db()
    assert tenant.external_network_id == external
    gone(delete(cast, subnet), subnet)
    gone(delete(cast, router), router)
    gone(delete(cast, network), network)
    assert twin.leftovers(before) == {}
    Tenant.objects.update(skip_creation_of_default_router=True)
    network = make_network(cast, tenant)
    assert make_subnet(cast, network).is_connected is False
    assert not Router.objects.exists()


def test_a_failed_connection_takes_subnet_and_new_router_back(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    first, router = tenant.subnets.get(), tenant.routers.get()
    done(post(cast, first, "disconnect"), first)
    gone(delete(cast, router), router)
    network, before = make_network(cast, tenant), twin.objects()
    twin.add_fault(action="status", status=400, method="PUT", path="add_router_interface")
    answer = post(cast, network, "create_subnet", {"name": "sub"})
    drain()
    subnet = SubNet.objects.get(uuid=answer.json()["uuid"])
    assert (subnet.state, subnet.is_connected, bool(subnet.error_message)) == (CoreState.ERRED, False, True)
    assert twin.leftovers(before) == {}
    assert not Router.objects.exists()
    gone(delete(cast, subnet), subnet)


def test_a_subnet_is_disconnected_and_finds_its_router_again(cast: Cast, tenant: Tenant) -> None:
    subnet, router = tenant.subnets.get(), tenant.routers.get()
    assert post(cast, subnet, "connect").status_code == 409
    done(post(cast, subnet, "disconnect"), subnet)
    router.refresh_from_db()
    assert (subnet.is_connected, router.fixed_ips, Port.objects.filter(subnet=subnet).count()) == (False, [], 0)
    assert post(cast, subnet, "disconnect").status_code == 409
    Router.objects.create(tenant=tenant, name="another", state=CoreState.OK)
    done(post(cast, subnet, "connect"), subnet)
    assert (subnet.is_connected, subnet.router) == (True, router)


def test_a_subnet_changes_without_losing_the_rest(cast: Cast, network: Network) -> None:
    routes = [{"destination": "10.2.0.0/16", "nexthop": "10.1.0.3"}]
    subnet = make_subnet(
        cast, network, cidr="10.1.0.0/24", dns_nameservers=["10.1.0.2"], host_routes=routes, description="old"
    )
    done(patch(cast, subnet, {"name": "renamed"}), subnet, 200)
    found = in_cloud(subnet)
    assert (found["name"], found["dns_nameservers"], found["host_routes"]) == ("renamed", ["10.1.0.2"], routes)
    assert (subnet.description, found["gateway_ip"]) == ("old", "10.1.0.1")
    body = {"name": "put", "cidr": "10.1.0.0/24", "dns_nameservers": [], "allocation_pools": [
        {"start": "10.1.0.30", "end": "10.1.0.40"}]}  # fmt: skip
    answer = client_of(cast.admin).put(url_of(subnet), body, format="json")
    done(answer, subnet, 200)
    found = in_cloud(subnet)
    assert (found["dns_nameservers"], found["host_routes"]) == ([], routes)
    assert found["allocation_pools"] == body["allocation_pools"] == subnet.allocation_pools


def test_the_gateway_changes_only_while_no_router_has_it(cast: Cast, network: Network) -> None:
    subnet = make_subnet(cast, network, cidr="10.1.0.0/24")
    before = state_of(network.tenant)
    assert patch(cast, subnet, {"gateway_ip": "10.1.0.254"}).status_code == 409
    assert patch(cast, subnet, {"disable_gateway": True}).status_code == 409
    assert state_of(network.tenant) == before
    done(post(cast, subnet, "disconnect"), subnet)
    done(patch(cast, subnet, {"disable_gateway": True}), subnet, 200)
    assert (in_cloud(subnet)["gateway_ip"], subnet.gateway_ip) == (None, None)
    assert post(cast, subnet, "connect").status_code == 409
    assert patch(cast, subnet, {"disable_gateway": False}).status_code == 400
    done(patch(cast, subnet, {"gateway_ip": "10.1.0.254"}), subnet, 200)
    assert (in_cloud(subnet)["gateway_ip"], subnet.disable_gateway) == ("10.1.0.254", False)


CREATION: list[tuple[dict[str, Any], str]] = [
    ({"cidr": "192.168.42.0/25"}, "cidr"),
    ({"cidr": "192.168.0.0/16"}, "cidr"),
    ({"cidr": "8.8.8.0/24"}, "cidr"),
    ({"cidr": "10.1.0.1/24"}, "cidr"),
    ({"cidr": "10.1.0.0/31"}, "cidr"),
    ({"cidr": "ff00::/64"}, "cidr"),
    ({"cidr": "fd00::/64", "ipv6_ra_mode": "slaac", "ipv6_address_mode": "dhcpv6-stateful"}, "ipv6_address_mode"),
    ({"cidr": "fd00::/80", "ipv6_address_mode": "slaac"}, "cidr"),
    ({"cidr": "10.1.0.0/24", "ipv6_ra_mode": "slaac"}, "ipv6_ra_mode"),
    ({"cidr": "fd00::/64", "ipv6_ra_mode": "slaac", "enable_dhcp": False}, "ipv6_ra_mode"),
    ({"cidr": "10.1.0.0/24", "gateway_ip": "10.1.1.1"}, "gateway_ip"),
    ({"cidr": "10.1.0.0/24", "gateway_ip": "10.1.0.255"}, "gateway_ip"),
    ({"cidr": "10.1.0.0/24", "gateway_ip": "fd00::1"}, "gateway_ip"),
    ({"cidr": "10.1.0.0/24", "gateway_ip": "10.1.0.1", "disable_gateway": True}, "gateway_ip"),
    ({"cidr": "10.1.0.0/24", "allocation_pools": [{"start": "10.1.0.9", "end": "10.1.0.3"}]}, "allocation_pools"),
    ({"cidr": "10.1.0.0/24", "allocation_pools": [{"start": "10.1.0.9", "end": "10.1.1.3"}]}, "allocation_pools"),
    ({"cidr": "10.1.0.0/24", "allocation_pools": [{"start": "10.1.0.9"}]}, "allocation_pools"),
    (
        {
            "cidr": "10.1.0.0/24",
            "allocation_pools": [
                {"start": "10.1.0.9", "end": "10.1.0.20"},
                {"start": "10.1.0.20", "end": "10.1.0.30"},
            ],
        },
        "allocation_pools",
    ),
    (
        {
            "cidr": "10.1.0.0/24",
            "gateway_ip": "10.1.0.9",
            "allocation_pools": [{"start": "10.1.0.2", "end": "10.1.0.20"}],
        },
        "allocation_pools",
    ),
    ({"dns_nameservers": ["name"]}, "dns_nameservers"),
    ({"host_routes": [{"destination": "10.2.0.0/16", "nexthop": "fd00::1"}]}, "host_routes"),
    ({"host_routes": [{"destination": "anywhere", "nexthop": "10.1.0.1"}]}, "host_routes"),
    ({"name": ""}, "name"),
    ({"router": "0" * 32}, "router"),
]


def test_bad_input_is_refused_with_the_field_named(cast: Cast, network: Network) -> None:
    before = state_of(network.tenant)
    for extra, field in CREATION:
        answer = post(cast, network, "create_subnet", {"name": "sub", **extra})
        assert (answer.status_code, list(answer.json())) == (400, [field]), (extra, answer.content)
    bodies: list[dict[str, str]] = [{}, {"network": "0" * 32}, {"network": "http://testserver/api/openstack-routers/"}]
    for body in bodies:
        answer = client_of(cast.admin).post(PATHS[SubNet], {"name": "sub", **body})
        assert (answer.status_code, list(answer.json())) == (400, ["network"])
    assert state_of(network.tenant) == before


def test_bad_changes_are_refused_with_the_field_named(cast: Cast, network: Network) -> None:
    subnet = make_subnet(cast, network, cidr="10.1.0.0/24", skip_router_connection=True)
    before = state_of(network.tenant)
    for body, field in (
        ({"cidr": "10.2.0.0/24"}, "cidr"),
        ({"gateway_ip": "10.2.0.1"}, "gateway_ip"),
        ({"gateway_ip": "10.1.0.15"}, "allocation_pools"),
        ({"gateway_ip": "10.1.0.5", "disable_gateway": True}, "gateway_ip"),
        ({"allocation_pools": [{"start": "10.1.0.1", "end": "10.1.0.3"}]}, "allocation_pools"),
        ({"name": ""}, "name"),
    ):
        answer = patch(cast, subnet, body)
        assert (answer.status_code, list(answer.json())) == (400, [field]), (body, answer.content)
    assert state_of(network.tenant) == before


def test_what_belongs_to_another_tenant_is_not_there(cast: Cast, network: Network) -> None:
    tenant = network.tenant
    other = Tenant.objects.create(name="other", project=tenant.project, service_settings=tenant.service_settings)
    foreign = Router.objects.create(tenant=other, name="theirs", state=CoreState.OK)
    before = state_of(tenant)
    for router in (foreign.uuid.hex, link(foreign)):
        answer = post(cast, network, "create_subnet", {"name": "sub", "router": router})
        assert (answer.status_code, list(answer.json())) == (400, ["router"])
    Router.objects.filter(tenant=tenant).update(state=CoreState.ERRED)
    assert post(cast, network, "create_subnet", {"name": "sub"}).status_code == 409
    Router.objects.filter(tenant=tenant).update(state=CoreState.OK)
    assert state_of(tenant)[0] == before[0]
    assert tenant.subnets.count() == 1


def test_the_quota_holds(cast: Cast, network: Network) -> None:
    limit(network.tenant, subnet_count=usages(network.tenant)["subnet_count"])
    before = state_of(network.tenant)
    assert post(cast, network, "create_subnet", {"name": "sub"}).status_code == 400
    assert state_of(network.tenant) == before


def test_a_subnet_in_use_stays_where_it_is(cast: Cast, tenant: Tenant) -> None:
    subnet, router = tenant.subnets.get(), tenant.routers.get()
    build_instance(tenant, cast.owner)
    before = state_of(tenant)
    assert delete(cast, subnet).status_code == 409
    assert post(cast, subnet, "disconnect").status_code == 409
    body = {"subnet": link(subnet)}
    assert post(cast, router, "remove_router_interface", body).status_code == 409
    assert post(cast, router, "remove_external_gateway").status_code == 409
    assert delete(cast, router).status_code == 409
    assert state_of(tenant) == before


def test_only_those_who_manage_the_tenant(cast: Cast, tenant: Tenant) -> None:
    subnet = tenant.subnets.get()
    calls = [
        ("post", PATHS[SubNet], {"name": "n", "network": link(subnet.network)}),
        ("patch", url_of(subnet), {"name": "n"}),
        ("put", url_of(subnet), {"name": "n"}),
        ("post", url_of(subnet, "connect"), {}),
        ("post", url_of(subnet, "disconnect"), {}),
        ("delete", url_of(subnet), {}),
    ]
    before = state_of(tenant)
    for method, path, body in calls:
        assert getattr(client_of(cast.member), method)(path, body).status_code == 403
        assert getattr(client_of(cast.stranger), method)(path, body).status_code in (400, 404)
    Tenant.objects.update(state=CoreState.UPDATING)
    for method, path, body in calls:
        assert getattr(client_of(cast.admin), method)(path, body).status_code == 409, path
    assert state_of(tenant) == before
