"""Volumes and snapshots."""

from contextlib import ExitStack
from typing import Any

import pytest

from tests.contract.stage import Room, Site, device, eventually, unique
from waldur_core.operations.errors import CloudConflict, Invalid, NotFound
from waldur_openstack.cloud.gateway import JSON


def test_a_new_volume_is_being_created_and_then_available(room: Room) -> None:
    made = room.volume(ready=False, description="text", metadata={"waldur_uuid": "1", "their": "own"})
    assert made["status"] == "creating"
    assert made["description"] == "text"
    assert made["metadata"] == {"waldur_uuid": "1", "their": "own"}
    assert made["attachments"] == []
    volume = room.volume_in(made["id"], "available")
    assert volume["size"] == 1
    assert volume["bootable"] == "false"
    assert volume["attachments"] == []
    assert volume["os-vol-tenant-attr:tenant_id"] == room.project_id
    assert "volume_image_metadata" not in volume


def test_a_volume_without_a_type_gets_the_default_one(room: Room) -> None:
    assert room.volume()["volume_type"] in {kind["name"] for kind in room.cloud.block_storage.volume_types()}


@pytest.mark.parametrize("kind", ("ssd", "hdd"))
def test_a_volume_gets_the_type_it_asks_for_by_name(room: Room, kind: str) -> None:
    assert room.volume(volume_type=kind)["volume_type"] == kind


def test_a_volume_of_an_image_is_bootable_and_remembers_the_image(room: Room) -> None:
    image = room.image("cirros")
    volume = room.volume(imageRef=image["id"])
    assert volume["bootable"] == "true"
    kept = volume["volume_image_metadata"]
    assert (kept["image_id"], kept["image_name"]) == (image["id"], "cirros")
    assert (kept["min_disk"], kept["min_ram"]) == (str(image["min_disk"]), str(image["min_ram"]))


def test_a_volume_may_be_made_bootable_and_back(room: Room) -> None:
    volume = room.volume()
    for wanted in (True, False):
        room.cloud.block_storage.set_bootable(volume["id"], wanted)
        shown = room.cloud.block_storage.volume(volume["id"])
        assert shown and shown["bootable"] == str(wanted).lower()


def test_a_volume_is_found_by_its_metadata(room: Room) -> None:
    mark = {"waldur_uuid": unique()}
    storage = room.cloud.block_storage
    assert storage.find_volume(mark) is None
    made = room.volume(ready=False, metadata={**mark, "their": "own"})
    found = storage.find_volume(mark)
    assert found and found["id"] == made["id"]
    assert storage.find_volume({**mark, "their": "other"}) is None
    room.volume_in(made["id"], "available")
    listed = storage.get("/volumes/detail", metadata=f'{{"waldur_uuid": "{mark["waldur_uuid"]}"}}')["volumes"]
    assert [volume["id"] for volume in listed] == [made["id"]]


def test_a_deleted_volume_disappears_and_may_be_deleted_again(room: Room) -> None:
    volume, storage = room.volume(), room.cloud.block_storage
    storage.delete_volume(volume["id"])
    shown = storage.volume(volume["id"])
    assert shown is None or shown["status"] == "deleting"
    storage.delete_volume(volume["id"])
    eventually(lambda: storage.volume(volume["id"]) is None)
    storage.delete_volume(volume["id"])
    assert volume["id"] not in {item["id"] for item in storage.volumes()}


def test_a_volume_in_use_is_not_deleted(room: Room) -> None:
    volume = next(iter(room.cloud.compute.attachments(room.site.server["id"])))
    with pytest.raises(CloudConflict, match=r"(?i)status must be|in use|attached"):
        room.cloud.block_storage.delete_volume(volume["volumeId"])


def test_a_volume_can_be_deleted_by_force(room: Room) -> None:
    volume, storage = room.volume(), room.cloud.block_storage
    storage.force_delete_volume(volume["id"])
    eventually(lambda: storage.volume(volume["id"]) is None)
    with pytest.raises(NotFound, match=volume["id"]):
        storage.force_delete_volume(volume["id"])


def test_a_volume_smaller_than_its_image_wants_is_refused(room: Room) -> None:
    image = room.image("ubuntu-24.04")
    with pytest.raises(Invalid, match=r"(?i)mindisk|image.*size|larger"):
        room.volume(imageRef=image["id"], size=image["min_disk"] - 1)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    (
        ({"size": 0}, "size"),
        ({"size": "much"}, "size|much"),
        ({"size": -1}, "minimum"),
        ({"name": "x" * 256}, "name has 256"),
        ({"metadata": {"key": "x" * 256}}, "key"),
        ({"volume_type": "no-such-type"}, "no-such-type"),
        ({"imageRef": "00000000-0000-4000-a000-000000000000"}, "(?i)image"),
    ),
)
def test_impossible_volumes_are_refused_with_the_reason(room: Room, attributes: dict[str, object], reason: str) -> None:
    with pytest.raises((Invalid, NotFound), match=reason):
        room.volume(**attributes)


def test_cinder_tells_why_it_could_not_make_a_volume(site: Site, later: ExitStack) -> None:
    project = site.new_project(later)
    storage = site.admin.in_project(project).block_storage
    storage.set_quotas(project, {"gigabytes": -1, "per_volume_gigabytes": -1})
    made = storage.create_volume(name=unique(), size=200_000_000)
    eventually(lambda: (storage.volume(made["id"]) or {})["status"] == "error")
    message = storage.last_message(made["id"])
    assert message
    assert message["user_message"] == "schedule allocate volume:Could not find any available weighted backend."
    assert storage.last_message("00000000-0000-4000-8000-000000000000") is None


def test_a_volume_with_a_snapshot_stays(room: Room) -> None:
    volume, storage = room.volume(), room.cloud.block_storage
    body = {"snapshot": {"volume_id": volume["id"], "name": unique("snapshot")}}
    snapshot = storage.post("/snapshots", body)["snapshot"]
    room.later.callback(lambda: eventually(lambda: snapshot["id"] not in {s["id"] for s in storage.snapshots()}))
    room.later.callback(storage.delete_snapshot, snapshot["id"])
    eventually(lambda: [s["status"] for s in storage.snapshots() if s["id"] == snapshot["id"]] == ["available"])
    with pytest.raises(CloudConflict, match=r"(?i)snapshot"):
        storage.delete_volume(volume["id"])


def test_a_deleted_snapshot_leaves_the_list(room: Room) -> None:
    volume, storage = room.volume(), room.cloud.block_storage
    snapshot = storage.post("/snapshots", {"snapshot": {"volume_id": volume["id"], "name": unique()}})["snapshot"]
    assert snapshot["status"] == "creating"
    eventually(lambda: [s["status"] for s in storage.snapshots() if s["id"] == snapshot["id"]] == ["available"])
    storage.delete_snapshot(snapshot["id"])
    statuses = {s["status"] for s in storage.snapshots() if s["id"] == snapshot["id"]}
    assert statuses <= {"deleting"}
    eventually(lambda: snapshot["id"] not in {s["id"] for s in storage.snapshots()})
    storage.delete_snapshot(snapshot["id"])


def test_lists_show_the_projects_own_volumes_only(room: Room) -> None:
    volume = room.volume(ready=False)
    assert volume["id"] in {item["id"] for item in room.cloud.block_storage.volumes()}
    assert volume["id"] not in {item["id"] for item in room.admin.block_storage.volumes()}
    assert room.admin.block_storage.volume(volume["id"])


def test_a_volume_of_a_server_knows_its_device_and_comes_back(room: Room) -> None:
    boot, data = room.boot_volume(), room.volume()
    server = room.active_server(block_device_mapping_v2=[device(boot, 0), device(data, -1, goes_with_server=False)])
    devices = {}
    for volume in (boot, data):
        used = room.volume_in(volume["id"], "in-use")
        (attachment,) = used["attachments"]
        assert attachment["server_id"] == server["id"]
        devices[volume["id"]] = attachment["device"]
    assert [name[:5] + name[-1] for name in devices.values()] == ["/dev/a", "/dev/b"]
    attached = room.cloud.compute.attachments(server["id"])
    assert {item["volumeId"]: item["device"] for item in attached} == devices
    room.cloud.compute.detach_volume(server["id"], data["id"])
    assert room.volume_in(data["id"], "available")["attachments"] == []
    room.cloud.compute.detach_volume(server["id"], data["id"])
    room.remove_server(server["id"])
    eventually(lambda: room.cloud.block_storage.volume(boot["id"]) is None)
    assert room.cloud.block_storage.volume(data["id"])


def snapshot_of(room: Room, volume_id: str, **attributes: Any) -> JSON:
    """An available snapshot, removed after the test."""
    storage = room.cloud.block_storage
    made = storage.create_snapshot(volume_id=volume_id, **{"name": unique("snapshot"), **attributes})
    room.later.callback(lambda: eventually(lambda: storage.snapshot(made["id"]) is None))
    room.later.callback(storage.delete_snapshot, made["id"])
    return eventually(lambda: (found := storage.snapshot(made["id"])) and found["status"] == "available" and found)


def test_a_snapshot_is_found_by_its_metadata_and_changed(room: Room) -> None:
    volume, storage, mark = room.volume(), room.cloud.block_storage, {"waldur_uuid": unique()}
    assert storage.find_snapshot(volume["id"], mark) is None
    snapshot = snapshot_of(room, volume["id"], metadata={**mark, "their": "own"})
    assert (snapshot["size"], snapshot["volume_id"]) == (1, volume["id"])
    found = storage.find_snapshot(volume["id"], mark)
    assert found and found["id"] == snapshot["id"]
    assert storage.update_snapshot(snapshot["id"], name="other", description="text")["name"] == "other"
    storage.set_snapshot_metadata(snapshot["id"], mark)
    shown = storage.snapshot(snapshot["id"])
    assert shown and (shown["name"], shown["description"], shown["metadata"]) == ("other", "text", mark)


def test_a_volume_in_use_is_copied(room: Room) -> None:
    (attachment,) = room.cloud.compute.attachments(room.site.server["id"])
    assert snapshot_of(room, attachment["volumeId"])["status"] == "available"


def test_a_volume_of_a_snapshot_inherits_size_type_and_flag(room: Room) -> None:
    boot = room.volume(imageRef=room.image("cirros")["id"], volume_type="hdd")
    snapshot = snapshot_of(room, boot["id"])
    volume = room.volume(snapshot_id=snapshot["id"], size=snapshot["size"])
    assert (volume["snapshot_id"], volume["volume_type"], volume["size"]) == (snapshot["id"], "hdd", 1)
    assert volume["bootable"] == "true"


def test_a_volume_gets_another_name_and_type(room: Room) -> None:
    volume, storage = room.volume(volume_type="ssd"), room.cloud.block_storage
    assert storage.update_volume(volume["id"], name="other", description="text")["name"] == "other"
    storage.retype_volume(volume["id"], "hdd")
    eventually(lambda: (found := storage.volume(volume["id"])) and found["volume_type"] == "hdd")
    assert room.volume_in(volume["id"], "available")["name"] == "other"
    with pytest.raises((Invalid, NotFound), match="no-such-type"):
        storage.retype_volume(volume["id"], "no-such-type")


def test_clouds_say_whether_attached_volumes_grow(room: Room) -> None:
    assert room.cloud.block_storage.supports("3.42")
    assert room.cloud.compute.supports("2.51")
