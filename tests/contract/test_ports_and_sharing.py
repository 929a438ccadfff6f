"""Ports that change, ports that move between servers, networks that are shared: what our workflows rely on."""

import uuid

import pytest

from tests.contract.stage import Room, eventually, unique
from waldur_core.operations.errors import CloudConflict, Invalid, NotFound
from waldur_openstack.cloud.gateway import JSON


def port_on(room: Room, network: JSON, **attributes: object) -> JSON:
    return room.make("port", network_id=network["id"], project_id=room.project_id, **attributes)


@pytest.fixture
def network(room: Room) -> JSON:
    network = room.network()
    room.subnet(network)
    return network


def test_everything_that_we_change_of_a_port_can_be_changed(room: Room, network: JSON) -> None:
    port = port_on(room, network)
    (fixed,) = port["fixed_ips"]
    pairs = [{"ip_address": "10.9.0.0/16", "mac_address": "fa:16:3e:00:00:01"}]
    for name, value in (
        ("name", unique()),
        ("description", "text [waldur:1]"),
        ("admin_state_up", False),
        ("allowed_address_pairs", pairs),
        ("fixed_ips", [{"subnet_id": fixed["subnet_id"], "ip_address": "192.168.42.99"}]),
        ("mac_address", "fa:16:3e:00:00:99"),
        ("security_groups", []),
    ):
        assert room.cloud.network.update("port", port["id"], **{name: value})[name] == value, name


def test_a_pair_without_a_mac_address_gets_the_ports_own(room: Room, network: JSON) -> None:
    port = port_on(room, network, allowed_address_pairs=[{"ip_address": "10.9.0.1"}])
    assert port["allowed_address_pairs"] == [{"ip_address": "10.9.0.1", "mac_address": port["mac_address"]}]


def test_port_security_goes_with_its_groups_and_pairs_only(room: Room, network: JSON) -> None:
    port = port_on(room, network, allowed_address_pairs=[{"ip_address": "10.9.0.1"}])
    with pytest.raises(CloudConflict):
        room.cloud.network.update("port", port["id"], port_security_enabled=False)
    off = {"port_security_enabled": False, "security_groups": [], "allowed_address_pairs": []}
    found = room.cloud.network.update("port", port["id"], **off)
    assert {name: found[name] for name in off} == off
    found = room.cloud.network.update("port", port["id"], port_security_enabled=True)
    assert (found["port_security_enabled"], found["security_groups"]) == (True, [])


def test_a_port_is_given_to_a_running_server_and_taken_back(room: Room, network: JSON) -> None:
    server, port = room.active_server(), port_on(room, network)
    compute = room.cloud.compute
    assert compute.attach_port(server["id"], port["id"])["port_id"] == port["id"]
    assert port["id"] in {interface["port_id"] for interface in compute.interfaces(server["id"])}
    shown = room.cloud.network.show("port", port["id"])
    assert shown and shown["device_id"] == server["id"]
    assert shown["device_owner"].startswith("compute:")
    with pytest.raises((CloudConflict, Invalid), match="in use"):
        compute.attach_port(server["id"], port["id"])
    compute.detach_port(server["id"], port["id"])
    eventually(lambda: port["id"] not in {item["port_id"] for item in compute.interfaces(server["id"])})
    shown = room.cloud.network.show("port", port["id"])
    assert shown and (shown["device_id"], shown["device_owner"]) == ("", "")
    compute.detach_port(server["id"], port["id"])


def test_what_does_not_exist_has_no_ports_and_gets_none(room: Room, network: JSON) -> None:
    nobody = str(uuid.uuid4())
    assert room.cloud.compute.interfaces(nobody) == []
    with pytest.raises(NotFound):
        room.cloud.compute.attach_port(nobody, port_on(room, network)["id"])


def test_the_account_puts_a_port_of_a_project_on_the_external_network(room: Room) -> None:
    group = room.make("security_group", name=unique())
    port = room.admin.network.create(
        "port",
        network_id=room.site.external_network_id,
        project_id=room.project_id,
        security_groups=[group["id"]],
    )
    room.later.callback(room.admin.network.remove, "port", port["id"])
    assert (port["project_id"], port["security_groups"]) == (room.project_id, [group["id"]])
    assert len(port["fixed_ips"]) == 1
    server = room.active_server(networks=[{"port": port["id"]}])
    assert [item["port_id"] for item in room.cloud.compute.interfaces(server["id"])] == [port["id"]]


def test_a_network_is_shared_once_and_as_long_as_it_is_used(room: Room, network: JSON) -> None:
    other = room.site.new_project(room.later)
    key = {
        "object_type": "network",
        "object_id": network["id"],
        "action": "access_as_shared",
        "target_tenant": other,
    }
    policy = room.make("rbac_policy", **key)
    found = room.cloud.network.first("rbac_policy", **key)
    assert found and found["id"] == policy["id"]
    assert room.cloud.network.first("rbac_policy", **{**key, "action": "access_as_external"}) is None
    with pytest.raises(CloudConflict):
        room.cloud.network.create("rbac_policy", **key)
    abroad = room.admin.in_project(other).network
    port = abroad.create("port", network_id=network["id"], project_id=other)
    with pytest.raises(CloudConflict):
        room.cloud.network.remove("rbac_policy", policy["id"])
    abroad.remove("port", port["id"])
    room.cloud.network.remove("rbac_policy", policy["id"])
    room.cloud.network.remove("rbac_policy", policy["id"])
    assert room.cloud.network.first("rbac_policy", **key) is None


def test_security_groups_are_made_in_one_call(room: Room) -> None:
    wanted = [{"name": unique(), "description": f"waldur:{number}"} for number in range(2)]
    made = room.cloud.network.create_many("security_group", wanted)
    for group in made:
        room.later.callback(room.cloud.network.remove, "security_group", group["id"])
    assert [(group["name"], group["description"]) for group in made] == [
        (group["name"], group["description"]) for group in wanted
    ]
