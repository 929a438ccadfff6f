"""The network of a server: its ports, public addresses and security groups, changed while it runs."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import failed, limit, post, refused, succeed, url_of, usages
from tests.openstack.orders import build_instance, operation_of, order_deletion, order_in_tenant
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.start import retry
from waldur_core.structure.states import CoreState
from waldur_openstack.api.network.floating_ip_views import FloatingIPCreateSerializer
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import FloatingIP, Instance, Network, Port, Router, SecurityGroup, SubNet, Tenant

PAIR = {"ip_address": "10.9.0.0/16"}


def network_of(instance: Instance) -> Any:
    return Cloud.of(instance.service_settings).network


def ports_in_cloud(instance: Instance) -> dict[str, Any]:
    """By id in the cloud."""
    return {port["id"]: port for port in network_of(instance).list("port", device_id=instance.backend_id)}


def addresses_in_cloud(instance: Instance) -> dict[str, str]:
    """{public address: id of its port}, of the project."""
    found = network_of(instance).list("floatingip", project_id=instance.tenant.backend_id)
    return {address["floating_ip_address"]: address["port_id"] for address in found}


def free_address(cast: Cast, tenant: Tenant) -> FloatingIP:
    address = order_in_tenant(FloatingIPCreateSerializer, tenant, cast.owner)
    drain()
    address.refresh_from_db()
    assert address.state == CoreState.OK
    return address


def second_subnet(tenant: Tenant, cidr: str = "192.168.50.0/24") -> SubNet:
    """Another network of the tenant with a subnet on the tenant's router."""
    cloud = Cloud.of(tenant.service_settings).in_project(tenant.backend_id).network
    network = cloud.create("network", name="second")
    subnet = cloud.create("subnet", network_id=network["id"], cidr=cidr, ip_version=4)
    router = Router.objects.get(tenant=tenant)
    cloud.add_router_interface(router.backend_id, subnet["id"])
    common = {"tenant": tenant, "name": "second", "state": CoreState.OK}
    row = Network.objects.create(**common, backend_id=network["id"])
    return SubNet.objects.create(
        **common,
        network=row,
        router=router,
        cidr=cidr,
        gateway_ip=subnet["gateway_ip"],
        backend_id=subnet["id"],
        is_connected=True,
    )


def free_port(instance: Instance, subnet: SubNet, name: str = "free") -> Port:
    made = network_of(instance).create(
        "port", network_id=subnet.network.backend_id, project_id=instance.tenant.backend_id
    )
    return Port.objects.create(
        tenant=instance.tenant,
        name=name,
        subnet=subnet,
        network=subnet.network,
        fixed_ips=made["fixed_ips"],
        backend_id=made["id"],
        state=CoreState.OK,
    )


def test_the_groups_of_a_server_are_those_of_its_ports(cast: Cast, instance: Instance) -> None:
    web = SecurityGroup.objects.create(
        tenant=instance.tenant, name="web", state=CoreState.OK, backend_id=group_in_cloud(instance, "web")
    )
    answer = post(cast.admin, instance, "update_security_groups", {"security_groups": [{"url": web.uuid.hex}]})
    assert answer.status_code == 202, answer.content
    instance.refresh_from_db()
    assert (instance.state, instance.action) == ("UPDATE_SCHEDULED", "Update security groups")
    assert list(instance.action_details) == ["security_groups"]
    drain()
    assert [port["security_groups"] for port in ports_in_cloud(instance).values()] == [[web.backend_id]]
    shown = client_of(cast.member).get(url_of(instance)).json()
    assert [group["name"] for group in shown["security_groups"]] == ["web"]
    assert [group["name"] for group in shown["ports"][0]["security_groups"]] == ["web"]
    succeed(cast.admin, instance, "update_security_groups", {"security_groups": []})
    assert [port["security_groups"] for port in ports_in_cloud(instance).values()] == [[]]
    assert Event.objects.filter(event_type="resource_update_security_groups_succeeded").count() == 2


def group_in_cloud(instance: Instance, name: str) -> str:
    cloud = Cloud.of(instance.service_settings).in_project(instance.tenant.backend_id)
    return str(cloud.network.create("security_group", name=name)["id"])


def test_ports_come_and_go_and_the_others_stay(cast: Cast, instance: Instance) -> None:
    (first,) = instance.ports.all()
    second, before = second_subnet(instance.tenant), usages(instance.tenant)["port_count"]
    wanted = [
        {"subnet": first.subnet.uuid.hex},
        {"subnet": second.uuid.hex, "fixed_ips": [{"ip_address": "192.168.50.9"}]},
    ]
    succeed(cast.admin, instance, "update_ports", {"ports": wanted})
    assert usages(instance.tenant)["port_count"] == before + 1
    found = ports_in_cloud(instance)
    new = instance.ports.get(subnet=second)
    assert set(found) == {first.backend_id, new.backend_id}
    assert [fixed["ip_address"] for fixed in found[new.backend_id]["fixed_ips"]] == ["192.168.50.9"]
    assert found[new.backend_id]["security_groups"] == [group.backend_id for group in instance.security_groups.all()]
    assert new.device_owner.startswith("compute:")
    listed = client_of(cast.member).get(url_of(instance, "ports")).json()
    assert sorted(port["subnet_name"] for port in listed) == sorted(["second", first.subnet.name])
    address = FloatingIP.objects.get(port=first)
    succeed(cast.admin, instance, "update_ports", {"ports": [{"port": new.uuid.hex}]})
    assert set(ports_in_cloud(instance)) == {new.backend_id}
    assert (list(instance.ports.all()), network_of(instance).show("port", first.backend_id)) == ([new], None)
    address.refresh_from_db()
    assert (address.port, address.state, usages(instance.tenant)["port_count"]) == (None, "OK", before)


def test_a_free_port_is_taken_and_others_find_it_taken(cast: Cast, instance: Instance) -> None:
    (first,) = instance.ports.all()
    port = free_port(instance, second_subnet(instance.tenant))
    wanted = {"ports": [{"port": first.uuid.hex}, {"port": port.uuid.hex}]}
    assert post(cast.admin, instance, "update_ports", wanted).status_code == 202
    port.refresh_from_db()
    assert (port.state, port.instance) == ("UPDATING", None)
    assert client_of(cast.admin).delete(f"/api/openstack-ports/{port.uuid.hex}/").status_code == 409
    drain()
    port.refresh_from_db()
    assert (port.state, port.instance, port.device_id) == ("OK", instance, instance.backend_id)


def test_a_port_that_somebody_else_has_in_the_cloud_fails_and_can_be_retried(cast: Cast, instance: Instance) -> None:
    (first,) = instance.ports.all()
    port, network = free_port(instance, second_subnet(instance.tenant)), network_of(instance)
    network.update("port", port.backend_id, device_id="balancer", device_owner="Octavia")
    post(cast.admin, instance, "update_ports", {"ports": [{"port": first.uuid.hex}, {"port": port.uuid.hex}]})
    operation = failed(instance)
    assert "in use" in instance.error_message
    port.refresh_from_db()
    assert (port.state, port.instance) == ("OK", None)
    network.update("port", port.backend_id, device_id="", device_owner="")
    retry(operation, user=cast.admin)
    drain()
    assert set(ports_in_cloud(instance)) == {first.backend_id, port.backend_id}


def test_a_retry_without_its_port_is_refused(cast: Cast, instance: Instance) -> None:
    (first,) = instance.ports.all()
    port = free_port(instance, second_subnet(instance.tenant))
    network_of(instance).remove("port", port.backend_id)
    post(cast.admin, instance, "update_ports", {"ports": [{"port": first.uuid.hex}, {"port": port.uuid.hex}]})
    failed(instance)
    path = f"/api/operations/{operation_of(instance).uuid.hex}/retry/"
    port.delete()
    assert client_of(cast.owner).post(path).status_code == 409


@pytest.mark.parametrize("door", ["update_floating_ips", "assign_floating_ip"])
def test_a_free_address_is_taken_before_a_new_one_is_made(cast: Cast, tenant: Tenant, door: str) -> None:
    instance = build_instance(tenant, cast.owner, floating_ips=[])
    (port,), subnet = instance.ports.all(), SubNet.objects.get(tenant=tenant)
    item = {"subnet": subnet.uuid.hex}
    on: dict[str, Any] = {"floating_ips": [item]} if door == "update_floating_ips" else {}
    off: dict[str, Any] = {"floating_ips": []} if door == "update_floating_ips" else {}
    before = usages(tenant)["floating_ip_count"]
    succeed(cast.admin, instance, door, on)
    (made,) = instance.floating_ips
    assert addresses_in_cloud(instance) == {made.address: port.backend_id}
    assert (made.state, usages(tenant)["floating_ip_count"]) == ("OK", before + 1)
    succeed(cast.admin, instance, door.replace("assign_", "unassign_"), off)
    assert addresses_in_cloud(instance) == {made.address: None}
    limit(tenant, floating_ip_count=before + 1)
    succeed(cast.admin, instance, door, on)
    assert addresses_in_cloud(instance) == {made.address: port.backend_id}
    listed = client_of(cast.member).get(url_of(instance, "floating_ips")).json()
    assert [address["address"] for address in listed] == [made.address]
    assert usages(tenant)["floating_ip_count"] == before + 1


def test_a_named_address_replaces_the_other(cast: Cast, instance: Instance) -> None:
    (old,), (port,) = instance.floating_ips, instance.ports.all()
    new = free_address(cast, instance.tenant)
    for item in ({"ip_address": new.address}, {"url": f"http://testserver/api/openstack-floating-ips/{new.uuid.hex}/"}):
        body = {"floating_ips": [{"subnet": port.subnet.uuid.hex, **item}]}
        succeed(cast.admin, instance, "update_floating_ips", body)
        assert addresses_in_cloud(instance) == {old.address: None, new.address: port.backend_id}
    states = FloatingIP.objects.filter(tenant=instance.tenant).values_list("address", "port", "state")
    assert set(states) == {(old.address, None, "OK"), (new.address, port.pk, "OK")}


def test_when_the_cloud_has_no_more_addresses_the_server_says_so(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    instance = build_instance(tenant, cast.owner, floating_ips=[])
    Cloud.of(tenant.service_settings).network.set_quotas(tenant.backend_id, {"floatingip": 0})
    assert post(cast.admin, instance, "assign_floating_ip").status_code == 202
    operation = failed(instance)
    assert (operation.error_code, "uota" in instance.error_message) == ("quota", True)
    address = FloatingIP.objects.get(tenant=tenant)
    assert (address.state, address.port, bool(address.error_message)) == ("ERRED", None, True)
    Cloud.of(tenant.service_settings).network.set_quotas(tenant.backend_id, {"floatingip": 5})
    retry(operation, user=cast.admin)
    drain()
    instance.refresh_from_db()
    assert (instance.state, [item.state for item in instance.floating_ips]) == ("OK", ["OK"])


def test_an_address_taken_by_another_meanwhile_is_not_stolen_by_a_retry(
    cast: Cast, tenant: Tenant, twin: TwinClient
) -> None:
    instance = build_instance(tenant, cast.owner, floating_ips=[])
    address = free_address(cast, tenant)
    twin.add_fault(action="status", status=400, method="PUT", path="/v2.0/floatingips/*", times=1)
    post(cast.admin, instance, "assign_floating_ip", {"floating_ip": address.uuid.hex})
    operation = failed(instance)
    address.refresh_from_db()
    assert (address.state, address.port) == ("OK", None)
    other = Port.objects.create(tenant=tenant, name="other", state=CoreState.OK)
    FloatingIP.objects.filter(pk=address.pk).update(port=other)
    answer = client_of(cast.owner).post(f"/api/operations/{operation.uuid.hex}/retry/")
    assert answer.status_code == 409
    address.refresh_from_db()
    assert (address.state, address.port) == ("OK", other)


def test_further_addresses_of_a_server(cast: Cast, instance: Instance) -> None:
    (port,) = instance.ports.all()
    body = {"subnet": port.subnet.uuid.hex, "allowed_address_pairs": [PAIR]}
    succeed(cast.admin, instance, "update_allowed_address_pairs", body)
    (found,) = ports_in_cloud(instance).values()
    port.refresh_from_db()
    assert found["allowed_address_pairs"] == port.allowed_address_pairs
    assert port.allowed_address_pairs[0]["ip_address"] == PAIR["ip_address"]


def test_a_bad_request_is_refused_with_its_field(cast: Cast, instance: Instance) -> None:
    (port,) = instance.ports.all()
    subnet, foreign = port.subnet.uuid.hex, FloatingIP.objects.create(tenant=instance.tenant, name="x", state="ERRED")
    empty = SubNet.objects.create(
        tenant=instance.tenant, network=port.network, name="empty", cidr="10.1.0.0/24", state=CoreState.OK
    )
    for action, field, body in (
        ("update_security_groups", "security_groups", {}),
        ("update_security_groups", "security_groups", {"security_groups": ["0" * 32]}),
        ("update_ports", "ports", {}),
        ("update_ports", "ports", {"ports": [{}]}),
        ("update_ports", "ports", {"ports": [{"subnet": "0" * 32}]}),
        ("update_ports", "ports", {"ports": [{"subnet": subnet}, {"subnet": subnet}]}),
        ("update_ports", "ports", {"ports": [{"subnet": subnet, "fixed_ips": [{"ip_address": "10.0.0.1"}]}]}),
        ("update_floating_ips", "floating_ips", {}),
        ("update_floating_ips", "subnet", {"floating_ips": [{"subnet": subnet}, {"subnet": subnet}]}),
        ("update_floating_ips", "floating_ips", {"floating_ips": [{"subnet": empty.uuid.hex}]}),
        ("update_floating_ips", "floating_ips", {"floating_ips": [{"subnet": subnet, "ip_address": "1.2.3.4"}]}),
        ("update_floating_ips", "floating_ips", {"floating_ips": [{"subnet": subnet, "url": foreign.uuid.hex}]}),
        ("update_allowed_address_pairs", "subnet", {"allowed_address_pairs": []}),
        ("update_allowed_address_pairs", "subnet", {"subnet": empty.uuid.hex, "allowed_address_pairs": []}),
        (
            "update_allowed_address_pairs",
            "allowed_address_pairs",
            {"subnet": subnet, "allowed_address_pairs": [{"ip_address": "x"}]},
        ),
        ("assign_floating_ip", "floating_ip", {"floating_ip": foreign.uuid.hex}),
        ("assign_floating_ip", "subnet", {"subnet": empty.uuid.hex}),
        ("unassign_floating_ip", "floating_ip", {"floating_ip": foreign.uuid.hex}),
        ("diagnose_connectivity", "target", {"target": "internal:x"}),
        ("diagnose_connectivity", "target", {"target": "10.0.0.1"}),
    ):
        refused(post(cast.admin, instance, action, body), 400, instance, word=field)
    refused(post(cast.admin, instance, "assign_floating_ip"), 409, instance, word="already")


def test_only_those_who_manage_servers_and_only_when_it_is_ok(cast: Cast, instance: Instance) -> None:
    actions = (
        "update_security_groups", "update_ports", "update_floating_ips", "update_allowed_address_pairs",
        "assign_floating_ip", "unassign_floating_ip",
    )  # fmt: skip
    for action in actions:
        refused(post(cast.member, instance, action), 403, instance)
        refused(post(cast.stranger, instance, action), 404, instance)
    Instance.objects.update(runtime_state="PAUSED")
    instance.refresh_from_db()
    refused(post(cast.admin, instance, "update_ports"), 409, instance, word="PAUSED")
    Instance.objects.update(state=CoreState.UPDATING)
    instance.refresh_from_db()
    for action in actions:
        refused(post(cast.admin, instance, action), 409, instance)


def test_a_direct_connection_makes_the_server_public(
    cast: Cast, tenant: Tenant, twin: TwinClient, settings: Any
) -> None:
    settings.WALDUR_OPENSTACK = {**settings.WALDUR_OPENSTACK, "ALLOW_DIRECT_EXTERNAL_NETWORK_CONNECTION": True}
    before, ports = twin.objects(), usages(tenant)["port_count"]
    instance = build_instance(tenant, cast.owner, floating_ips=[], connect_directly_to_external_network=True)
    (outside,) = [port for port in instance.ports.all() if port.is_external]
    found = ports_in_cloud(instance)[outside.backend_id]
    assert (found["network_id"], found["project_id"]) == (tenant.external_network_id, tenant.backend_id)
    assert found["security_groups"] == [SecurityGroup.objects.get(tenant=tenant, name="ssh").backend_id]
    shown = client_of(cast.member).get(url_of(instance)).json()
    address = found["fixed_ips"][0]["ip_address"]
    assert (shown["external_ips"], shown["connect_directly_to_external_network"]) == ([address], True)
    assert address not in shown["internal_ips"] != []
    assert usages(tenant)["port_count"] == ports + 2
    order_deletion(instance, cast.owner)
    drain()
    assert (twin.leftovers(before), usages(tenant)["port_count"]) == ({}, ports)


def test_a_diagnosis_names_the_first_thing_that_is_wrong(cast: Cast, instance: Instance) -> None:
    (port,) = instance.ports.all()

    def diagnosis(target: str = "external") -> Any:
        answer = post(cast.member, instance, "diagnose_connectivity", {"target": target})
        assert answer.status_code == 200, answer.content
        return answer.json()

    def statuses(target: str = "external") -> dict[str, str]:
        return {check["check"]: check["status"] for check in diagnosis(target)["checks"]}

    SecurityGroup.objects.get(tenant=instance.tenant, name="ssh").rules.create(direction="egress")
    healthy = diagnosis()
    assert (healthy["root_cause"], healthy["target_address"]) == (None, instance.floating_ips[0].address)
    assert statuses()["has_public_address"] == "ok"
    FloatingIP.objects.update(port=None)
    assert statuses()["has_public_address"] == "warn"
    Router.objects.update(external_network_id="")
    assert diagnosis()["root_cause"] == "router_leads_out"
    SubNet.objects.update(router=None, is_connected=False)
    assert diagnosis()["root_cause"] == "is_routed"
    port.security_groups.clear()
    assert diagnosis()["root_cause"] == "may_send"
    Instance.objects.update(runtime_state="SHUTOFF")
    assert diagnosis()["root_cause"] == "server_runs"
    near = f"internal:{port.fixed_ips[0]['ip_address']}"
    assert (statuses(near)["target_exists"], statuses(near)["target_receives"]) == ("ok", "fail")
    far = statuses("internal:10.9.9.9")
    assert (far["target_exists"], far["target_is_near"]) == ("fail", "skip")
    Port.objects.all().delete()
    assert statuses()["may_send"] == "skip"
