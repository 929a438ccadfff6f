"""Paging: the services' own limits, and lists that are long."""

import time

import pytest

from tests.twins.wire import Wire
from twins.openstack import OpenStackTwin, TwinClient


@pytest.mark.parametrize(
    ("path", "key", "noun"),
    [
        ("/volume/v3/{project}/volumes", "volumes", "volume"),
        ("/network/v2.0/networks", "networks", "network"),
    ],
)
def test_the_servers_limit_makes_pages(member: Wire, inspect: TwinClient, path: str, key: str, noun: str) -> None:
    body = {"volume": {"size": 1}, "network": {"name": "n"}}[noun]
    ids = {member.post(path, {noun: body})[noun]["id"] for _ in range(5)}
    inspect.set_max_limit(2)
    seen: list[str] = []
    url = path
    while url:
        page = member.get(url)
        assert len(page[key]) <= 2
        seen += [row["id"] for row in page[key]]
        links = {row["rel"]: row["href"] for row in page.get(f"{key}_links", [])}
        url = links.get("next", "").removeprefix(member.base)
    assert ids <= set(seen)
    assert len(seen) == len(set(seen))


def test_ten_thousand_servers_are_listed_quickly(twin: OpenStackTwin, member: Wire, admin: Wire) -> None:
    body = {"name": "s", "networks": "none"}
    body["flavorRef"] = member.get("/compute/v2.1/flavors")["flavors"][0]["id"]
    body["imageRef"] = member.get("/image/v2/images?name=cirros")["images"][0]["id"]
    member.headers = admin.headers = {"OpenStack-API-Version": "compute 2.96"}
    server = member.post("/compute/v2.1/servers", {"server": body})["server"]["id"]
    member.get("/compute/v2.1/servers")
    assert twin.cloud is not None
    template = twin.cloud.state.get("servers", server)
    assert template is not None
    for number in range(9_999):
        twin.cloud.state.add("servers", {**template, "id": f"{server[:-5]}{number:05}"})
    started, seen, path = time.monotonic(), 0, "/compute/v2.1/servers/detail?all_tenants=1"
    while path:
        page = admin.get(path)
        seen += len(page["servers"])
        links = page.get("servers_links") or [{"href": ""}]
        path = links[0]["href"].removeprefix(admin.base)
    assert seen == 10_000
    assert time.monotonic() - started < 5
