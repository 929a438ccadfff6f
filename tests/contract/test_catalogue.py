"""What a cloud offers: the keys that we read of flavors, images, volume types and zones."""

from tests.contract.stage import Room


def test_flavors_answer_what_we_keep(room: Room) -> None:
    flavors = {flavor["name"]: flavor for flavor in room.cloud.compute.flavors()}
    tiny = flavors["m1.tiny"]
    assert tiny.items() >= {"vcpus": 1, "ram": 512, "disk": 1, "os-flavor-access:is_public": True}.items()
    assert isinstance(tiny["id"], str)


def test_a_flavor_of_others_is_not_listed_and_one_shared_with_us_is_private(room: Room) -> None:
    compute = room.admin.compute
    private = {"name": "private", "vcpus": 1, "ram": 64, "disk": 0, "os-flavor-access:is_public": False}
    flavor = compute.post("/flavors", {"flavor": private})["flavor"]
    room.later.callback(compute.delete, f"/flavors/{flavor['id']}")
    member = room.site.member.compute
    assert flavor["id"] not in {item["id"] for item in member.flavors()}
    grant = {"addTenantAccess": {"tenant": room.project_id}}
    compute.post(f"/flavors/{flavor['id']}/action", grant)
    (found,) = [item for item in member.flavors() if item["id"] == flavor["id"]]
    assert found["os-flavor-access:is_public"] is False


def test_images_answer_what_we_keep(room: Room) -> None:
    images = {image["name"]: image for image in room.cloud.image.images(status="active")}
    cirros = images["cirros"]
    assert cirros.items() >= {"min_disk": 1, "min_ram": 64, "visibility": "public", "status": "active"}.items()
    assert cirros["created_at"].endswith("Z")
    assert "hw_rescue_device" not in cirros


def test_properties_of_an_image_are_keys_of_its_own(room: Room) -> None:
    image = room.cloud.image
    body = {
        "name": "contract-rescue",
        "disk_format": "raw",
        "container_format": "bare",
        "visibility": "private",
        "hw_rescue_device": "disk",
        "hw_rescue_bus": "virtio",
    }
    made = image.post("/images", body)
    room.later.callback(image.delete, f"/images/{made['id']}")
    (found,) = image.images(name="contract-rescue")
    assert found.items() >= {**body, "status": "queued"}.items()
    assert made["id"] not in {item["id"] for item in image.images(status="active")}
    assert image.images(name="contract-rescue", visibility="public") == []


def test_volume_types_answer_what_we_keep(room: Room) -> None:
    types = {kind["name"]: kind for kind in room.cloud.block_storage.volume_types()}
    assert {"ssd", "hdd"} <= types.keys()
    assert types["ssd"]["is_public"] is True
    assert types["ssd"]["description"] is None
    assert types["ssd"]["id"] != types["hdd"]["id"]


def test_a_private_volume_type_is_shown_to_those_who_may_use_it(room: Room) -> None:
    storage, member = room.admin.block_storage, room.site.member.block_storage
    body = {"volume_type": {"name": "contract-private", "os-volume-type-access:is_public": False}}
    kind = storage.post("/types", body)["volume_type"]
    room.later.callback(storage.delete, f"/types/{kind['id']}")
    assert kind["id"] not in {item["id"] for item in member.volume_types()}
    storage.post(f"/types/{kind['id']}/action", {"addProjectAccess": {"project": room.project_id}})
    (found,) = [item for item in member.volume_types() if item["id"] == kind["id"]]
    assert found["is_public"] is False


def test_zones_have_a_name_and_say_whether_they_are_available(room: Room) -> None:
    for cloud in (room.cloud, room.site.member):
        compute = {zone["zoneName"]: zone["zoneState"]["available"] for zone in cloud.compute.zones()}
        assert compute == {"nova": True, "az2": True}
        storage = {zone["zoneName"]: zone["zoneState"]["available"] for zone in cloud.block_storage.zones()}
        assert storage["nova"] is True


def test_microversions_are_discovered(room: Room) -> None:
    assert room.cloud.compute.supports("2.1")
    assert room.cloud.compute.supports("2.47")
    assert not room.cloud.compute.supports("2.999")
