"""Virtual machines: their life, their size, their devices."""

from typing import Any

import pyone
import pytest

from tests.twins.opennebula.conftest import ALPINE, DONE, EXTERNAL, PENDING, POWEROFF, RUNNING, SUSPENDED, listed, state
from twins.opennebula import OpenNebulaTwinClient

PROLOG, BOOT, EPILOG = (3, 1), (3, 2), (3, 11)


@pytest.fixture
def vm_id(one: Any) -> int:
    return int(one.template.instantiate(ALPINE, "vm", False, f'NIC=[NETWORK_ID="{EXTERNAL}"]', False))


def test_it_starts_step_by_step(one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.set_latency({"vm.schedule": 10, "vm.prolog": 5, "vm.boot": 5})
    vm_id = one.template.instantiate(ALPINE, "", False, "", False)
    seen = [state(one, vm_id)]
    for seconds in (11, 6, 6):
        inspect.advance(seconds)
        seen.append(state(one, vm_id))
    assert seen == [PENDING, PROLOG, BOOT, RUNNING]
    assert f"alpine-{vm_id}" == one.vm.info(vm_id).NAME


def test_extra_attributes_take_the_place_of_whole_ones(one: Any) -> None:
    extra = 'CPU="2"\nMEMORY="1024"\nDISK=[IMAGE_ID="0",SIZE="2048"]\nCONTEXT=[SSH_PUBLIC_KEY="key"]'
    vm = one.vm.info(one.template.instantiate(ALPINE, "vm", False, extra, False))
    assert (vm.TEMPLATE["CPU"], vm.TEMPLATE["MEMORY"], vm.TEMPLATE["DISK"]["SIZE"]) == ("2", "1024", "2048")
    assert vm.TEMPLATE["CONTEXT"]["SSH_PUBLIC_KEY"] == "key"
    assert "NETWORK" not in vm.TEMPLATE["CONTEXT"]


def test_it_is_stopped_and_started(one: Any, vm_id: int) -> None:
    for action, expected in (
        ("suspend", SUSPENDED),
        ("resume", RUNNING),
        ("poweroff-hard", POWEROFF),
        ("resume", RUNNING),
        ("stop", (4, 0)),
        ("resume", RUNNING),
        ("undeploy", (9, 0)),
        ("resume", RUNNING),
        ("reboot", RUNNING),
    ):
        one.vm.action(action, vm_id)
        assert state(one, vm_id) == expected, action


@pytest.mark.parametrize("action", ["poweroff-hard", "resume", "suspend"])
def test_an_action_has_its_states(one: Any, action: str) -> None:
    vm_id = one.template.instantiate(ALPINE, "vm", True, "", False)
    with pytest.raises(pyone.OneActionException, match="This action is not available for state HOLD"):
        one.vm.action(action, vm_id)
    assert state(one, vm_id) == (2, 0)


def test_the_old_state_may_still_show_after_the_call(one: Any, vm_id: int, inspect: OpenNebulaTwinClient) -> None:
    inspect.set_latency({"vm.shutdown": 5, "vm.epilog": 5})
    one.vm.action("terminate-hard", vm_id)
    assert state(one, vm_id) == (3, 12)
    with pytest.raises(pyone.OneActionException, match="not available for state SHUTDOWN"):
        one.vm.action("poweroff-hard", vm_id)
    inspect.advance(6)
    assert state(one, vm_id) == EPILOG
    inspect.advance(6)
    assert state(one, vm_id) == DONE


def test_what_is_done_is_hidden_and_stays_readable(one: Any, vm_id: int) -> None:
    one.vm.action("terminate-hard", vm_id)
    assert listed(one.vmpool.info(-2, -1, -1, -1).VM) == []
    assert [vm.ID for vm in listed(one.vmpool.info(-2, -1, -1, 6).VM)] == [vm_id]
    assert one.vm.info(vm_id).ETIME > 0
    one.vm.action("terminate-hard", vm_id)
    assert one.image.info(0).RUNNING_VMS == 0


def test_it_is_resized_while_it_is_off(one: Any, vm_id: int) -> None:
    with pytest.raises(pyone.OneActionException, match="Hotplug resize not supported"):
        one.vm.resize(vm_id, 'CPU="2"', False)
    one.vm.action("poweroff-hard", vm_id)
    with pytest.raises(pyone.OneActionException, match=r"Not enough CPU: 9900/800"):
        one.vm.resize(vm_id, 'CPU="99"', True)
    assert one.vm.info(vm_id).TEMPLATE["CPU"] == "1"
    one.vm.resize(vm_id, 'CPU="99"', False)
    one.vm.resize(vm_id, 'CPU="2"\nMEMORY="2048"\nVCPU="4"', True)
    one.vm.diskresize(vm_id, 0, "2048")
    one.vm.action("resume", vm_id)
    template = one.vm.info(vm_id).TEMPLATE
    size = (template["CPU"], template["MEMORY"], template["VCPU"], template["DISK"]["SIZE"])
    assert (state(one, vm_id), size) == (RUNNING, ("2", "2048", "4", "2048"))


@pytest.mark.parametrize("size", ["1024", "10", "abc", ""])
def test_a_disk_only_grows(one: Any, vm_id: int, size: str) -> None:
    with pytest.raises(pyone.OneActionException):
        one.vm.diskresize(vm_id, 0, size)
    assert one.vm.info(vm_id).TEMPLATE["DISK"]["SIZE"] == "1024"


def test_the_size_is_a_string(one: Any, vm_id: int) -> None:
    with pytest.raises(pyone.OneException, match="supposed to be a string"):
        one.vm.diskresize(vm_id, 0, 2048)


def test_without_room_it_waits_and_says_why(one: Any, inspect: OpenNebulaTwinClient) -> None:
    vm_id = one.template.instantiate(ALPINE, "big", False, 'CPU="9"', False)
    assert state(one, vm_id) == PENDING
    assert "[HOST] Not enough CPU on hosts: 0,1" in one.vm.info(vm_id).USER_TEMPLATE["SCHED_MESSAGE"]
    one.vm.resize(vm_id, 'CPU="8"', False)
    assert state(one, vm_id) == RUNNING
    waiting = one.template.instantiate(ALPINE, "next", False, 'CPU="8"', False)
    third = one.template.instantiate(ALPINE, "third", False, 'CPU="8"', False)
    assert (state(one, waiting), state(one, third)) == (RUNNING, PENDING)
    one.vm.action("terminate-hard", vm_id)
    assert state(one, third) == RUNNING


def test_requirements_choose_the_cluster(one: Any) -> None:
    cluster = one.cluster.allocate("second")
    one.cluster.addhost(cluster, 1)
    one.cluster.adddatastore(cluster, 1)
    for wanted, host in ((0, "dummy0"), (cluster, "dummy1")):
        extra = f'SCHED_REQUIREMENTS="CLUSTER_ID = {wanted} & !(NAME = \\"none*\\")"'
        vm = one.vm.info(one.template.instantiate(ALPINE, "vm", False, extra, False))
        assert host == listed(vm.HISTORY_RECORDS.HISTORY)[-1].HOSTNAME


def test_a_driver_that_fails_leaves_it_in_boot_failure(one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.fail_next("vm.boot", "no such kernel")
    vm_id = one.template.instantiate(ALPINE, "vm", False, "", False)
    assert state(one, vm_id) == (3, 36)
    assert "DEPLOY: no such kernel" in one.vm.info(vm_id).USER_TEMPLATE["ERROR"]
    one.vm.recover(vm_id, 2)
    assert state(one, vm_id) == RUNNING
    one.vm.recover(vm_id, 3)
    assert state(one, vm_id) == DONE


def test_nics_and_disks_are_plugged_while_it_runs(one: Any, vm_id: int) -> None:
    one.vm.attachnic(vm_id, f'NIC=[NETWORK_ID="{EXTERNAL}"]')
    assert [nic["IP"] for nic in one.vm.info(vm_id).TEMPLATE["NIC"]] == ["203.0.113.10", "203.0.113.11"]
    one.vm.detachnic(vm_id, 0)
    assert one.vm.info(vm_id).TEMPLATE["NIC"]["NIC_ID"] == "1"
    data = one.image.allocate('NAME="data" SIZE="100" TYPE="DATABLOCK" PERSISTENT="YES"', 1)
    one.vm.attach(vm_id, f'DISK=[IMAGE_ID="{data}"]')
    with pytest.raises(pyone.OneActionException, match="There are 1 VMs using it"):
        one.image.delete(data)
    one.vm.detach(vm_id, 2)
    one.image.delete(data)
    assert one.vm.info(vm_id).TEMPLATE["DISK"]["DISK_ID"] == "0"


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ('NIC=[NETWORK_ID="99"]', "Virtual network with ID: 99 does not exist"),
        ('DISK=[IMAGE_ID="99"]', "DISK 0: Image with ID: 99 does not exist"),
        ('NIC=[NETWORK="none"]', "User 0 does not own a network with name: none"),
        ('DISK=[IMAGE_ID="0",SIZE="10"]', "less than the image"),
        (f'NIC=[NETWORK_ID="{EXTERNAL}"]\nNIC=[NETWORK_ID="99"]', "Virtual network with ID: 99 does not exist"),
    ],
)
def test_a_bad_template_takes_nothing(one: Any, extra: str, reason: str) -> None:
    with pytest.raises(pyone.OneException, match=reason):
        one.template.instantiate(ALPINE, "bad", False, extra, False)
    assert listed(one.vmpool.info(-2, -1, -1, -2).VM) == []
    assert one.vn.info(EXTERNAL).USED_LEASES == 0
    assert one.image.info(0).RUNNING_VMS == 0
