"""Public addresses: taken, attached, detached, described and given back."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import build_instance, operation_of
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import FloatingIP, Port, Router, Tenant

ADDRESSES = "/api/openstack-floating-ips/"


def used(tenant: Tenant) -> int:
    return int(counters.quotas_of(tenant).get(name="floating_ip_count").usage)


def state_of(tenant: Tenant) -> tuple[Any, ...]:
    """What a refused request must not change."""
    rows = list(tenant.floatingips.order_by("pk").values_list("address", "description", "port", "state"))
    return used(tenant), rows, Operation.objects.count()


def door(tenant: Tenant, name: str = "tenant") -> tuple[str, dict[str, Any]]:
    """One of the two ways to the same room."""
    url = f"http://testserver/api/openstack-tenants/{tenant.uuid.hex}/"
    return (f"{url}create_floating_ip/", {}) if name == "tenant" else (ADDRESSES, {"tenant": url})


def take(cast: Cast, tenant: Tenant) -> FloatingIP:
    path, body = door(tenant)
    answer = client_of(cast.admin).post(path, body)
    assert answer.status_code == 200, answer.content
    drain()
    address = FloatingIP.objects.get(uuid=answer.json()["uuid"])
    assert address.state == CoreState.OK, address.error_message
    return address


def act(cast: Cast, address: FloatingIP, action: str, **body: Any) -> Any:
    return client_of(cast.admin).post(f"{ADDRESSES}{address.uuid.hex}/{action}/", body)


def in_cloud(address: FloatingIP) -> Any:
    return Cloud.of(address.service_settings).network.show("floatingip", address.backend_id)


@pytest.fixture
def port(cast: Cast, tenant: Tenant) -> Port:
    """Of a server without a public address."""
    port = build_instance(tenant, cast.owner, floating_ips=[]).ports.get()
    assert isinstance(port, Port)
    return port


@pytest.mark.parametrize(("name", "status"), [("tenant", 200), ("own", 201)])
def test_a_new_address_comes_from_the_external_network(cast: Cast, tenant: Tenant, name: str, status: int) -> None:
    before = used(tenant)
    path, body = door(tenant, name)
    answer = client_of(cast.admin).post(path, body)
    assert (answer.status_code, answer.json()["state"]) == (status, "CREATION_SCHEDULED"), answer.content
    assert answer.json()["address"] is None
    drain()
    address = FloatingIP.objects.get(uuid=answer.json()["uuid"])
    found = in_cloud(address)
    assert (address.state, address.address) == (CoreState.OK, found["floating_ip_address"])
    assert found["floating_network_id"] == tenant.external_network_id
    assert found["project_id"] == tenant.backend_id
    assert used(tenant) == before + 1


def test_a_router_says_by_which_network(cast: Cast, tenant: Tenant) -> None:
    router, (path, _) = Router.objects.get(tenant=tenant), door(tenant)
    Tenant.objects.update(external_network_id="")
    assert client_of(cast.admin).post(path, {"router": router.uuid.hex}).status_code == 200
    Router.objects.update(external_network_id="")
    before = state_of(tenant)
    assert client_of(cast.admin).post(path, {"router": router.uuid.hex}).status_code == 400
    assert client_of(cast.admin).post(path, {"router": "0" * 32}).status_code == 400
    assert client_of(cast.admin).post(path, {}).status_code == 409
    assert state_of(tenant) == before


def test_the_quota_holds(cast: Cast, tenant: Tenant) -> None:
    counters.set_limits(tenant, {"floating_ip_count": used(tenant)})
    before = state_of(tenant)
    for name in ("tenant", "own"):
        path, body = door(tenant, name)
        assert client_of(cast.admin).post(path, body).status_code == 400
    assert state_of(tenant) == before


@pytest.mark.parametrize(("attach", "detach"), [("attach_to_port", "detach_from_port"), ("assign", "unassign")])
def test_an_address_is_attached_and_detached(cast: Cast, tenant: Tenant, port: Port, attach: str, detach: str) -> None:
    address = take(cast, tenant)
    link = f"http://testserver/api/openstack-ports/{port.uuid.hex}/"
    answer = act(cast, address, attach, port=link)
    assert (answer.status_code, bool(answer.json()["status"])) == (202, True)
    drain()
    assert in_cloud(address)["port_id"] == port.backend_id
    shown = client_of(cast.member).get(f"{ADDRESSES}{address.uuid.hex}/").json()
    assert (shown["port"], shown["instance_name"], shown["state"]) == (link, "server", "OK")
    assert act(cast, address, detach).status_code == 202
    drain()
    assert in_cloud(address)["port_id"] is None
    assert client_of(cast.member).get(f"{ADDRESSES}{address.uuid.hex}/").json()["port"] == ""


def test_an_address_is_taken_from_nobody(cast: Cast, tenant: Tenant, port: Port) -> None:
    address, second = take(cast, tenant), take(cast, tenant)
    assert act(cast, address, "detach_from_port").status_code == 409
    act(cast, address, "assign", port=port.uuid.hex)
    drain()
    before = state_of(tenant)
    assert act(cast, address, "assign", port=port.uuid.hex).status_code == 409
    assert act(cast, second, "assign", port=port.uuid.hex).status_code == 409
    assert state_of(tenant) == before


def test_a_port_that_cannot_have_it_is_refused(cast: Cast, tenant: Tenant, port: Port) -> None:
    other = Tenant.objects.create(name="other", project=tenant.project, service_settings=tenant.service_settings)
    foreign = Port.objects.create(tenant=other, name="theirs", state=CoreState.OK)
    router = Port.objects.create(tenant=tenant, name="r", state=CoreState.OK, device_owner="network:router_interface")
    address = take(cast, tenant)
    before = state_of(tenant)
    for body in ({}, {"port": "0" * 32}, {"port": foreign.uuid.hex}, {"port": router.uuid.hex}):
        answer = act(cast, address, "attach_to_port", **body)
        assert (answer.status_code, list(answer.json())) == (400, ["port"])
    Port.objects.filter(pk=port.pk).update(state=CoreState.ERRED)
    assert act(cast, address, "attach_to_port", port=port.uuid.hex).status_code == 409
    assert state_of(tenant) == before


def test_a_description_reaches_the_cloud(cast: Cast, tenant: Tenant) -> None:
    address = take(cast, tenant)
    assert act(cast, address, "update_description", description="front door").status_code == 202
    assert act(cast, address, "update_description", description="again").status_code == 409
    drain()
    assert in_cloud(address)["description"].startswith("front door [")
    assert act(cast, address, "update_description", description="x" * 256).status_code == 400


def test_an_attached_address_is_given_back(cast: Cast, tenant: Tenant, port: Port, twin: TwinClient) -> None:
    before, taken = twin.objects(), used(tenant)
    address = take(cast, tenant)
    act(cast, address, "assign", port=port.uuid.hex)
    drain()
    answer = client_of(cast.admin).delete(f"{ADDRESSES}{address.uuid.hex}/")
    assert (answer.status_code, answer.content) == (204, b"")
    drain()
    assert not FloatingIP.objects.exists()
    assert twin.leftovers(before) == {}
    assert used(tenant) == taken


def test_only_those_who_manage_the_tenant_and_only_when_it_is_ok(cast: Cast, tenant: Tenant) -> None:
    address = take(cast, tenant)
    own = f"{ADDRESSES}{address.uuid.hex}/"
    actions = ("attach_to_port", "assign", "detach_from_port", "unassign", "update_description")
    calls = [("post", *door(tenant)), ("post", *door(tenant, "own")), ("delete", own, {})]
    calls += [("post", f"{own}{action}/", {}) for action in actions]
    before = state_of(tenant)
    for method, path, body in calls:
        assert getattr(client_of(cast.member), method)(path, body).status_code == 403
        assert getattr(client_of(cast.stranger), method)(path, body).status_code in (400, 404)
    Tenant.objects.update(state=CoreState.UPDATING)
    for method, path, body in calls:
        assert getattr(client_of(cast.admin), method)(path, body).status_code == 409
    assert state_of(tenant) == before


def test_what_the_cloud_refuses_is_undone_and_can_go(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    before, taken = twin.objects(), used(tenant)
    twin.add_fault(action="status", status=400, method="POST", path="/v2.0/floatingips")
    path, body = door(tenant)
    answer = client_of(cast.admin).post(path, body)
    drain()
    address = FloatingIP.objects.get(uuid=answer.json()["uuid"])
    assert (address.state, bool(address.error_message)) == (CoreState.ERRED, True)
    assert operation_of(address).state == Operation.State.ERRED
    assert twin.leftovers(before) == {}
    assert client_of(cast.admin).delete(f"{ADDRESSES}{address.uuid.hex}/").status_code == 204
    drain()
    assert (FloatingIP.objects.count(), used(tenant)) == (0, taken)


def test_a_port_that_goes_meanwhile_leaves_the_address_free(cast: Cast, tenant: Tenant, port: Port) -> None:
    address = take(cast, tenant)
    act(cast, address, "assign", port=port.uuid.hex)
    port.delete()
    drain()
    address.refresh_from_db()
    assert (address.state, address.port) == (CoreState.ERRED, None)
    assert "deleted" in address.error_message
