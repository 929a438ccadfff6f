"""Nova: servers through their states, and what forbids an action."""

from typing import Any

import pytest

from tests.twins.conftest import Site
from tests.twins.wire import Answer, Wire
from twins.openstack import TwinClient

NOVA = "/compute/v2.1"
NEWEST = {"OpenStack-API-Version": "compute 2.96, volume 3.71"}
NOWHERE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def member(member: Wire) -> Wire:
    member.headers = NEWEST
    return member


def wish(site: Site, **more: Any) -> dict[str, Any]:
    """The body of a request for a server; a field given as None is left out."""
    plain = {
        "name": "s",
        "imageRef": site.image_id,
        "flavorRef": site.flavor_id,
        "networks": [{"uuid": site.network_id}],
    }
    return {"server": {name: value for name, value in {**plain, **more}.items() if value is not None}}


def boot(wire: Wire, site: Site, **more: Any) -> str:
    return wire.post(f"{NOVA}/servers", wish(site, **more))["server"]["id"]


def act(wire: Wire, server: str, **action: Any) -> Answer:
    return wire.call("POST", f"{NOVA}/servers/{server}/action", action)


def show(wire: Wire, server: str, **headers: str) -> dict[str, Any]:
    return wire.get(f"{NOVA}/servers/{server}", **headers)["server"]


def reason(answer: Answer) -> str:
    (fault,) = answer.body.values()
    assert fault["code"] == answer.status
    return fault["message"]


def test_a_server_is_built_while_nobody_waits(member: Wire, site: Site, inspect: TwinClient) -> None:
    inspect.set_latency({"server.build": 30})
    server = boot(member, site, metadata={"a": "b"}, description="d")
    building = show(member, server)
    assert (building["status"], building["OS-EXT-STS:task_state"]) == ("BUILD", "scheduling")
    inspect.advance(31)
    active = show(member, server)
    assert (active["status"], active["OS-EXT-STS:power_state"], active["metadata"]) == ("ACTIVE", 1, {"a": "b"})


def test_fields_depend_on_the_microversion_and_on_the_caller(member: Wire, admin: Wire, site: Site) -> None:
    server = boot(member, site)
    oldest = show(member, server, OpenStack_API_Version="compute 2.1")
    newest = show(member, server)
    assert (oldest["flavor"]["id"], newest["flavor"]["original_name"]) == (site.flavor_id, "m1.tiny")
    assert "description" not in oldest
    assert "OS-EXT-SRV-ATTR:host" not in newest
    assert show(admin, server)["OS-EXT-SRV-ATTR:host"] == "compute-1"
    answer = member.call("GET", f"{NOVA}/servers", OpenStack_API_Version="compute 2.999")
    assert answer.status == 406


@pytest.mark.parametrize(
    ("more", "status", "text"),
    [
        ({"networks": None}, 400, "'networks' is a required property"),
        ({"flavorRef": "zzz"}, 400, "Flavor zzz could not be found."),
        ({"imageRef": NOWHERE}, 400, "Can not find requested image"),
        ({"imageRef": ""}, 400, "Missing imageRef attribute"),
        ({"networks": [{"uuid": NOWHERE}]}, 400, f"Network {NOWHERE} could not be found."),
        ({"networks": [{"port": NOWHERE}]}, 400, f"Port id {NOWHERE} could not be found."),
        ({"key_name": "nope"}, 400, "Invalid key_name provided."),
        ({"security_groups": [{"name": "nope"}]}, 400, "Unable to find security_group with name or id 'nope'"),
        ({"availability_zone": "nope"}, 400, "The requested availability zone is not available"),
        ({"user_data": "not base64 !!"}, 400, "'not base64 !!' is not a 'base64'"),
        ({"bogus": 1}, 400, "Additional properties are not allowed ('bogus' was unexpected)"),
    ],
)
def test_a_server_that_cannot_be_is_refused(member: Wire, site: Site, more: dict, status: int, text: str) -> None:
    answer = member.call("POST", f"{NOVA}/servers", wish(site, **more))
    assert answer.status == status
    assert reason(answer).endswith(text)


def test_the_image_asks_for_memory_and_disk(member: Wire, site: Site) -> None:
    body = {"name": "big", "disk_format": "raw", "container_format": "bare", "min_disk": 500, "min_ram": 64000}
    image = member.post("/image/v2/images", body)["id"]
    answer = member.call("POST", f"{NOVA}/servers", wish(site, imageRef=image))
    assert reason(answer) == f"Image {image} is not active."
    member.put(f"/image/v2/images/{image}/file", b"data", Content_Type="application/octet-stream")
    answer = member.call("POST", f"{NOVA}/servers", wish(site, imageRef=image))
    assert reason(answer) == "Flavor's memory is too small for requested image."
    patch = [{"op": "replace", "path": "/min_ram", "value": 1}]
    kind = "application/openstack-images-v2.1-json-patch"
    assert member.call("PATCH", f"/image/v2/images/{image}", patch, Content_Type=kind).status == 200
    answer = member.call("POST", f"{NOVA}/servers", wish(site, imageRef=image))
    assert reason(answer).startswith("Flavor's disk is smaller than the minimum size specified in image metadata.")


def test_a_server_boots_from_new_volumes_that_go_with_it(member: Wire, site: Site) -> None:
    disk = {"source_type": "image", "destination_type": "volume", "uuid": site.image_id, "volume_size": 2}
    blank = {"source_type": "blank", "destination_type": "volume", "volume_size": 1, "boot_index": -1}
    disks = [{**disk, "boot_index": 0, "delete_on_termination": True}, blank]
    server = boot(member, site, imageRef=None, block_device_mapping_v2=disks)
    assert show(member, server)["image"] == ""
    volumes = member.get("/volume/v3/{project}/volumes/detail")["volumes"]
    devices = {row["attachments"][0]["device"]: (row["size"], row["bootable"]) for row in volumes}
    assert devices == {"/dev/vda": (2, "true"), "/dev/vdb": (1, "false")}
    member.delete(f"{NOVA}/servers/{server}")
    (left,) = member.get("/volume/v3/{project}/volumes/detail")["volumes"]
    assert (left["size"], left["status"]) == (1, "available")


def test_a_volume_that_is_taken_cannot_boot(member: Wire, site: Site) -> None:
    body = {"size": 1, "imageRef": site.image_id}
    volume = member.post("/volume/v3/{project}/volumes", {"volume": body})["volume"]["id"]
    disks = [{"source_type": "volume", "destination_type": "volume", "uuid": volume, "boot_index": 0}]
    boot(member, site, imageRef=None, block_device_mapping_v2=disks)
    answer = member.call("POST", f"{NOVA}/servers", wish(site, imageRef=None, block_device_mapping_v2=disks))
    assert answer.status == 400
    assert f"Volume {volume} status must be available" in reason(answer)


def test_a_given_port_is_taken_and_survives_the_server(member: Wire, site: Site) -> None:
    port = member.post("/network/v2.0/ports", {"port": {"network_id": site.network_id}})["port"]
    server = boot(member, site, networks=[{"port": port["id"]}])
    taken = member.get(f"/network/v2.0/ports/{port['id']}")["port"]
    assert (taken["device_id"], taken["device_owner"], taken["status"]) == (server, "compute:nova", "ACTIVE")
    answer = member.call("POST", f"{NOVA}/servers", wish(site, networks=[{"port": port["id"]}]))
    assert (answer.status, reason(answer)) == (409, f"Port {port['id']} is still in use.")
    member.delete(f"{NOVA}/servers/{server}")
    assert member.get(f"/network/v2.0/ports/{port['id']}")["port"]["device_id"] == ""


def test_ports_that_nova_made_go_with_the_server(member: Wire, site: Site) -> None:
    server = boot(member, site)
    assert len(member.get(f"/network/v2.0/ports?device_id={server}")["ports"]) == 1
    member.delete(f"{NOVA}/servers/{server}")
    assert member.get(f"/network/v2.0/ports?device_id={server}")["ports"] == []


def test_servers_stop_start_reboot_and_rescue(member: Wire, site: Site) -> None:
    server = boot(member, site)
    for action, status in (
        ({"os-stop": None}, "SHUTOFF"),
        ({"os-start": None}, "ACTIVE"),
        ({"reboot": {"type": "SOFT"}}, "ACTIVE"),
        ({"rescue": {}}, "RESCUE"),
        ({"unrescue": None}, "ACTIVE"),
        ({"pause": None}, "PAUSED"),
        ({"unpause": None}, "ACTIVE"),
        ({"suspend": None}, "SUSPENDED"),
        ({"resume": None}, "ACTIVE"),
    ):
        assert act(member, server, **action).status in (200, 202)
        assert show(member, server)["status"] == status, action


def test_an_action_out_of_place_is_a_conflict(member: Wire, site: Site, inspect: TwinClient) -> None:
    server = boot(member, site)
    answer = act(member, server, **{"os-start": None})
    assert answer.status == 409
    assert reason(answer) == f"Cannot 'start' instance {server} while it is in vm_state active"
    inspect.set_latency({"server.stop": 30})
    act(member, server, **{"os-stop": None})
    answer = act(member, server, **{"os-stop": None})
    assert reason(answer) == f"Cannot 'stop' instance {server} while it is in task_state powering-off"
    answer = act(member, server, bogus=None)
    assert (answer.status, reason(answer)) == (400, "There is no such action: bogus")


def test_a_resize_is_confirmed_or_taken_back(member: Wire, site: Site) -> None:
    small = next(row["id"] for row in member.get(f"{NOVA}/flavors")["flavors"] if row["name"] == "m1.small")
    server = boot(member, site)
    for end, flavor in (("revertResize", "m1.tiny"), ("confirmResize", "m1.small")):
        assert act(member, server, resize={"flavorRef": small}).status == 202
        assert show(member, server)["status"] == "VERIFY_RESIZE"
        assert act(member, server, **{end: None}).status in (202, 204)
        after = show(member, server)
        assert (after["status"], after["flavor"]["original_name"]) == ("ACTIVE", flavor)
    assert reason(act(member, server, resize={"flavorRef": small})) == "When resizing, instances must change flavor!"


def test_volumes_are_attached_by_device_and_detached(member: Wire, site: Site) -> None:
    server = boot(member, site)
    volume = member.post("/volume/v3/{project}/volumes", {"volume": {"size": 1}})["volume"]["id"]
    path = f"{NOVA}/servers/{server}/os-volume_attachments"
    attachment = member.post(path, {"volumeAttachment": {"volumeId": volume}})["volumeAttachment"]
    assert attachment["device"] == "/dev/vdb"
    assert member.get(f"/volume/v3/{{project}}/volumes/{volume}")["volume"]["status"] == "in-use"
    again = member.call("POST", path, {"volumeAttachment": {"volumeId": volume}})
    assert reason(again) == f"Invalid volume: volume {volume} is already attached to instances: {server}"
    member.delete(f"{path}/{volume}")
    assert member.get(f"/volume/v3/{{project}}/volumes/{volume}")["volume"]["status"] == "available"
    assert member.get(path)["volumeAttachments"] == []


def test_interfaces_and_security_groups_come_and_go(member: Wire, site: Site) -> None:
    server = boot(member, site)
    path = f"{NOVA}/servers/{server}/os-interface"
    body = {"interfaceAttachment": {"net_id": site.network_id}}
    port = member.post(path, body)["interfaceAttachment"]["port_id"]
    assert len(member.get(path)["interfaceAttachments"]) == 2
    member.delete(f"{path}/{port}")
    assert len(member.get(path)["interfaceAttachments"]) == 1
    member.post("/network/v2.0/security-groups", {"security_group": {"name": "web"}})
    assert act(member, server, addSecurityGroup={"name": "web"}).status == 202
    assert {"name": "web"} in show(member, server)["security_groups"]
    assert act(member, server, removeSecurityGroup={"name": "web"}).status == 202
    assert show(member, server)["security_groups"] == [{"name": "default"}]


def test_deleted_servers_are_listed_by_what_changed(member: Wire, admin: Wire, site: Site) -> None:
    server = boot(member, site)
    member.delete(f"{NOVA}/servers/{server}")
    assert member.get(f"{NOVA}/servers")["servers"] == []
    (row,) = member.get(f"{NOVA}/servers/detail?changes-since=2020-01-01T00:00:00Z")["servers"]
    assert (row["id"], row["status"]) == (server, "DELETED")
    (row,) = admin.get(f"{NOVA}/servers/detail?deleted=true&all_tenants=1")["servers"]
    assert row["id"] == server


def test_lists_are_filtered_by_name_status_and_project(member: Wire, admin: Wire, site: Site) -> None:
    servers = {name: boot(member, site, name=name) for name in ("web-1", "web-2", "db-1")}
    act(member, servers["db-1"], **{"os-stop": None})
    for query, names in {
        "name=^web": ["web-2", "web-1"],
        "status=SHUTOFF": ["db-1"],
        "name=1$&sort_key=display_name&sort_dir=asc": ["db-1", "web-1"],
    }.items():
        assert [row["name"] for row in member.get(f"{NOVA}/servers?{query}")["servers"]] == names
    assert admin.get(f"{NOVA}/servers")["servers"] == []
    path = f"{NOVA}/servers/detail?all_tenants=1&project_id={member.project_id}"
    assert len(admin.get(path)["servers"]) == 3
    assert member.call("GET", f"{NOVA}/servers?all_tenants=1").status == 403


def test_a_server_belongs_to_its_project(member: Wire, stranger: Wire, site: Site) -> None:
    server = boot(member, site)
    answer = stranger.call("GET", f"{NOVA}/servers/{server}")
    assert answer.body == {"itemNotFound": {"code": 404, "message": f"Instance {server} could not be found."}}


def test_quotas_refuse_with_figures(member: Wire, admin: Wire, site: Site) -> None:
    boot(member, site)
    admin.put(f"{NOVA}/os-quota-sets/{member.project_id}", {"quota_set": {"cores": 1, "ram": 512}})
    answer = member.call("POST", f"{NOVA}/servers", wish(site))
    assert answer.status == 403
    assert reason(answer) == (
        "Quota exceeded for cores, ram: Requested 1, 512, but already used 1, 512 of 1, 512 cores, ram"
    )
    answer = admin.call("PUT", f"{NOVA}/os-quota-sets/{member.project_id}", {"quota_set": {"cores": 0}})
    assert reason(answer) == "Quota limit 0 for cores must be greater than or equal to already used and reserved 1."
    detail = member.get(f"{NOVA}/os-quota-sets/{member.project_id}/detail")["quota_set"]
    assert detail["cores"] == {"limit": 1, "in_use": 1, "reserved": 0}


def test_server_groups_show_their_members_and_their_version(member: Wire, site: Site) -> None:
    body = {"server_group": {"name": "g", "policy": "anti-affinity", "rules": {"max_server_per_host": 2}}}
    group = member.post(f"{NOVA}/os-server-groups", body)["server_group"]["id"]
    hinted = {**wish(site), "os:scheduler_hints": {"group": group}}
    server = member.post(f"{NOVA}/servers", hinted)["server"]["id"]
    shown = member.get(f"{NOVA}/os-server-groups/{group}")["server_group"]
    assert (shown["members"], shown["policy"]) == ([server], "anti-affinity")
    old = member.get(f"{NOVA}/os-server-groups/{group}", OpenStack_API_Version="compute 2.1")["server_group"]
    assert old["policies"] == ["anti-affinity"]


def test_key_pairs_have_fingerprints_and_unique_names(member: Wire) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKvdp+TS4dDZdkLFOSWNb9Pkg5LGfqZqHVCkCKRx7Gd a@b"
    body = {"keypair": {"name": "k", "public_key": key}}
    pair = member.post(f"{NOVA}/os-keypairs", body)["keypair"]
    assert pair["fingerprint"] == "cd:da:1e:95:ef:59:6e:2f:f9:86:2e:11:71:bc:d8:54"
    answer = member.call("POST", f"{NOVA}/os-keypairs", body)
    assert (answer.status, reason(answer)) == (409, "Key pair 'k' already exists.")
    bad = {"keypair": {"name": "z", "public_key": "bogus"}}
    assert reason(member.call("POST", f"{NOVA}/os-keypairs", bad)).startswith("Keypair data is invalid")
