"""The wire itself, the fresh cloud, inspection, persistence, and the twin as a process of its own."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyone
import pytest
import requests

from tests.twins.opennebula.conftest import ALPINE, PENDING, RUNNING, listed, server, state
from tests.twins.opennebula.wire import Daemon
from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

ADMIN = "oneadmin:opennebula"


def test_only_posts_to_its_path_are_answered(twin: OpenNebulaTwin) -> None:
    assert requests.get(twin.endpoint).status_code == 405
    assert requests.post(f"{twin.base_url}/RPC3", data="").status_code == 404
    answer = requests.post(twin.endpoint, data="no xml")
    assert answer.headers["Server"] == "Xmlrpc-c_Abyss"
    assert answer.headers["Connection"] == "close"
    assert "<i4>-503</i4>" in answer.text


@pytest.mark.parametrize(
    ("method", "arguments", "fault"),
    [
        ("one.vm.chgrp", (0, 0), (-506, "Method 'one.vm.chgrp' not defined")),
        ("one.vm.info", (), (-501, "Not enough parameters")),
        ("one.vm.info", ("0",), (-501, "Parameter that is supposed to be integer is not")),
        ("one.vm.info", (True,), (-501, "Parameter that is supposed to be integer is not")),
        ("one.group.allocate", (1,), (-501, "Parameter that is supposed to be a string is not")),
        ("one.user.allocate", ("u", "pw", "", "1"), (-501, "Parameter that is supposed to be an array is not")),
    ],
)
def test_types_are_strict(daemon: Daemon, method: str, arguments: tuple[Any, ...], fault: tuple[int, str]) -> None:
    assert daemon.call(ADMIN, method, *arguments) == ["FAULT", *fault]


def test_answers_are_arrays(daemon: Daemon) -> None:
    assert daemon.call(ADMIN, "one.group.allocate", "blue") == [True, 100, 0]
    taken = "[one.group.allocate] NAME is already taken by GROUP 100."
    assert daemon.call(ADMIN, "one.group.allocate", "blue") == [False, taken, 8192, -1, -1]
    missing = "[one.group.info] Error getting group [7]."
    assert daemon.call(ADMIN, "one.group.info", 7) == [False, missing, 1024, 7, -1]


def test_text_of_any_sort_comes_back(one: Any) -> None:
    text = 'a "quoted" \\ <tag> & ü ]]> [1,2]'
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    template_id = one.template.allocate(f'NAME="any"\nNOTE="{escaped}"')
    assert one.template.info(template_id).TEMPLATE["NOTE"] == text


def test_templates_are_text_or_xml(one: Any) -> None:
    """What pyone makes of dictionaries: lines of a flat one, XML of a nested one."""
    flat = one.template.allocate({"NAME": "flat", "CPU": "1"})
    network = {"NAME": "net", "VN_MAD": "bridge", "AR": [{"TYPE": "IP4", "IP": "10.0.0.1", "SIZE": "2"}] * 2}
    nested = one.vn.allocate({"VNET": network}, 0)
    assert one.template.info(flat).TEMPLATE["CPU"] == "1"
    assert [each.IP_END for each in listed(one.vn.info(nested).AR_POOL.AR)] == ["10.0.0.2", "10.0.0.2"]


def test_a_fresh_cloud_can_serve_tenants(one: Any, inspect: OpenNebulaTwinClient) -> None:
    kinds = inspect.objects()
    names = {kind: sorted(obj["name"] for obj in objects) for kind, objects in kinds.items() if kind != "acl_rules"}
    assert names == {
        "groups": ["oneadmin", "users"],
        "users": ["oneadmin", "serveradmin"],
        "vdcs": ["default"],
        "zones": ["OpenNebula"],
        "clusters": ["default"],
        "hosts": ["dummy0", "dummy1"],
        "datastores": ["default", "files", "system"],
        "images": ["alpine", "service-vnf"],
        "templates": ["alpine", "service-vnf"],
        "vnets": ["external"],
        "security_groups": ["default"],
    }
    assert one.system.version() == "7.2.0"
    assert one.template.info(inspect.id_of("templates", "service-vnf")).TEMPLATE["VROUTER"] == "YES"
    assert [rule.ID for rule in one.acl.info().ACL] == [0, 3, 4, 5, 1, 2]


def test_pools_descend_and_are_cut_into_pages(one: Any) -> None:
    for name in "abcde":
        one.secgroup.allocate(f'NAME="{name}"')
    every = [group.ID for group in listed(one.secgrouppool.info(-2, -1, -1).SECURITY_GROUP)]
    assert every == [104, 103, 102, 101, 100, 0]
    assert [group.ID for group in listed(one.secgrouppool.info(-2, 0, -2).SECURITY_GROUP)] == [104, 103]
    assert [group.ID for group in listed(one.secgrouppool.info(-2, 101, 103).SECURITY_GROUP)] == [103, 102, 101]
    assert [group.ID for group in listed(one.secgrouppool.info(0, 103, -1).SECURITY_GROUP)] == [104, 103]


def test_the_log_counts_calls_and_bytes(one: Any, inspect: OpenNebulaTwinClient) -> None:
    since = inspect.call_count()
    one.group.allocate("blue")
    with pytest.raises(pyone.OneInternalException):
        one.group.allocate("blue")
    one.grouppool.info()
    logged = inspect.calls(since)
    seen = [(call["operation"], call["user"], call["status"], call["code"], call["changed"]) for call in logged]
    assert seen == [
        ("group.allocate", "oneadmin", 200, 0, True),
        ("group.allocate", "oneadmin", 200, 8192, False),
        ("grouppool.info", "oneadmin", 200, 0, False),
    ]
    assert all(call["bytes_in"] > 100 and call["bytes_out"] > 100 for call in logged)
    assert inspect.call_count() == since + 3


def test_what_is_left_over_is_found(one: Any, inspect: OpenNebulaTwinClient) -> None:
    before = inspect.objects()
    vm_id = one.template.instantiate(ALPINE, "vm", False, "", False)
    left = {"vms": [{"id": vm_id, "name": "vm", "uid": 0, "gid": 0}]}
    assert inspect.leftovers(before) == left
    one.vm.action("terminate-hard", vm_id)
    assert inspect.leftovers(before) == {}


def test_it_explains_itself(twin: OpenNebulaTwin) -> None:
    paths = requests.get(f"{twin.base_url}/_twin/").json()["paths"]
    assert "POST /_twin/faults" in paths


def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    kept = tmp_path / "state.json"
    with OpenNebulaTwin(state=kept, latency={"vm.schedule": 3600}) as twin:
        one = server(twin, twin.session)
        running = one.template.instantiate(ALPINE, "first", False, 'NIC=[NETWORK_ID="0"]', False)
        twin.client.advance(3601)
        pending = one.template.instantiate(ALPINE, "second", False, "", False)
        assert state(one, running) == RUNNING
    with OpenNebulaTwin(state=kept) as twin:
        one = server(twin, twin.session)
        assert (state(one, running), state(one, pending)) == (RUNNING, PENDING)
        twin.client.advance(3601)
        assert state(one, pending) == RUNNING
        assert one.template.instantiate(ALPINE, "third", False, 'NIC=[NETWORK_ID="0"]', False) == pending + 1
        assert one.vn.info(0).USED_LEASES == 2


def test_a_bare_cloud_holds_the_installation_only() -> None:
    with OpenNebulaTwin(bare=True, admin_password="other") as twin:
        one = server(twin, "oneadmin:other")
        assert listed(one.templatepool.info(-2, -1, -1).VMTEMPLATE) == []
        assert len(listed(one.hostpool.info().HOST)) == 2


def test_it_runs_alone() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "twins.opennebula", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert process.stdout is not None
    try:
        banner = "".join(process.stdout.readline() for _ in range(4))
        assert f"http://127.0.0.1:{port}/RPC2" in banner
        one = pyone.OneServer(f"http://127.0.0.1:{port}/RPC2", session=ADMIN)
        assert one.user.info(-1).NAME == "oneadmin"
        taken = subprocess.run([*command, "--quiet"], capture_output=True, text=True, cwd=Path(__file__).parents[3])
        assert (taken.returncode, "cannot listen on" in taken.stderr) == (1, True)
    finally:
        process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
