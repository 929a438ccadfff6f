"""Stop, start, restart and console of a server."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.contract.stage import Room, Site, eventually
from waldur_core.operations.errors import CloudConflict, Invalid, NotFound
from waldur_openstack.cloud.gateway import JSON

NOWHERE = "00000000-0000-4000-a000-000000000000"


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[JSON]:
    """One for all tests here: each leaves it ACTIVE, the last deletes it."""
    with ExitStack() as later:
        yield Room(site, later).active_server()


def test_a_server_stops_starts_and_restarts(room: Room, server: JSON) -> None:
    act, key = room.cloud.compute.act, server["id"]
    act(key, "os-stop")
    assert room.server_in(key, "SHUTOFF")["OS-EXT-STS:power_state"] == 4
    with pytest.raises(CloudConflict, match="stopped"):
        act(key, "os-stop")
    with pytest.raises(CloudConflict, match="stopped"):
        act(key, "reboot", {"type": "SOFT"})
    act(key, "os-start")
    assert room.server_in(key, "ACTIVE")["OS-EXT-STS:power_state"] == 1
    with pytest.raises(CloudConflict, match="active"):
        act(key, "os-start")
    for kind in ("SOFT", "HARD"):
        act(key, "reboot", {"type": kind})
        room.server_in(key, "ACTIVE")


def test_a_restart_shows_as_such_or_is_over(room: Room, server: JSON) -> None:
    room.cloud.compute.act(server["id"], "reboot", {"type": "HARD"})
    seen: set[tuple[str, bool]] = set()

    def done() -> bool:
        found = room.cloud.compute.server(server["id"])
        assert found
        seen.add((found["status"], bool(found["OS-EXT-STS:task_state"])))
        return found["status"] == "ACTIVE" and not found["OS-EXT-STS:task_state"]

    eventually(done)
    assert seen <= {("HARD_REBOOT", True), ("ACTIVE", False)}


def test_the_console_is_a_url_with_a_token(room: Room) -> None:
    url = room.cloud.compute.console(room.site.server["id"])
    assert re.match(r"https?://.+token.+", url)
    assert room.cloud.compute.console(room.site.server["id"]) != url


def test_a_kind_of_console_that_does_not_exist_is_refused(room: Room) -> None:
    with pytest.raises(Invalid):
        room.cloud.compute.console(room.site.server["id"], "nonsense")


def test_unknown_servers_and_actions_are_refused(room: Room) -> None:
    compute = room.cloud.compute
    for call in (lambda: compute.act(NOWHERE, "os-start"), lambda: compute.console(NOWHERE)):
        with pytest.raises(NotFound, match=NOWHERE):
            call()
    with pytest.raises(Invalid):
        compute.act(room.site.server["id"], "nonsense")
    with pytest.raises(Invalid, match="MAYBE"):
        compute.act(room.site.server["id"], "reboot", {"type": "MAYBE"})


def test_a_server_can_be_deleted_when_stopped(room: Room, server: JSON) -> None:
    room.cloud.compute.act(server["id"], "os-stop")
    room.server_in(server["id"], "SHUTOFF")
    room.remove_server(server["id"])
