"""What the sync of a whole cloud relies on: listings of all projects in the order of ids, and of what has changed."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.stage import Room, Site, eventually, unique
from waldur_core.operations.errors import Invalid
from waldur_openstack.cloud.gateway import JSON, Gateway
from waldur_openstack.sync.block_storage import SNAPSHOT, VOLUME
from waldur_openstack.sync.compute import INSTANCE
from waldur_openstack.sync.kinds import Kind
from waldur_openstack.sync.network import FLOATING_IP, NETWORK, PORT, ROUTER, SUBNET
from waldur_openstack.sync.register import KINDS, WHOLE

LISTED_WHOLE = ("security_group", "server_group", "rbac_policy")
WITH_CHANGES = [kind for kind in KINDS if kind.everywhere.ids]


@pytest.fixture(scope="module")
def crowd(site: Site) -> Iterator[dict[str, list[str]]]:
    """Two objects of most kinds; their ids."""
    with ExitStack() as later:
        room = Room(site, later)
        made: dict[str, list[str]] = {word: [] for word in WHOLE}
        for _ in range(2):
            network = room.network()
            made["network"].append(network["id"])
            made["subnet"].append(room.subnet(network)["id"])
            made["port"].append(room.make("port", network_id=network["id"])["id"])
            made["router"].append(room.router()["id"])
            made["security_group"].append(room.make("security_group", name=unique())["id"])
            made["floating_ip"].append(room.make("floatingip", floating_network_id=site.external_network_id)["id"])
            made["volume"].append(room.volume()["id"])
        made["instance"].append(site.server["id"])
        yield made


def all_of(pages: Iterator[list[JSON]] | None) -> list[JSON]:
    assert pages is not None
    return [item for page in pages for item in page]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
def test_a_listing_of_everything_comes_in_the_order_of_ids(
    site: Site, crowd: dict[str, list[str]], kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1000, 2):
        monkeypatch.setattr(Gateway, "page_size", size)
        found = all_of(kind.everywhere.pages(site.admin))
        ids = [item["id"] for item in found]
        assert ids == sorted(set(ids))
        assert set(crowd[kind.word]) <= set(ids)
        ours = [item for item in found if item["id"] in crowd[kind.word]]
        assert {kind.owner(item) for item in ours} <= {site.project_id}
        for item in ours:
            assert isinstance(kind.columns(item), dict)
            assert set(kind.usage(item).values()) != {None}
            assert kind.trouble(item) == ""


@pytest.mark.parametrize("kind", WITH_CHANGES, ids=lambda kind: kind.word)
def test_ids_alone_are_those_of_everything(site: Site, crowd: dict[str, list[str]], kind: Kind) -> None:
    assert kind.everywhere.ids
    ids = [item["id"] for item in all_of(kind.everywhere.ids(site.admin))]
    assert ids == sorted(ids)
    assert set(crowd[kind.word]) <= set(ids)


@pytest.mark.parametrize("kind", WITH_CHANGES, ids=lambda kind: kind.word)
def test_changes_since_a_moment_are_told(site: Site, crowd: dict[str, list[str]], kind: Kind) -> None:
    """Everything is younger than yesterday, nothing changes tomorrow."""
    everything = {item["id"] for item in all_of(kind.everywhere.changed(site.admin, moment(hours=-24)))}
    assert set(crowd[kind.word]) <= everything
    assert not all_of(kind.everywhere.changed(site.admin, moment(hours=24)))


CHANGES: dict[str, Callable[[Site, str], object]] = {
    "instance": lambda site, key: site.cloud.compute.update_server(key, description=unique("text")),
    "volume": lambda site, key: site.cloud.block_storage.update_volume(key, description=unique("text")),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_CHANGES, ids=lambda kind: kind.word)
def test_only_what_has_changed_is_told(site: Site, crowd: dict[str, list[str]], kind: Kind) -> None:
    first, *others = crowd[kind.word]
    time.sleep(1.1)  # services count whole seconds
    since = moment()
    time.sleep(1.1)
    CHANGES[kind.word](site, first)

    def told() -> set[str]:
        return {item["id"] for item in all_of(kind.everywhere.changed(site.admin, since))}

    assert eventually(lambda: first in told(), 20)
    assert not told() & set(others)


def test_a_deleted_server_is_told_to_be(site: Site, room: Room) -> None:
    server = room.active_server()
    since = moment(minutes=-1)
    room.remove_server(server["id"])
    changed = all_of(INSTANCE.everywhere.changed(site.admin, since))
    assert [INSTANCE.everywhere.is_deleted(item) for item in changed if item["id"] == server["id"]] == [True]


def test_what_cannot_tell_its_changes_is_listed_whole(site: Site) -> None:
    for kind in (SNAPSHOT, NETWORK, SUBNET, ROUTER, PORT, FLOATING_IP, *map(WHOLE.get, LISTED_WHOLE)):
        assert kind
        assert kind.everywhere.changed(site.admin, moment()) is None
        assert kind.everywhere.ids is None


@pytest.mark.parametrize("name", ["changed_since", "updated_at", "created_at"])
def test_neutron_takes_no_question_about_times(site: Site, name: str) -> None:
    with pytest.raises(Invalid, match="invalid attribute for filtering"):
        site.admin.network.list("port", **{name: "2026-01-01T00:00:00"})


def test_the_administrator_reads_single_objects_of_all_projects(site: Site, crowd: dict[str, list[str]]) -> None:
    for kind in (INSTANCE, VOLUME, NETWORK, SUBNET, ROUTER, PORT, FLOATING_IP, WHOLE["security_group"]):
        found = kind.show(site.admin, crowd[kind.word][0])
        assert found and kind.owner(found) == site.project_id
        assert kind.show(site.admin, "00000000-0000-4000-a000-000000000000") is None


def moment(**distance: float) -> datetime:
    return datetime.now(UTC) + timedelta(**distance)
