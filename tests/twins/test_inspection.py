"""The inspection API: what exists, what was called, and the knobs."""

import time

from tests.twins.conftest import Site
from tests.twins.wire import Wire, login
from twins.openstack import OpenStackTwin, TwinClient


def test_it_explains_itself(twin: OpenStackTwin) -> None:
    paths = Wire(twin.base_url).get("/_twin/")["paths"]
    assert "POST /_twin/faults" in paths


def test_the_seed_is_there(inspect: TwinClient) -> None:
    kinds = inspect.objects()
    assert {row["name"] for row in kinds["flavors"]} == {"m1.tiny", "m1.small", "m1.medium", "m1.large"}
    assert {row["name"] for row in kinds["volume_types"]} == {"ssd", "hdd"}
    assert {row["name"] for row in kinds["images"]} == {"cirros", "ubuntu-24.04"}
    assert [row["id"] for row in kinds["networks"]] == [inspect.external_network_id]
    assert list(inspect.objects("flavors")) == ["flavors"]


def test_leftovers_are_what_came_since(inspect: TwinClient, admin: Wire) -> None:
    baseline = inspect.objects()
    assert inspect.leftovers(baseline) == {}
    project = admin.post("/v3/projects", {"project": {"name": "new"}})["project"]
    assert inspect.leftovers(baseline) == {"projects": [{"id": project["id"], "name": "new", "project_id": ""}]}


def test_the_log_names_each_operation_and_whether_it_changed_anything(
    inspect: TwinClient, member: Wire, site: Site
) -> None:
    since = inspect.call_count()
    body = {"name": "s", "imageRef": site.image_id, "flavorRef": site.flavor_id, "networks": "none"}
    newest = {"OpenStack_API_Version": "compute 2.96"}
    server = member.post("/compute/v2.1/servers", {"server": body}, **newest)["server"]["id"]
    member.get(f"/compute/v2.1/servers/{server}")
    member.post(f"/compute/v2.1/servers/{server}/action", {"os-stop": None})
    member.call("POST", f"/compute/v2.1/servers/{server}/action", {"os-stop": None})
    member.call("POST", "/v3/auth/tokens", {})
    calls = [(call["operation"], call["mutating"], call["changed"]) for call in inspect.calls(since)]
    assert calls == [
        ("server.create", True, True),
        ("server.show", False, False),
        ("server.stop", True, True),
        ("server.stop", True, False),
        ("token.create", False, False),
    ]
    assert inspect.call_count() == since + 5


def test_the_log_forgets_the_oldest_and_keeps_the_count() -> None:
    with OpenStackTwin(log_size=3) as twin:
        for _ in range(5):
            Wire(twin.base_url).get("/v3")
        assert [call["seq"] for call in twin.client.calls()] == [3, 4, 5]
        assert twin.client.call_count() == 5


def test_latency_is_changed_while_it_runs(inspect: TwinClient, member: Wire) -> None:
    inspect.set_latency({"volume.create": 0.15})
    path = "/volume/v3/{project}/volumes"
    volume = member.post(path, {"volume": {"size": 1}})["volume"]["id"]
    assert member.get(f"{path}/{volume}")["volume"]["status"] == "creating"
    time.sleep(0.2)
    assert member.get(f"{path}/{volume}")["volume"]["status"] == "available"


def test_two_twins_have_different_external_addresses() -> None:
    with OpenStackTwin() as one, OpenStackTwin() as two:
        ranges = []
        for twin in (one, two):
            admin = login(twin.base_url, "admin", "secret", "admin")
            (subnet,) = admin.get("/network/v2.0/subnets")["subnets"]
            ranges.append(subnet["cidr"])
        assert ranges[0] != ranges[1] or (one.port - two.port) % 100 == 0
