"""Faults on demand: what goes wrong, exactly where it was asked to."""

import http.client
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.twins.conftest import Site
from tests.twins.wire import Answer, Wire
from twins.openstack import TwinClient, TwinError

NETWORKS = "/network/v2.0/networks"
LOST = (http.client.RemoteDisconnected, ConnectionResetError, http.client.IncompleteRead)


def names(wire: Wire) -> set[str]:
    return {row["name"] for row in wire.get(f"{NETWORKS}?project_id={wire.project_id}")["networks"]}


def create(wire: Wire, name: str) -> Answer:
    return wire.call("POST", NETWORKS, {"network": {"name": name}})


class Background(threading.Thread):
    """A call that waits somewhere else."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.outcome: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self.work()
        except Exception as error:
            self.outcome = error


@pytest.mark.parametrize(
    ("service", "path", "status", "shape"),
    [
        ("identity", "/v3/auth/projects", 500, "error"),
        ("compute", "/compute/v2.1/servers", 500, "computeFault"),
        ("compute", "/compute/v2.1/servers", 503, "serviceUnavailable"),
        ("compute", "/compute/v2.1/servers", 429, "overLimit"),
        ("network", NETWORKS, 409, "NeutronError"),
        ("block_storage", "/volume/v3/{project}/volumes", 413, "overLimit"),
        ("block_storage", "/volume/v3/{project}/volumes", 404, "itemNotFound"),
        ("image", "/image/v2/images", 503, "message"),
    ],
)
def test_a_status_comes_in_the_services_own_shape(
    member: Wire, inspect: TwinClient, service: str, path: str, status: int, shape: str
) -> None:
    inspect.add_fault(service=service, status=status)
    answer = member.call("GET", path)
    assert answer.status == status
    assert shape in answer.body
    assert ("Retry-After" in answer.headers) == (status in (413, 429, 503))
    assert member.call("GET", path).status == 200


def test_the_nth_call_of_an_operation_fails_once(member: Wire, inspect: TwinClient) -> None:
    inspect.add_fault(operation="network.create", nth=2, status=500)
    assert [create(member, name).status for name in "abc"] == [201, 500, 201]
    assert names(member) >= {"a", "c"}
    assert "b" not in names(member)


def test_a_rule_may_strike_for_ever_and_be_cleared(member: Wire, inspect: TwinClient) -> None:
    inspect.add_fault(path="networks", method="POST", times=0, status=503)
    assert [create(member, name).status for name in "ab"] == [503, 503]
    inspect.clear_faults()
    assert create(member, "c").status == 201


def test_a_lost_reply_has_its_effect(member: Wire, inspect: TwinClient) -> None:
    inspect.add_fault("lose_reply", operation="network.create")
    with pytest.raises(LOST):
        create(member, "ghost")
    assert "ghost" in names(member)
    (call,) = [call for call in inspect.calls() if call["operation"] == "network.create"]
    assert (call["status"], call["changed"], call["lost"]) == (None, True, True)


def test_a_dropped_request_has_none(member: Wire, inspect: TwinClient) -> None:
    inspect.add_fault("drop", operation="network.create")
    with pytest.raises(LOST):
        create(member, "ghost")
    assert "ghost" not in names(member)


def test_a_delay_delays(member: Wire, inspect: TwinClient) -> None:
    inspect.add_fault("delay", seconds=0.2, operation="network.list")
    started = time.monotonic()
    member.get(NETWORKS)
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize(("action", "effect"), [("hold_before", False), ("hold_after", True)])
def test_a_call_is_held_before_or_after_its_effect(
    member: Wire, inspect: TwinClient, action: str, effect: bool
) -> None:
    inspect.add_fault(action, operation="network.create")
    caller = Background(lambda: create(member, "held"))
    hold = inspect.wait_held()
    assert (hold["operation"], hold["when"]) == ("network.create", action.removeprefix("hold_"))
    assert ("held" in names(member)) is effect
    assert inspect.release() == 1
    caller.join(5)
    assert caller.outcome.status == 201
    assert "held" in names(member)
    assert inspect.held() == []


def test_a_caller_that_dies_while_held_before_leaves_nothing(member: Wire, inspect: TwinClient) -> None:
    inspect.add_fault("hold_before", operation="network.create")
    with pytest.raises(TimeoutError):
        member.call("POST", NETWORKS, {"network": {"name": "held"}}, timeout=0.2)
    inspect.release()
    deadline = time.monotonic() + 5
    while inspect.held() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "held" not in names(member)


def test_a_dark_service_is_silent_and_the_others_answer(member: Wire, inspect: TwinClient) -> None:
    inspect.go_dark("network")
    with pytest.raises(TimeoutError):
        member.call("GET", NETWORKS, timeout=0.2)
    assert member.call("GET", "/compute/v2.1/servers").status == 200
    inspect.light()
    assert member.call("GET", NETWORKS).status == 200


def test_a_dark_cloud_may_refuse(member: Wire, inspect: TwinClient) -> None:
    inspect.go_dark(mode="refuse")
    for path in (NETWORKS, "/v3/auth/projects", "/image/v2/images"):
        with pytest.raises(LOST):
            member.call("GET", path)
    inspect.light()


def test_the_next_server_finds_no_host(member: Wire, inspect: TwinClient, site: Site) -> None:
    inspect.fail_next("server.build")
    body = {
        "name": "s",
        "imageRef": site.image_id,
        "flavorRef": site.flavor_id,
        "networks": [{"uuid": site.network_id}],
    }
    ids = [member.post("/compute/v2.1/servers", {"server": body})["server"]["id"] for _ in range(2)]
    doomed, fine = (member.get(f"/compute/v2.1/servers/{key}")["server"] for key in ids)
    assert (doomed["status"], doomed["fault"]["message"]) == ("ERROR", "No valid host was found.")
    assert fine["status"] == "ACTIVE"
    assert member.get(f"/network/v2.0/ports?device_id={ids[0]}")["ports"] == []


@pytest.mark.parametrize(("transition", "status"), [("volume.create", "error"), ("volume.extend", "error_extending")])
def test_the_next_volume_goes_wrong(member: Wire, inspect: TwinClient, transition: str, status: str) -> None:
    inspect.fail_next(transition)
    path = "/volume/v3/{project}/volumes"
    volume = member.post(path, {"volume": {"size": 1}})["volume"]["id"]
    if transition == "volume.extend":
        member.post(f"{path}/{volume}/action", {"os-extend": {"new_size": 2}})
    assert member.get(f"{path}/{volume}")["volume"]["status"] == status


def test_a_rule_that_makes_no_sense_is_refused(inspect: TwinClient) -> None:
    for rule in ({"action": "explode"}, {"service": "cooking"}, {"colour": "blue"}, {"path": "("}):
        with pytest.raises(TwinError):
            inspect.add_fault(**rule)
