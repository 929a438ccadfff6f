"""6.10, 7.2 and 7.4 answer some calls differently; the twin is whichever it is asked to be."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

import pyone
import pytest

from tests.twins.opennebula.conftest import add_network, server
from tests.twins.opennebula.wire import Daemon
from twins.opennebula import OpenNebulaTwin
from twins.opennebula.releases import RELEASES

ADMIN = "oneadmin:opennebula"
OLD, MIDDLE, NEW = RELEASES


@pytest.fixture(scope="module")
def clouds() -> Iterator[dict[str, OpenNebulaTwin]]:
    with (
        OpenNebulaTwin(latency="instant", version=OLD) as old,
        OpenNebulaTwin(latency="instant", version=MIDDLE) as middle,
        OpenNebulaTwin(latency="instant", version=NEW) as new,
    ):
        yield {OLD: old, MIDDLE: middle, NEW: new}


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def twin(clouds: dict[str, OpenNebulaTwin], release: str) -> OpenNebulaTwin:
    clouds[release].client.reset()
    return clouds[release]


def told(daemon: Daemon, method: str, *parameters: Any) -> tuple[int, str]:
    """Code and sentence of the refusal."""
    success, sentence, code, *_ = daemon.call(ADMIN, method, *parameters)
    assert not success, sentence
    return code, sentence


def test_it_says_its_version(one: Any, release: str) -> None:
    assert one.system.version() == release


def test_an_unknown_release_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown version '5\.0'; known: 6\.10\.5, 7\.2\.0, 7\.4\.0"):
        OpenNebulaTwin(version="5.0")


def test_only_the_old_one_takes_spaces_in_names_of_groups(one: Any, release: str) -> None:
    if release == OLD:
        assert one.group.info(one.group.allocate("two words")).NAME == "two words"
    else:
        with pytest.raises(pyone.OneInternalException, match="char ' ' is not allowed"):
            one.group.allocate("two words")


def test_quotas_of_a_missing_group(daemon: Daemon, release: str) -> None:
    missing = (1024, "[one.group.quota] Error getting group [9999].")
    denied = (512, "[one.group.quota] User [0] not authorized to perform action on group.")
    assert told(daemon, "one.group.quota", 9999, "VM=[CPU=1]") == (missing if release == OLD else denied)


def test_a_bad_quota_names_its_group_since_7(daemon: Daemon, one: Any, release: str) -> None:
    gid = one.group.allocate("blue")
    owner = "" if release == OLD else f",GID={gid}"
    sentence = f"[one.group.quota] Negative limits or bad format in quota VM = [ CPU=-3{owner} ]"
    assert told(daemon, "one.group.quota", gid, "VM=[CPU=-3]") == (2048, sentence)


def test_only_the_middle_one_reports_attaching_by_another_name(daemon: Daemon, release: str) -> None:
    name = "one.vm.nicattach" if release == MIDDLE else "one.vm.attachnic"
    assert told(daemon, "one.vm.attachnic", 9999, "NIC=[NETWORK_ID=0]")[1].startswith(f"[{name}] ")


@pytest.mark.parametrize(("kind", "more"), [("host", ("dummy", "dummy", 0)), ("cluster", ())])
def test_a_taken_name_is_an_allocation_error_since_7(daemon: Daemon, release: str, kind: str, more: Any) -> None:
    daemon.call(ADMIN, f"one.{kind}.allocate", "twice", *more)
    code, sentence = told(daemon, f"one.{kind}.allocate", "twice", *more)
    assert code == (8192 if release == OLD else 16384)
    assert (f"Error allocating a new {kind}. " in sentence) == (release != OLD)
    assert "NAME is already taken by" in sentence


def test_only_the_old_one_looks_at_the_host_though_not_asked_to(one: Any, release: str) -> None:
    vm = one.template.instantiate(0, "large", False, "")
    one.vm.action("poweroff-hard", vm)
    if release == OLD:
        with pytest.raises(pyone.OneActionException, match="Not enough CPU"):
            one.vm.resize(vm, "CPU=99", False)
    else:
        one.vm.resize(vm, "CPU=99", False)


def test_the_scheduler_explains_itself_since_7(one: Any, release: str) -> None:
    vm = one.vm.info(one.template.instantiate(0, "huge", False, "CPU=500\nVCPU=500"))
    reason = "No host with enough capacity to deploy the VM" if release == OLD else "[HOST] Not enough CPU on hosts:"
    assert reason in vm.USER_TEMPLATE["SCHED_MESSAGE"]


def test_elements_that_came_with_7_are_not_in_6(daemon: Daemon, one: Any, release: str) -> None:
    gid, vm = one.group.allocate("blue"), one.template.instantiate(0, "web", False, 'NIC=[NETWORK_ID="0"]')
    one.group.quota(gid, "VM=[CPU=4]")
    add_network(one, "inside")
    xml = {
        name: str(daemon.call(ADMIN, f"one.{name}", *parameters)[1])
        for name, parameters in (
            *(("group.info", (gid, False)), ("image.info", (0, False)), ("vm.info", (vm, False))),
            *(("vn.info", (0, False)), ("zone.info", (0, False)), ("datastore.info", (1, False))),
        )
    }
    expected = release != OLD
    assert ("<PCI_DEV>" in xml["group.info"]) == expected
    assert ("<MODTIME>" in xml["image.info"]) == expected
    assert ("<PLAN_ID>" in xml["vm.info"]) == ("<ACTION_ID>" in xml["vm.info"]) == expected
    disk = re.search(r"<DISK>.*</DISK>", xml["vm.info"], re.DOTALL)
    assert ("<PERSISTENT_SNAPSHOTS>" in str(disk and disk[0])) == expected
    assert ("<ETH0_ROUTES>" in xml["vm.info"]) == expected
    assert ("<SHARED>" in xml["vn.info"]) == expected
    assert ("<ENDPOINT_GRPC>" in xml["zone.info"]) == expected
    assert "<PERSISTENT_SNAPSHOTS>" in xml["datastore.info"]
    assert "<ETH0_IP>" in xml["vm.info"]
    assert "<CPU><![CDATA[4]]></CPU>" in xml["group.info"]


def test_elements_that_came_with_7_4_are_not_in_others(daemon: Daemon, one: Any, release: str) -> None:
    gid = one.group.allocate("blue")
    group = str(daemon.call(ADMIN, "one.group.info", gid, False)[1])
    network = str(daemon.call(ADMIN, "one.vn.info", 0, False)[1])
    pool = str(daemon.call(ADMIN, "one.vnpool.info", -2, -1, -1)[1])
    assert ("</IMAGE_QUOTA><VLAN_RULES></VLAN_RULES><DEFAULT_GROUP_QUOTAS>" in group) == (release == NEW)
    assert ("<PARENT_NETWORK_ID/><TEMPLATE_ID/><VN_MAD>" in network) == (release == NEW)
    for xml in (network, pool):
        assert ("<NEXT_INDEX><![CDATA[0]]></NEXT_INDEX>" in xml) == (release == NEW)


def test_the_new_one_gives_addresses_in_turn(daemon: Daemon, one: Any, release: str) -> None:
    """So that what is given back is not somebody else's at once; the others give the first free one."""
    network = add_network(one, "inside")
    first, size = one.vn.info(network).AR_POOL.AR[0].IP, int(one.vn.info(network).AR_POOL.AR[0].SIZE)

    def start() -> tuple[int, int]:
        """A machine and the place of its address."""
        vm = one.vm.info(one.template.instantiate(0, "web", False, f'NIC=[NETWORK_ID="{network}"]'))
        return vm.ID, int(IPv4Address(vm.TEMPLATE["NIC"]["IP"])) - int(IPv4Address(first))

    vm, place = start()
    assert place == 0
    one.vm.action("terminate-hard", vm)
    turn = [start() for _ in range(3)]
    assert [place for _, place in turn] == ([1, 2, 3] if release == NEW else [0, 1, 2])
    if release == NEW:
        assert "<NEXT_INDEX><![CDATA[4]]></NEXT_INDEX>" in str(daemon.call(ADMIN, "one.vn.info", network, False)[1])
    for vm, _ in turn:
        one.vm.action("terminate-hard", vm)
    for _ in range(size):
        vm, place = start()
        assert place < size
        one.vm.action("terminate-hard", vm)


def test_pyone_reads_a_tenants_things_from_each(one: Any, twin: OpenNebulaTwin) -> None:
    gid = one.group.allocate("blue")
    one.group.quota(gid, "VM=[CPU=2]")
    user = one.user.allocate("anna", "pw", "core", [gid])
    assert gid == one.user.info(user).GID
    vm = one.template.instantiate(0, "web", False, "")
    assert one.vm.info(vm).STATE == 3
    assert [each.ID for each in one.vmpool.info(-2, -1, -1, -1).VM] == [vm]
    assert server(twin, "anna:pw").user.info(-1).NAME == "anna"
