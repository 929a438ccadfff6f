"""Ports: made, changed, found and deleted, in the database and in the cloud."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import build_instance, operation_of
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.operations.start import retry
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, Network, Port, SecurityGroup, SubNet, Tenant

PORTS = "/api/openstack-ports/"


def link(obj: Any, kind: str) -> str:
    return f"http://testserver/api/openstack-{kind}/{obj.uuid.hex}/"


def network_of(tenant: Tenant) -> Network:
    network: Network = Network.objects.get(tenant=tenant)
    return network


def body_for(tenant: Tenant, **more: Any) -> dict[str, Any]:
    return {"name": "port", "network": link(network_of(tenant), "networks"), **more}


def used(tenant: Tenant) -> int:
    return int(counters.quotas_of(tenant).get(name="port_count").usage)


def state_of(tenant: Tenant) -> tuple[Any, ...]:
    """What a refused request must not change."""
    columns = ("name", "state", "fixed_ips", "allowed_address_pairs", "port_security_enabled", "admin_state_up")
    return used(tenant), list(tenant.ports.order_by("pk").values_list(*columns)), Operation.objects.count()


def make(cast: Cast, tenant: Tenant, **more: Any) -> Port:
    answer = client_of(cast.admin).post(PORTS, body_for(tenant, **more), format="json")
    assert answer.status_code == 201, answer.content
    drain()
    port = Port.objects.get(uuid=answer.json()["uuid"])
    assert port.state == CoreState.OK, port.error_message
    return port


def act(cast: Cast, port: Port, action: str, **body: Any) -> Any:
    return client_of(cast.admin).post(f"{PORTS}{port.uuid.hex}/{action}/", body, format="json")


def in_cloud(port: Port) -> Any:
    return Cloud.of(port.service_settings).network.show("port", port.backend_id)


def group_of(tenant: Tenant) -> SecurityGroup:
    group: SecurityGroup = SecurityGroup.objects.get(tenant=tenant, name="ssh")
    return group


@pytest.mark.parametrize("door", ["ports", "network"])
def test_a_port_has_what_it_was_given(cast: Cast, tenant: Tenant, door: str) -> None:
    before, subnet = used(tenant), SubNet.objects.get(tenant=tenant)
    body = body_for(
        tenant,
        description="of the balancer",
        fixed_ips=[{"ip_address": "192.168.42.77"}],
        mac_address="FA-16-3E-00-00-77",
        allowed_address_pairs=[{"ip_address": "10.9.0.1/16"}],
        security_groups=[{"url": link(group_of(tenant), "security-groups")}],
    )
    path = PORTS if door == "ports" else f"{link(network_of(tenant), 'networks')}create_port/"
    answer = client_of(cast.admin).post(path, body, format="json")
    assert (answer.status_code, answer.json()["state"]) == (201, "CREATION_SCHEDULED"), answer.content
    drain()
    port = Port.objects.get(uuid=answer.json()["uuid"])
    found = in_cloud(port)
    assert (port.state, port.subnet, port.mac_address) == (CoreState.OK, subnet, "fa:16:3e:00:00:77")
    assert port.fixed_ips == [{"ip_address": "192.168.42.77", "subnet_id": subnet.backend_id}] == found["fixed_ips"]
    assert found["mac_address"] == port.mac_address
    assert found["security_groups"] == [group_of(tenant).backend_id]
    assert found["allowed_address_pairs"] == port.allowed_address_pairs
    assert port.allowed_address_pairs[0]["ip_address"] == "10.9.0.0/16"
    assert found["project_id"] == tenant.backend_id
    assert found["description"].startswith("of the balancer [")
    assert used(tenant) == before + 1
    assert Event.objects.filter(event_type="openstack_port_created", project=tenant.project).exists()


def test_without_wishes_the_cloud_chooses(cast: Cast, tenant: Tenant) -> None:
    port = make(cast, tenant)
    assert port.subnet == SubNet.objects.get(tenant=tenant)
    assert port.fixed_ips == in_cloud(port)["fixed_ips"] != []
    assert len(in_cloud(port)["security_groups"]) == 1
    assert in_cloud(make(cast, tenant, security_groups=[]))["security_groups"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 151),
        ("mac_address", "fa:16:3e:00:00"),
        ("mac_address", "01:00:5e:00:00:01"),
        ("fixed_ips", [{"ip_address": "192.168.43.5"}]),
        ("fixed_ips", [{"ip_address": "192.168.42.0"}]),
        ("fixed_ips", [{"ip_address": "192.168.42.255"}]),
        ("fixed_ips", [{"ip_address": "192.168.42.1"}]),
        ("fixed_ips", [{"ip_address": "nowhere"}]),
        ("fixed_ips", [{"subnet_id": "unknown"}]),
        ("fixed_ips", [{}]),
        ("fixed_ips", "192.168.42.9"),
        ("fixed_ips", [{"ip_address": "192.168.42.9"}, {"ip_address": "192.168.42.9"}]),
        ("allowed_address_pairs", [{"ip_address": "10.0.0.0/33"}]),
        ("allowed_address_pairs", [{"ip_address": "10.0.0.1", "mac_address": "no"}]),
        ("allowed_address_pairs", [{"ip_address": "10.0.0.1"}, {"ip_address": "10.0.0.1"}]),
        ("allowed_address_pairs", [{}]),
        ("security_groups", ["0" * 32]),
        ("security_groups", "ssh"),
        ("port_security_enabled", "perhaps"),
        ("network", "0" * 32),
        ("network", None),
        ("target_tenant", "0" * 32),
    ],
)
def test_a_bad_wish_is_refused_with_its_field(cast: Cast, tenant: Tenant, field: str, value: Any) -> None:
    SubNet.objects.filter(tenant=tenant).update(gateway_ip="192.168.42.1")
    before = state_of(tenant)
    answer = client_of(cast.admin).post(PORTS, {**body_for(tenant), field: value}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field]), answer.content
    assert state_of(tenant) == before


def test_what_another_port_has_and_what_is_not_secured_is_refused(cast: Cast, tenant: Tenant) -> None:
    port = make(cast, tenant)
    before = state_of(tenant)
    taken = port.fixed_ips[0]["ip_address"]
    group, pair = link(group_of(tenant), "security-groups"), {"ip_address": "10.0.0.1"}
    for field, more in (
        ("fixed_ips", {"fixed_ips": [{"ip_address": taken}]}),
        ("mac_address", {"mac_address": port.mac_address}),
        ("security_groups", {"port_security_enabled": False, "security_groups": [group]}),
        ("allowed_address_pairs", {"port_security_enabled": False, "allowed_address_pairs": [pair]}),
    ):
        answer = client_of(cast.admin).post(PORTS, body_for(tenant, **more), format="json")
        assert (answer.status_code, list(answer.json())) == (400, [field]), answer.content
    SecurityGroup.objects.filter(tenant=tenant).update(state=CoreState.DELETING)
    answer = client_of(cast.admin).post(PORTS, body_for(tenant, security_groups=[group]), format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["security_groups"])
    counters.set_limits(tenant, {"port_count": used(tenant)})
    assert client_of(cast.admin).post(PORTS, body_for(tenant), format="json").status_code == 400
    Network.objects.update(state=CoreState.UPDATING)
    assert client_of(cast.admin).post(PORTS, body_for(tenant), format="json").status_code == 409
    assert state_of(tenant) == before


def test_a_change_reaches_the_cloud_and_what_is_not_named_stays(cast: Cast, tenant: Tenant) -> None:
    port = make(cast, tenant, allowed_address_pairs=[{"ip_address": "10.0.0.1"}])
    pairs, path = port.allowed_address_pairs, f"{PORTS}{port.uuid.hex}/"
    answer = client_of(cast.admin).patch(path, {"name": "renamed"}, format="json")
    assert (answer.status_code, answer.json()["name"]) == (200, "renamed"), answer.content
    assert client_of(cast.admin).patch(path, {"name": "again"}, format="json").status_code == 409
    drain()
    found = in_cloud(port)
    assert (found["name"], found["allowed_address_pairs"]) == ("renamed", pairs)
    operations = Operation.objects.count()
    assert client_of(cast.admin).put(path, {"name": "renamed"}, format="json").status_code == 200
    assert Operation.objects.count() == operations, "nothing to do"
    assert client_of(cast.admin).put(path, {}, format="json").status_code == 400
    body = {"fixed_ips": [{"ip_address": "192.168.42.90"}], "security_groups": [group_of(tenant).uuid.hex]}
    assert client_of(cast.admin).patch(path, body, format="json").status_code == 200
    drain()
    found = in_cloud(port)
    assert [fixed["ip_address"] for fixed in found["fixed_ips"]] == ["192.168.42.90"]
    assert found["security_groups"] == [group_of(tenant).backend_id]


def test_each_action_does_its_part(cast: Cast, tenant: Tenant) -> None:
    port, subnet = make(cast, tenant), SubNet.objects.get(tenant=tenant)
    group, pair = group_of(tenant).uuid.hex, {"ip_address": "10.0.0.1", "mac_address": "fa:16:3e:00:00:01"}
    address = {"subnet": link(subnet, "subnets"), "ip_address": "192.168.42.99"}
    for action, body, status, name, value in (
        ("disable_port", {}, 200, "admin_state_up", False),
        ("enable_port", {}, 200, "admin_state_up", True),
        ("set_allowed_address_pairs", {"allowed_address_pairs": [pair]}, 200, "allowed_address_pairs", [pair]),
        ("update_security_groups", {"security_groups": [group]}, 202, "security_groups", [group_of(tenant).backend_id]),
        ("disable_port_security", {}, 200, "port_security_enabled", False),
        ("enable_port_security", {}, 200, "port_security_enabled", True),
        (
            "update_port_ip",
            address,
            200,
            "fixed_ips",
            [{"subnet_id": subnet.backend_id, "ip_address": "192.168.42.99"}],
        ),
    ):
        answer = act(cast, port, action, **body)
        assert answer.status_code == status, (action, answer.content)
        drain()
        assert in_cloud(port)[name] == value, action
    assert (in_cloud(port)["security_groups"], in_cloud(port)["allowed_address_pairs"]) == ([], [])
    port.refresh_from_db()
    assert (port.state, port.security_groups.count()) == (CoreState.OK, 0)
    told = set(Event.objects.values_list("event_type", flat=True))
    assert {
        "openstack_port_updated",
        "openstack_port_security_enabled",
        "openstack_port_security_disabled",
        "openstack_port_security_groups_changed",
        "openstack_port_allowed_address_pairs_changed",
    } <= told


def test_a_bad_action_is_refused_and_changes_nothing(cast: Cast, tenant: Tenant) -> None:
    port, subnet = make(cast, tenant, port_security_enabled=False), SubNet.objects.get(tenant=tenant)
    elsewhere = SubNet.objects.create(
        tenant=tenant, network=Network.objects.create(tenant=tenant, name="n"), name="s", cidr="10.0.0.0/24"
    )
    before = state_of(tenant)
    for action, field, body in (
        ("set_allowed_address_pairs", "allowed_address_pairs", {}),
        ("set_allowed_address_pairs", "allowed_address_pairs", {"allowed_address_pairs": [{"ip_address": "10.0.0.1"}]}),
        ("update_security_groups", "security_groups", {}),
        ("update_security_groups", "security_groups", {"security_groups": [group_of(tenant).uuid.hex]}),
        ("update_port_ip", "subnet", {"ip_address": "192.168.42.5"}),
        ("update_port_ip", "subnet", {"subnet": elsewhere.uuid.hex, "ip_address": "10.0.0.5"}),
        ("update_port_ip", "ip_address", {"subnet": subnet.uuid.hex, "ip_address": "10.0.0.5"}),
        ("update_port_ip", "ip_address", {"subnet": subnet.uuid.hex, "ip_address": "x"}),
    ):
        answer = act(cast, port, action, **body)
        assert (answer.status_code, list(answer.json())) == (400, [field]), (action, answer.content)
    assert state_of(tenant) == before


def test_a_free_port_is_deleted_and_a_used_one_is_not(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    before, count = twin.objects(), used(tenant)
    port = make(cast, tenant)
    answer = client_of(cast.admin).delete(f"{PORTS}{port.uuid.hex}/")
    assert (answer.status_code, answer.content) == (204, b"")
    drain()
    assert (Port.objects.filter(pk=port.pk).exists(), used(tenant)) == (False, count)
    assert {kind for kind in twin.leftovers(before) if kind != "security_groups"} == set()
    used_port = build_instance(tenant, cast.owner).ports.get()
    for device in ({}, {"instance": None}):
        Port.objects.filter(pk=used_port.pk).update(**device)
        assert client_of(cast.admin).delete(f"{PORTS}{used_port.uuid.hex}/").status_code == 409
    assert used(tenant) == count + 1


def test_a_port_that_the_cloud_gave_to_somebody_else_stays(cast: Cast, tenant: Tenant) -> None:
    port = make(cast, tenant)
    network = Cloud.of(tenant.service_settings).network
    network.update("port", port.backend_id, device_id="balancer", device_owner="Octavia")
    assert client_of(cast.admin).delete(f"{PORTS}{port.uuid.hex}/").status_code == 204
    drain()
    port.refresh_from_db()
    assert (port.state, bool(in_cloud(port))) == (CoreState.ERRED, True)
    assert "in use by Octavia balancer" in port.error_message
    network.update("port", port.backend_id, device_id="", device_owner="")
    retry(operation_of(port), user=cast.admin)
    drain()
    assert not Port.objects.filter(pk=port.pk).exists()


def test_a_port_that_is_gone_can_be_deleted(cast: Cast, tenant: Tenant) -> None:
    port, count = make(cast, tenant), used(tenant)
    Cloud.of(tenant.service_settings).network.remove("port", port.backend_id)
    act(cast, port, "disable_port")
    drain()
    port.refresh_from_db()
    assert (port.state, "could not be found" in port.error_message) == (CoreState.ERRED, True)
    assert client_of(cast.admin).delete(f"{PORTS}{port.uuid.hex}/").status_code == 204
    drain()
    assert (Port.objects.filter(pk=port.pk).exists(), used(tenant)) == (False, count - 1)


def test_what_the_cloud_refuses_is_undone_and_can_go(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    before, count = twin.objects(), used(tenant)
    twin.add_fault(action="status", status=400, method="POST", path="/v2.0/ports")
    answer = client_of(cast.admin).post(PORTS, body_for(tenant), format="json")
    drain()
    port = Port.objects.get(uuid=answer.json()["uuid"])
    assert (port.state, bool(port.error_message), used(tenant)) == (CoreState.ERRED, True, count + 1)
    assert twin.leftovers(before) == {}
    assert client_of(cast.admin).delete(f"{PORTS}{port.uuid.hex}/").status_code == 204
    drain()
    assert (Port.objects.filter(pk=port.pk).exists(), used(tenant)) == (False, count)


def test_only_those_who_manage_the_tenant_and_only_when_it_is_ok(cast: Cast, tenant: Tenant) -> None:
    port = make(cast, tenant)
    own = f"{PORTS}{port.uuid.hex}/"
    calls = [("post", PORTS, body_for(tenant)), ("patch", own, {"name": "x"}), ("delete", own, {})]
    calls.append(("post", f"{link(network_of(tenant), 'networks')}create_port/", {"name": "x"}))
    calls += [("post", f"{own}{action}/", {}) for action in ("enable_port", "disable_port_security", "update_port_ip")]
    before = state_of(tenant)
    for method, path, body in calls:
        assert getattr(client_of(cast.member), method)(path, body, format="json").status_code == 403, path
        assert getattr(client_of(cast.stranger), method)(path, body, format="json").status_code in (400, 404), path
    Tenant.objects.update(state=CoreState.UPDATING)
    for method, path, body in calls:
        assert getattr(client_of(cast.admin), method)(path, body, format="json").status_code == 409, path
    assert state_of(tenant) == before


def test_ports_are_found_by_what_they_are(cast: Cast, tenant: Tenant, instance: Instance) -> None:
    subnet, client = SubNet.objects.get(tenant=tenant), client_of(cast.member)
    free = make(cast, tenant, name="free", fixed_ips=[{"ip_address": "192.168.42.177"}])
    (taken,) = instance.ports.all()

    def found(**query: Any) -> set[str]:
        answer = client.get(PORTS, query)
        assert answer.status_code == 200, answer.content
        return {row["name"] for row in answer.json() if row["name"]}  # the router's has none

    everything = {free.name, taken.name}
    assert found() == found(tenant_uuid=tenant.uuid.hex) == everything
    assert found(query="42.177") == found(fixed_ips="2.168.42.17") == found(query="FREE") == {free.name}
    assert found(query=free.mac_address[3:]) == found(query=free.backend_id) == found(name_exact="free") == {free.name}
    assert found(fixed_ips=subnet.backend_id[:6]) == found(fixed_ips="x") == set()
    assert found(has_device_owner="true") == found(device_id=instance.backend_id) == {taken.name}
    assert found(has_device_owner="false") == {free.name}
    assert found(exclude_subnet_uuids=f"{subnet.uuid.hex},{tenant.uuid.hex}") == set()
    assert found(exclude_subnet_uuids=tenant.uuid.hex) == everything
    assert client.get(PORTS, {"exclude_subnet_uuids": "x"}).status_code == 400
    names = [row["name"] for row in client.get(PORTS, {"o": "-name"}).json() if row["name"]]
    assert names == sorted(everything, reverse=True)
    for key in ("admin_state_up", "created", "device_owner", "instance_name", "mac_address", "network_name", "status"):
        assert len(client.get(PORTS, {"o": key}).json()) == len(client.get(PORTS, {"o": "subnet_name"}).json()) == 3


def test_a_hundred_ports_cost_no_more_queries_than_one(cast: Cast, tenant: Tenant) -> None:
    client = client_of(cast.member)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PORTS, {"page_size": 200}).status_code == 200
        return len(captured)

    network, group = network_of(tenant), group_of(tenant)
    Port.objects.create(tenant=tenant, network=network, name="p").security_groups.add(group)
    queries()
    before = queries()
    for number in range(99):
        Port.objects.create(tenant=tenant, network=network, name=f"p{number}").security_groups.add(group)
    assert queries() == before
