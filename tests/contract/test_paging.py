"""Lists come in pages; all pages together are the list."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.contract.stage import Room, Site, unique
from waldur_core.operations.errors import Invalid, NotFound
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import Gateway, has_more

LISTS: dict[str, Callable[[Cloud, str], list[Any]]] = {
    "flavors": lambda cloud, project: cloud.compute.flavors(),
    "servers": lambda cloud, project: cloud.compute.servers(),
    "images": lambda cloud, project: cloud.image.images(),
    "images by status": lambda cloud, project: cloud.image.images(status="active"),
    "volume types": lambda cloud, project: cloud.block_storage.volume_types(),
    "volumes": lambda cloud, project: cloud.block_storage.volumes(),
    "snapshots": lambda cloud, project: cloud.block_storage.snapshots(),
    **{
        kind: lambda cloud, project, kind=kind: cloud.network.list(kind, project_id=project)
        for kind in ("network", "subnet", "router", "port", "floatingip", "security_group", "security_group_rule")
    },
}


@pytest.fixture(scope="module")
def crowd(site: Site) -> Iterator[str]:
    """Three objects of every kind that is cheap to make; the mark of the three volumes."""
    mark = unique()
    with ExitStack() as later:
        room = Room(site, later)
        for number in range(3):
            network = room.network()
            room.subnet(network)
            room.make("port", network_id=network["id"])
            room.router()
            room.make("security_group", name=unique())
            room.make("floatingip", floating_network_id=site.external_network_id)
            room.volume(ready=False, metadata={"waldur_uuid": f"{mark}-{number}", "crowd": mark})
        for volume in site.cloud.block_storage.volumes():
            room.volume_in(volume["id"], "in-use" if volume["attachments"] else "available")
        yield mark


def test_pages_of_one_or_two_add_up_to_every_list(room: Room, crowd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, list_all in LISTS.items():
        monkeypatch.setattr(Gateway, "page_size", 1000)
        whole = sorted(item["id"] for item in list_all(room.cloud, room.project_id))
        for size in (1, 2):
            monkeypatch.setattr(Gateway, "page_size", size)
            parts = [item["id"] for item in list_all(room.cloud, room.project_id)]
            assert sorted(parts) == whole, (name, size)


@pytest.mark.parametrize("service", ("compute", "image", "block_storage"))
def test_a_full_page_says_that_there_is_more(room: Room, service: str) -> None:
    gateway = getattr(room.cloud, service)
    path, key = {
        "compute": ("/flavors/detail", "flavors"),
        "image": ("/images", "images"),
        "block_storage": ("/types", "volume_types"),
    }[service]
    body = gateway.get(path, limit=1)
    assert len(body[key]) == 1
    assert has_more(body)
    assert not has_more(gateway.get(path, limit=1000))


def test_a_page_of_neutron_says_whether_there_is_more(room: Room, crowd: str) -> None:
    body = room.cloud.network.get("/networks", limit=1, project_id=room.project_id)
    assert has_more(body)
    marker = body["networks"][0]["id"]
    second = room.cloud.network.get("/networks", limit=1000, marker=marker, project_id=room.project_id)
    assert not has_more(second)


def test_filters_hold_on_every_page(room: Room, crowd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gateway, "page_size", 1)
    for number in range(3):
        wanted = {"waldur_uuid": f"{crowd}-{number}", "crowd": crowd}
        found = room.cloud.block_storage.find_volume(wanted)
        assert found and found["metadata"] == wanted
    server = room.site.server
    found = room.cloud.compute.find_server(server["name"], server["metadata"])
    assert found and found["id"] == server["id"]


def test_a_marker_that_does_not_exist_is_an_error(room: Room) -> None:
    nowhere = "00000000-0000-4000-a000-000000000000"
    for gateway, path in (
        (room.cloud.compute, "/servers/detail"),
        (room.cloud.block_storage, "/volumes/detail"),
        (room.cloud.image, "/images"),
        (room.cloud.network, "/networks"),
    ):
        with pytest.raises((Invalid, NotFound), match=nowhere):
            gateway.get(path, limit=1, marker=nowhere)
