"""Renames, metadata, console output and rescue of a server."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.contract.stage import Room, Site, unique
from waldur_core.operations.errors import CloudConflict, Invalid, NotFound, OperationError
from waldur_openstack.cloud.gateway import JSON


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[JSON]:
    """One for all tests here: each leaves it ACTIVE."""
    with ExitStack() as later:
        yield Room(site, later).active_server(metadata={"waldur_uuid": "mark"})


@pytest.fixture
def rescue_image(room: Room) -> JSON:
    """An image with the properties that a rescue of a server with a boot volume needs; it never has any data."""
    return make_image(room, hw_rescue_device="disk", hw_rescue_bus="virtio")


def make_image(room: Room, **properties: Any) -> JSON:
    body = {"name": unique("rescue"), "disk_format": "raw", "container_format": "bare", **properties}
    made: JSON = room.cloud.image.post("/images", body)
    room.later.callback(room.cloud.image.delete, f"/images/{made['id']}")
    room.cloud.image.call(
        "PUT", f"/images/{made['id']}/file", data=b"x" * 512, headers={"Content-Type": "application/octet-stream"}
    )
    return made


def test_a_server_and_its_volume_take_new_names(room: Room, server: JSON) -> None:
    name = unique("renamed")
    room.cloud.compute.update_server(server["id"], name=name, description="new")
    found = room.cloud.compute.server(server["id"])
    assert found and (found["name"], found["description"]) == (name, "new")
    (attachment,) = room.cloud.compute.attachments(server["id"])
    changed = room.cloud.block_storage.update_volume(attachment["volumeId"], name=f"{name}-system")
    assert changed["name"] == f"{name}-system"


def test_metadata_is_replaced_as_a_whole(room: Room, server: JSON) -> None:
    for wanted in ({"a": "1", "waldur_uuid": "mark"}, {"b": "", "waldur_uuid": "mark"}):
        room.cloud.compute.set_metadata(server["id"], wanted)
        found = room.cloud.compute.server(server["id"])
        assert found and found["metadata"] == wanted
    for wrong in ({"a": "x" * 256}, {"k" * 256: "x"}):
        with pytest.raises(Invalid):
            room.cloud.compute.set_metadata(server["id"], wrong)


def test_as_much_metadata_as_nova_takes(room: Room, server: JSON) -> None:
    room.cloud.compute.set_metadata(server["id"], {str(number): "x" for number in range(128)})
    with pytest.raises(OperationError, match="exceeds 128"):
        room.cloud.compute.set_metadata(server["id"], {str(number): "x" for number in range(129)})


def test_the_console_has_said_something(room: Room, server: JSON) -> None:
    compute = room.cloud.compute
    assert isinstance(compute.console_log(server["id"]), str)
    assert len(compute.console_log(server["id"], 1).splitlines()) <= len(compute.console_log(server["id"]).splitlines())
    with pytest.raises(NotFound):
        compute.console_log("00000000-0000-4000-a000-000000000000")


def test_a_server_that_boots_from_a_volume_needs_an_image_for_rescue(room: Room, server: JSON) -> None:
    plain = make_image(room, hw_rescue_bus="virtio")
    for image in ("", plain["id"]):
        with pytest.raises(Invalid, match="Cannot rescue a volume-backed instance"):
            room.cloud.compute.rescue(server["id"], image)
    with pytest.raises(Invalid):
        room.cloud.compute.rescue(server["id"], "00000000-0000-4000-a000-000000000000")


def test_a_server_is_rescued_and_comes_back(room: Room, server: JSON, rescue_image: JSON) -> None:
    compute, key = room.cloud.compute, server["id"]
    try:
        compute.rescue(key, rescue_image["id"])
    except Invalid as error:  # the lab has no hypervisor that can
        assert room.site.name == "lab" and "Host unable to rescue a volume-backed instance" in error.message
        return
    room.server_in(key, "RESCUE")
    with pytest.raises(CloudConflict, match="rescued"):
        compute.rescue(key, rescue_image["id"])
    compute.act(key, "unrescue")
    room.server_in(key, "ACTIVE")
    with pytest.raises(CloudConflict, match="active"):
        compute.act(key, "unrescue")
