"""A twin that stops and starts again knows what it knew."""

import contextlib
import json
import socket
import time
from pathlib import Path

from tests.twins.conftest import add_member
from tests.twins.wire import Wire, login
from twins.openstack import OpenStackTwin


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_everything_survives_a_restart_even_what_is_under_way(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "cloud.json"
    with OpenStackTwin(port=port, state=file, latency={"volume.create": 3600}) as twin:
        member = add_member(login(twin.base_url, "admin", "secret", "admin"), "blue")
        volume = member.post("/volume/v3/{project}/volumes", {"volume": {"size": 1}})["volume"]["id"]
        network = member.post("/network/v2.0/networks", {"network": {"name": "net"}})["network"]["id"]
        subnet = {"network_id": network, "ip_version": 4, "cidr": "10.1.0.0/24"}
        member.post("/network/v2.0/subnets", {"subnet": subnet})
        taken = member.post("/network/v2.0/ports", {"port": {"network_id": network}})["port"]["fixed_ips"]
        image = member.post("/image/v2/images", {"disk_format": "raw", "container_format": "bare"})["id"]
        member.put(f"/image/v2/images/{image}/file", b"bytes", Content_Type="application/octet-stream")
        before = twin.client.objects()
    with OpenStackTwin(port=port, state=file) as twin:
        files = {path.name for path in (tmp_path / "cloud.json.images").iterdir()}
        assert files == {row["id"] for row in before["images"]}
        assert twin.client.objects() == before
        assert member.get(f"/volume/v3/{{project}}/volumes/{volume}")["volume"]["status"] == "creating"
        assert member.post("/network/v2.0/ports", {"port": {"network_id": network}})["port"]["fixed_ips"] != taken
        assert member.call("GET", f"/image/v2/images/{image}/file").body == b"bytes"
        twin.client.advance(3601)
        assert member.get(f"/volume/v3/{{project}}/volumes/{volume}")["volume"]["status"] == "available"


def test_the_file_is_written_while_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "cloud.json"
    with OpenStackTwin(state=file) as twin:
        login(twin.base_url, "admin", "secret", "admin").post("/v3/projects", {"project": {"name": "kept"}})
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not (file.exists() and "kept" in file.read_text()):
            time.sleep(0.05)
        projects = json.loads(file.read_text())["kinds"]["projects"].values()
        assert "kept" in [project["name"] for project in projects]


def test_a_twin_stops_while_a_call_is_held() -> None:
    with OpenStackTwin() as twin:
        twin.client.add_fault("hold_before", path="/v3$")
        with contextlib.suppress(TimeoutError):
            Wire(twin.base_url).call("GET", "/v3", timeout=0.2)
        started = time.monotonic()
    assert time.monotonic() - started < 3
