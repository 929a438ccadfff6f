"""Routers: made, connected inside and outside, given routes, removed."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of, grant
from tests.openstack.orders import build_instance
from tests.openstack.wiring import (
    PATHS,
    delete,
    done,
    gone,
    in_cloud,
    link,
    make_network,
    make_router,
    make_subnet,
    patch,
    post,
    shown,
    state_of,
    url_of,
)
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import ExternalNetwork, Network, NetworkRBACPolicy, Port, Router, SubNet, Tenant


@pytest.fixture
def router(cast: Cast, tenant: Tenant) -> Router:
    """Connected to nothing."""
    return make_router(cast, tenant)


@pytest.fixture
def subnet(cast: Cast, tenant: Tenant) -> SubNet:
    """Connected to no router."""
    return make_subnet(cast, make_network(cast, tenant), cidr="10.1.0.0/24", skip_router_connection=True)


def external(tenant: Tenant) -> ExternalNetwork:
    return ExternalNetwork.objects.get(settings=tenant.service_settings)


def test_a_router_is_made_renamed_and_removed(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    before = twin.objects()
    answer = client_of(cast.admin).post(PATHS[Router], {"name": "way", "tenant": link(tenant)})
    assert {"url", "uuid", "name", "tenant", "project", "service_settings"} <= answer.json().keys()
    drain()
    router = Router.objects.get(uuid=answer.json()["uuid"])
    seen = shown(cast, router)
    assert (seen["state"], seen["ports"], seen["has_external_gateway"]) == ("OK", [], False)
    assert (seen["external_network_id"], seen["external_network_uuid"], seen["offering_external_ips"]) == (
        "", None, None,
    )  # fmt: skip
    assert "external_fixed_ips" not in seen
    done(patch(cast, router, {"name": "renamed", "description": "new"}), router, 200)
    found = in_cloud(router)
    assert (found["name"], found["description"].startswith("new [")) == ("renamed", True)
    gone(delete(cast, router), router)
    assert twin.leftovers(before) == {}


@pytest.mark.parametrize(
    ("add", "remove"),
    [("add_interface", "remove_interface"), ("add_router_interface", "remove_router_interface")],
)
def test_a_subnet_is_put_on_a_router_and_taken_off(
    cast: Cast, router: Router, subnet: SubNet, add: str, remove: str
) -> None:
    body = {"subnet": link(subnet)}
    done(post(cast, router, add, body), router)
    subnet.refresh_from_db()
    assert (subnet.is_connected, subnet.router) == (True, router)
    assert router.fixed_ips == [{"ip_address": "10.1.0.1", "subnet_id": subnet.backend_id}]
    (port,) = shown(cast, router)["ports"]
    assert (port["device_owner"], port["subnet_cidr"]) == ("network:router_interface", "10.1.0.0/24")
    assert post(cast, router, add, body).status_code == 409
    answer = delete(cast, router)
    assert (answer.status_code, "sub" in answer.json()["detail"]) == (409, True)
    done(post(cast, router, remove, body), router)
    subnet.refresh_from_db()
    assert (subnet.is_connected, router.fixed_ips, Port.objects.filter(subnet=subnet).count()) == (False, [], 0)
    assert post(cast, router, remove, body).status_code == 400
    names = ("openstack_router_interface_added", "openstack_router_interface_removed")
    assert [Event.objects.filter(event_type=name).count() for name in names] == [1, 1]


def test_a_port_of_the_tenant_becomes_an_interface(cast: Cast, router: Router, subnet: SubNet) -> None:
    cloud = Cloud.of(router.service_settings).in_project(router.tenant.backend_id).network
    made = cloud.create("port", network_id=subnet.network.backend_id)
    port = Port.objects.create(
        tenant=router.tenant, network=subnet.network, subnet=subnet, backend_id=made["id"], state=CoreState.OK
    )
    done(post(cast, router, "add_router_interface", {"port": port.uuid.hex}), router)
    port.refresh_from_db()
    assert (port.device_id, port.device_owner) == (router.backend_id, "network:router_interface")
    assert router.fixed_ips == made["fixed_ips"]
    assert post(cast, router, "add_interface", {"port": port.uuid.hex}).status_code == 409
    done(post(cast, router, "remove_router_interface", {"port": port.uuid.hex}), router)
    assert not Port.objects.filter(pk=port.pk).exists()
    assert cloud.show("port", made["id"]) is None


def test_exactly_one_own_subnet_or_port_is_named(cast: Cast, router: Router, subnet: SubNet) -> None:
    tenant = router.tenant
    other = Tenant.objects.create(name="other", project=tenant.project, service_settings=tenant.service_settings)
    network = Network.objects.create(tenant=other, name="theirs", state=CoreState.OK)
    theirs = SubNet.objects.create(tenant=other, network=network, cidr="10.9.0.0/24", state=CoreState.OK)
    port = Port.objects.create(tenant=other, network=network, state=CoreState.OK)
    closed = make_subnet(cast, subnet.network, cidr="10.3.0.0/24", disable_gateway=True)
    before = state_of(tenant)
    for body, field in (
        ({}, "non_field_errors"),
        ({"subnet": None, "port": None}, "non_field_errors"),
        ({"subnet": theirs.uuid.hex}, "subnet"),
        ({"port": port.uuid.hex}, "port"),
        ({"subnet": "nowhere"}, "subnet"),
        ({"subnet": closed.uuid.hex}, "subnet"),
    ):
        answer = post(cast, router, "add_router_interface", body)
        assert (answer.status_code, list(answer.json())) == (400, [field]), (body, answer.content)
    assert post(cast, router, "remove_interface", {"subnet": subnet.uuid.hex}).status_code == 400
    assert state_of(tenant) == before


@pytest.mark.parametrize("action", ["set_gateway", "set_external_gateway"])
def test_a_router_goes_out_and_the_tenant_with_it(cast: Cast, tenant: Tenant, router: Router, action: str) -> None:
    own, network = tenant.routers.exclude(pk=router.pk).get(), external(tenant)
    assert tenant.external_network_id == network.backend_id
    done(post(cast, own, "remove_external_gateway"), own)
    tenant.refresh_from_db()
    assert (tenant.external_network_id, in_cloud(own)["external_gateway_info"]) == ("", None)
    assert post(cast, own, "remove_external_gateway").status_code == 409
    body = {"external_network_id": network.backend_id}
    if action == "set_gateway":
        body = {"external_network": f"http://testserver/api/openstack-external-networks/{network.uuid.hex}/"}
    done(post(cast, router, action, body), router)
    tenant.refresh_from_db()
    assert tenant.external_network_id == network.backend_id
    seen = shown(cast, router)
    assert (seen["external_network_id"], seen["external_network_uuid"]) == (network.backend_id, network.uuid.hex)
    assert (seen["external_network_name"], seen["has_external_gateway"], seen["enable_snat"]) == (
        "external", True, True,
    )  # fmt: skip
    assert seen["external_fixed_ips"] == in_cloud(router)["external_gateway_info"]["external_fixed_ips"]
    seen = shown(cast, tenant)
    assert (seen["external_network_ref_uuid"], seen["external_network_ref_name"]) == (network.uuid.hex, "external")
    gone(delete(cast, router), router)
    assert {"external_network_ref_uuid"} & shown(cast, tenant).keys() == set()


def test_translation_and_fixed_addresses_are_the_providers_to_decide(cast: Cast, tenant: Tenant) -> None:
    router, network = tenant.routers.get(), external(tenant)
    subnet = network.subnets.get()
    address = subnet.allocation_pools[0]["end"]
    choice: dict[str, Any] = {
        "external_network_id": network.backend_id,
        "enable_snat": False,
        "external_fixed_ips": [{"ip_address": address, "subnet_id": subnet.backend_id}],
    }
    before = state_of(tenant)
    for name in ("enable_snat", "external_fixed_ips"):
        body = {"external_network_id": network.backend_id, name: choice[name]}
        assert post(cast, router, "set_external_gateway", body).status_code == 403
    assert state_of(tenant) == before
    grant(cast.admin, RoleName.CUSTOMER_OWNER, tenant.service_settings.customer)
    done(post(cast, router, "set_external_gateway", choice), router)
    assert (router.enable_snat, router.external_fixed_ips) == (False, choice["external_fixed_ips"])
    assert in_cloud(router)["external_gateway_info"]["enable_snat"] is False
    answer = client_of(cast.member).get(url_of(router, "effective_routes"))
    assert (answer.json()["snat"], answer.json()["has_external_gateway"]) == (False, True)


def test_a_gateway_that_cannot_be_is_refused(cast: Cast, tenant: Tenant) -> None:
    router, network = tenant.routers.get(), external(tenant)
    hidden = ExternalNetwork.objects.create(
        settings=tenant.service_settings, backend_id="hidden", name="hidden", is_public=False
    )
    before = state_of(tenant)
    for body, field in (
        ({}, "external_network_id"),
        ({"external_network_id": "nowhere"}, "external_network_id"),
        ({"external_network_id": tenant.internal_network_id}, "external_network_id"),
        ({"external_network_id": hidden.backend_id}, "external_network_id"),
        ({"external_network": hidden.uuid.hex}, "external_network"),
        ({"external_network_id": network.backend_id, "external_network": network.uuid.hex}, "external_network_id"),
        ({"external_network_id": network.backend_id, "enable_snat": "perhaps"}, "enable_snat"),
        (
            {"external_network_id": network.backend_id, "external_fixed_ips": [{"ip_address": "8.8.8.8"}]},
            "external_fixed_ips",
        ),
        (
            {"external_network_id": network.backend_id, "external_fixed_ips": [{"ip_address": "x"}]},
            "external_fixed_ips",
        ),
    ):
        answer = client_of(cast.staff).post(url_of(router, "set_gateway"), body, format="json")
        assert (answer.status_code, list(answer.json())) == (400, [field]), (body, answer.content)
    assert state_of(tenant) == before


def test_floating_ips_hold_the_gateway(cast: Cast, tenant: Tenant) -> None:
    build_instance(tenant, cast.owner)
    router = tenant.routers.get()
    other = ExternalNetwork.objects.create(settings=tenant.service_settings, backend_id="other", name="other")
    before = state_of(tenant)
    assert post(cast, router, "remove_external_gateway").status_code == 409
    assert post(cast, router, "set_gateway", {"external_network_id": other.backend_id}).status_code == 409
    assert state_of(tenant) == before


def test_routes_replace_each_other_and_show_in_the_effective_ones(cast: Cast, tenant: Tenant) -> None:
    router, subnet = tenant.routers.get(), tenant.subnets.get()
    routes = [{"destination": "10.9.0.0/16", "nexthop": "192.168.42.5"}]
    done(post(cast, router, "set_routes", {"routes": routes}), router)
    assert (in_cloud(router)["routes"], shown(cast, router)["routes"]) == (routes, routes)
    found = client_of(cast.member).get(url_of(router, "effective_routes")).json()
    assert (found["snat"], found["has_external_gateway"]) == (True, True)
    connected, static, default = found["routes"]
    assert (connected["source"], connected["destination"], connected["nexthop"]) == (
        "connected", "192.168.42.0/24", None,
    )  # fmt: skip
    assert (connected["subnet_uuid"], connected["ip_on_router"]) == (subnet.uuid.hex, "192.168.42.1")
    assert (static["source"], static["nexthop"]) == ("static", "192.168.42.5")
    assert (default["source"], default["destination"]) == ("default", "0.0.0.0/0")
    assert default["nexthop"] == external(tenant).subnets.get().gateway_ip
    assert post(cast, subnet, "disconnect").status_code == 409
    Router.objects.update(state=CoreState.ERRED)
    router.refresh_from_db()
    done(post(cast, router, "set_routes", {"routes": []}), router)
    assert in_cloud(router)["routes"] == []


def test_routes_that_lead_nowhere_are_refused(cast: Cast, tenant: Tenant) -> None:
    router, before = tenant.routers.get(), state_of(tenant)
    good = {"destination": "10.9.0.0/16", "nexthop": "192.168.42.5"}
    for body in (
        {},
        {"routes": "all"},
        {"routes": [{"destination": "10.9.0.0/16", "nexthop": "192.168.42.1"}]},
        {"routes": [{"destination": "10.9.0.0/16", "nexthop": "10.8.0.1"}]},
        {"routes": [{"destination": "10.9.0.0/16", "nexthop": "fd00::1"}]},
        {"routes": [{"destination": "10.9.0.1/16", "nexthop": "192.168.42.5"}]},
        {"routes": [good, good]},
        {"routes": [{**good, "destination": f"10.9.{number}.0/24"} for number in range(31)]},
    ):
        answer = post(cast, router, "set_routes", body)
        assert (answer.status_code, list(answer.json())) == (400, ["routes"]), (body, answer.content)
    assert state_of(tenant) == before


def test_the_external_networks_of_a_router_are_those_of_the_cloud_and_those_shared_with_the_tenant(
    cast: Cast, tenant: Tenant
) -> None:
    other = Tenant.objects.create(name="other", project=tenant.project, service_settings=tenant.service_settings)
    theirs = Network.objects.create(tenant=other, name="theirs", backend_id="theirs", state=CoreState.OK)
    SubNet.objects.create(tenant=other, network=theirs, name="block", backend_id="block", cidr="10.9.0.0/24")
    NetworkRBACPolicy.objects.create(
        tenant=other, network=theirs, target_tenant=tenant, policy_type="access_as_external", state=CoreState.OK
    )
    found = client_of(cast.member).get(url_of(tenant.routers.get(), "available_external_networks")).json()
    assert [(item["name"], item["source"], len(item["subnets"])) for item in found] == [
        ("external", "global", 1),
        ("theirs", "rbac", 1),
    ]
    assert found[1]["subnets"] == [{"backend_id": "block", "name": "block", "cidr": "10.9.0.0/24"}]


def test_a_list_of_routers_costs_the_same_for_many(
    cast: Cast, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        Router.objects.create(tenant=tenant, name=str(number), backend_id=str(number), state=CoreState.OK)
        Port.objects.create(tenant=tenant, device_owner="network:router_interface", device_id=str(number))
    client = client_of(cast.member)
    client.get(PATHS[Router])
    with django_assert_max_num_queries(9):
        rows = client.get(PATHS[Router]).json()
    assert [len(row["ports"]) for row in rows] == [1] * 6


def test_only_those_who_manage_the_tenant_and_only_when_it_is_ok(cast: Cast, tenant: Tenant) -> None:
    router = tenant.routers.get()
    actions = (
        "add_interface", "add_router_interface", "remove_interface", "remove_router_interface", "set_gateway",
        "set_external_gateway", "remove_external_gateway", "set_routes",
    )  # fmt: skip
    calls: list[tuple[str, str, Any]] = [("post", url_of(router, action), {}) for action in actions]
    calls += [("patch", url_of(router), {"name": "n"}), ("delete", url_of(router), {})]
    calls += [("post", PATHS[Router], {"name": "n", "tenant": link(tenant)})]
    before = state_of(tenant)
    for method, path, body in calls:
        assert getattr(client_of(cast.member), method)(path, body).status_code == 403
        assert getattr(client_of(cast.stranger), method)(path, body).status_code in (400, 404)
    Tenant.objects.update(state=CoreState.UPDATING)
    for method, path, body in calls:
        assert getattr(client_of(cast.admin), method)(path, body).status_code == 409, path
    assert state_of(tenant) == before
