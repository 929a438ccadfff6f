"""Images that a project brings: created empty, filled once, kept from others, used for a volume, removed."""

import hashlib
from collections.abc import Iterator

import pytest

from tests.contract.stage import Room, eventually, unique
from waldur_core.operations.errors import AuthenticationFailed, CloudConflict, Invalid
from waldur_openstack.cloud.gateway import JSON

BLOCK = bytes(65536)
DATA = [BLOCK] * 16


class ClientHasGone(Exception):
    """What ends an upload in the middle."""


def new_image(room: Room, **attributes: object) -> JSON:
    body = {"name": unique("image"), "disk_format": "raw", "container_format": "bare", "visibility": "private"}
    made = room.cloud.image.create_image(**{**body, **attributes})
    room.later.callback(room.cloud.image.delete_image, made["id"])
    return made


def shown(room: Room, image: JSON) -> JSON:
    found = room.cloud.image.image(image["id"])
    assert found
    return found


@pytest.mark.parametrize("size", [len(DATA) * len(BLOCK), None])
def test_an_image_is_made_filled_seen_by_its_project_and_used(room: Room, size: int | None) -> None:
    glance, image = room.cloud.image, new_image(room, min_disk=1, min_ram=64)
    assert (image["status"], image["owner"], image["size"]) == ("queued", room.project_id, None)
    glance.upload_image(image["id"], DATA, size)
    found = shown(room, image)
    assert (found["status"], found["size"], found["os_hash_algo"]) == ("active", len(DATA) * len(BLOCK), "sha512")
    assert found["os_hash_value"] == hashlib.sha512(b"".join(DATA)).hexdigest()
    assert image["id"] in {item["id"] for item in glance.images(owner=room.project_id)}
    assert image["id"] in {item["id"] for item in room.site.member.image.images()}
    stranger = room.site.new_member(room.later, room.site.new_project(room.later)).image
    assert stranger.image(image["id"]) is None
    assert image["id"] not in {item["id"] for item in stranger.images()}
    assert room.volume(imageRef=image["id"])["bootable"] == "true"
    with pytest.raises(CloudConflict, match="active"):
        glance.upload_image(image["id"], DATA, size)


def test_the_service_account_sees_the_images_of_all_projects(room: Room) -> None:
    image = new_image(room)
    elsewhere = room.admin.in_project(room.site.new_project(room.later)).image
    assert image["id"] in {item["id"] for item in elsewhere.images()}
    assert image["id"] not in {item["id"] for item in elsewhere.images(owner=elsewhere.adapter.get_project_id())}


@pytest.mark.parametrize("size", [100 * len(BLOCK), None])
def test_an_upload_that_breaks_off_leaves_the_image_queued(room: Room, size: int | None) -> None:
    glance, image = room.cloud.image, new_image(room)

    def broken() -> Iterator[bytes]:
        yield from DATA
        eventually(lambda: shown(room, image)["status"] == "saving")
        raise ClientHasGone

    with pytest.raises(ClientHasGone):
        glance.upload_image(image["id"], broken(), size)
    eventually(lambda: shown(room, image)["status"] == "queued")
    assert shown(room, image)["size"] is None
    glance.upload_image(image["id"], DATA, len(DATA) * len(BLOCK))
    assert shown(room, image)["status"] == "active"


def test_one_upload_at_a_time(room: Room) -> None:
    glance, image = room.cloud.image, new_image(room)

    def interrupted() -> Iterator[bytes]:
        yield BLOCK
        eventually(lambda: shown(room, image)["status"] == "saving")
        with pytest.raises(CloudConflict, match="saving"):
            glance.upload_image(image["id"], DATA, len(DATA) * len(BLOCK))
        yield BLOCK

    glance.upload_image(image["id"], interrupted(), 2 * len(BLOCK))
    assert shown(room, image)["size"] == 2 * len(BLOCK)


def test_an_image_deleted_during_its_upload_stays_deleted(room: Room) -> None:
    glance, image = room.cloud.image, new_image(room)

    def interrupted() -> Iterator[bytes]:
        yield BLOCK
        eventually(lambda: shown(room, image)["status"] == "saving")
        glance.delete_image(image["id"])
        yield BLOCK

    with pytest.raises(Invalid, match="may have been deleted during the upload"):
        glance.upload_image(image["id"], interrupted(), 2 * len(BLOCK))
    assert glance.image(image["id"]) is None


def test_data_of_another_format_is_refused(room: Room) -> None:
    for name in ("qcow2", "iso", "vhd", "vmdk", "vdi"):
        image = new_image(room, disk_format=name)
        with pytest.raises(Invalid, match=f"disk_format {name} does not match stream data raw"):
            room.cloud.image.upload_image(image["id"], DATA, len(DATA) * len(BLOCK))
        assert shown(room, image)["status"] == "queued"


def test_only_an_administrator_publishes(room: Room) -> None:
    assert new_image(room, visibility="public")["visibility"] == "public"
    with pytest.raises(AuthenticationFailed, match="publicize_image"):
        room.site.member.image.create_image(name=unique("image"), visibility="public")
