"""Servers as our workflows make, find and remove them."""

import base64

import pytest

from tests.contract.stage import Room, device, eventually, unique
from waldur_core.operations.errors import CloudConflict, Invalid, NotFound
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON


def ports_of(cloud: Cloud, server: JSON) -> list[JSON]:
    return cloud.network.list("port", device_id=server["id"])


def test_a_server_is_built_from_a_volume_and_a_port(room: Room) -> None:
    boot, port = room.boot_volume(), room.port()
    wanted = {
        "name": unique("server"),
        "description": "text",
        "metadata": {"waldur_uuid": unique(), "their": "own"},
        "user_data": base64.b64encode(b"#cloud-config").decode(),
        "availability_zone": "nova",
        "config_drive": True,
        "networks": [{"port": port["id"]}],
        "block_device_mapping_v2": [device(boot, 0)],
    }
    made = room.server(**wanted)
    assert made.keys() >= {"id", "links"}
    seen: list[str] = []

    def built() -> JSON | None:
        server = room.cloud.compute.server(made["id"])
        assert server
        seen.append(server["status"])
        if server["status"] == "BUILD":
            assert server["OS-SRV-USG:launched_at"] is None
            assert server["addresses"] == {}
        return server if server["status"] != "BUILD" else None

    server = eventually(built)
    assert set(seen) <= {"BUILD", "ACTIVE"}
    assert server["status"] == "ACTIVE"
    assert server["OS-EXT-STS:task_state"] is None
    assert server["OS-SRV-USG:launched_at"]
    assert server["OS-EXT-SRV-ATTR:hypervisor_hostname"]
    assert server["OS-EXT-AZ:availability_zone"] == "nova"
    assert (server["name"], server["description"]) == (wanted["name"], "text")
    assert server["metadata"] == wanted["metadata"]
    assert server["key_name"] is None
    assert server["flavor"]["vcpus"] == room.flavor()["vcpus"]
    assert server["image"] == ""
    assert "fault" not in server
    (used,) = ports_of(room.cloud, server)
    assert used["id"] == port["id"]
    assert (used["status"], used["device_owner"]) == ("ACTIVE", "compute:nova")
    (addresses,) = server["addresses"].values()
    assert [address["addr"] for address in addresses] == [port["fixed_ips"][0]["ip_address"]]


def test_a_server_with_an_odd_name_is_found_by_it_and_metadata(room: Room) -> None:
    server, compute = room.site.server, room.cloud.compute
    found = compute.find_server(server["name"], {"waldur_uuid": "shared"})
    assert found and found["id"] == server["id"]
    assert compute.find_server(server["name"], {"waldur_uuid": "other"}) is None
    assert compute.find_server(server["name"][:-1], {"waldur_uuid": "shared"}) is None
    assert server["id"] in {item["id"] for item in compute.servers()}
    assert server["id"] not in {item["id"] for item in room.admin.compute.servers()}


def test_a_server_takes_its_boot_volume_along_and_leaves_its_port(room: Room) -> None:
    boot, data, port = room.boot_volume(), room.volume(), room.port()
    devices = [device(boot, 0), device(data, -1)]
    server = room.active_server(block_device_mapping_v2=devices, networks=[{"port": port["id"]}])
    room.cloud.compute.delete_server(server["id"])
    seen = set()

    def gone() -> bool:
        found = room.cloud.compute.server(server["id"])
        seen.add(found["status"] if found else None)
        return found is None

    eventually(gone)
    assert seen <= {"ACTIVE", "DELETED", None}
    room.cloud.compute.delete_server(server["id"])
    assert room.cloud.compute.attachments(server["id"]) == []
    for volume in (boot, data):
        eventually(lambda volume=volume: room.cloud.block_storage.volume(volume["id"]) is None)
    left = room.cloud.network.show("port", port["id"])
    assert left
    assert (left["device_id"], left["device_owner"], left["status"]) == ("", "", "DOWN")


def test_a_server_may_be_deleted_while_it_is_built(room: Room) -> None:
    server = room.server()
    room.cloud.compute.delete_server(server["id"])
    eventually(lambda: room.cloud.compute.server(server["id"]) is None)


def test_no_room_for_a_server_is_an_error_with_a_reason(room: Room) -> None:
    flavor = {"name": unique("huge"), "vcpus": 1, "ram": 10_000_000, "disk": 0}
    made = room.admin.compute.post("/flavors", {"flavor": flavor})["flavor"]
    room.later.callback(room.admin.compute.delete, f"/flavors/{made['id']}")
    project = room.site.new_project(room.later)
    room.cloud = room.admin.in_project(project)
    room.admin.compute.set_quotas(project, {"ram": -1})
    server_id = room.server_in(room.server(flavorRef=made["id"])["id"], "ERROR")["id"]
    server = eventually(lambda: told if "fault" in (told := room.cloud.compute.server(server_id) or {}) else None)
    assert server["fault"]["message"].startswith("No valid host was found")
    assert server["fault"]["code"] == 500


@pytest.mark.parametrize(
    ("change", "reason"),
    (
        ({"flavorRef": "no-such-flavor"}, "no-such-flavor"),
        ({"availability_zone": "nowhere"}, "(?i)availability zone"),
        ({"key_name": "nobody"}, "(?i)key"),
        ({"networks": [{"port": "00000000-0000-4000-a000-000000000000"}]}, "00000000-0000-4000-a000-000000000000"),
        ({"name": ""}, "name"),
        ({"user_data": "abcde"}, "user_data"),
        ({"metadata": {"key": "x" * 256}}, "attribute key"),
        ({"metadata": {"a/b": "1"}}, "a/b"),
        ({"description": "x" * 256}, "attribute description"),
    ),
)
def test_impossible_servers_are_refused_with_the_reason(room: Room, change: JSON, reason: str) -> None:
    body = {"networks": [], "block_device_mapping_v2": [], **change}
    with pytest.raises((Invalid, NotFound), match=reason):
        room.server(imageRef=room.image("cirros")["id"], **body)


def test_a_volume_that_is_taken_boots_no_second_server(room: Room) -> None:
    (taken, *_) = room.cloud.compute.attachments(room.site.server["id"])
    with pytest.raises((CloudConflict, Invalid), match=taken["volumeId"]):
        room.server(block_device_mapping_v2=[device({"id": taken["volumeId"]}, 0)])


def test_a_port_that_is_taken_serves_no_second_server(room: Room) -> None:
    (taken,) = ports_of(room.cloud, room.site.server)
    with pytest.raises(CloudConflict, match=taken["id"]):
        room.server(networks=[{"port": taken["id"]}])


def test_a_server_group_is_a_hint_and_counts_its_members(room: Room) -> None:
    compute = room.cloud.compute
    body = {"server_group": {"name": unique("group"), "policies": ["affinity"]}}
    group = compute.post("/os-server-groups", body)["server_group"]
    room.later.callback(compute.delete_server_group, group["id"])
    assert group["id"] in {item["id"] for item in compute.server_groups()}
    server = room.server_in(room.server({"group": group["id"]})["id"], "ACTIVE")
    (members,) = [item["members"] for item in compute.server_groups() if item["id"] == group["id"]]
    assert members == [server["id"]]
    compute.delete_server_group(group["id"])
    compute.delete_server_group(group["id"])
    assert group["id"] not in {item["id"] for item in compute.server_groups()}


def test_an_unknown_server_group_is_refused(room: Room) -> None:
    with pytest.raises((Invalid, NotFound), match=r"(?i)group"):
        room.server({"group": "00000000-0000-4000-a000-000000000000"})


def test_an_unknown_server_is_none(room: Room) -> None:
    assert room.cloud.compute.server("00000000-0000-4000-a000-000000000000") is None
    assert room.cloud.compute.attachments("00000000-0000-4000-a000-000000000000") == []
    room.cloud.compute.delete_server("00000000-0000-4000-a000-000000000000")
