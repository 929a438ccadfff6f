"""Faults on demand: lost replies, cut connections, slowness, darkness, refusals."""

import threading
import time
from typing import Any

import pyone
import pytest
import requests

from tests.twins.opennebula.conftest import ALPINE, Tenant, listed
from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient, TwinError


def groups(one: Any) -> list[str]:
    return [group.NAME for group in listed(one.grouppool.info().GROUP)]


def test_a_lost_reply_has_had_its_effect(one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.add_fault("lose_reply", operation="group.allocate")
    with pytest.raises(requests.ConnectionError):
        one.group.allocate("red")
    assert "red" in groups(one)
    with pytest.raises(pyone.OneInternalException, match="NAME is already taken"):
        one.group.allocate("red")
    lost = [call for call in inspect.calls() if call["lost"]]
    assert [(call["operation"], call["changed"], call["status"]) for call in lost] == [("group.allocate", True, None)]


def test_a_cut_connection_has_had_no_effect(one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.add_fault("drop", operation="group.*", nth=2)
    one.group.allocate("first")
    with pytest.raises(requests.ConnectionError):
        one.group.allocate("second")
    assert groups(one) == ["first", "users", "oneadmin"]


def test_a_slow_answer_comes_late(one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.add_fault("delay", operation="zonepool.info", seconds=0.2)
    start = time.monotonic()
    one.zonepool.info()
    assert time.monotonic() - start >= 0.2


def test_a_call_is_refused_on_demand(one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.refuse("vm.info", code=0x0800, message="Not now")
    inspect.add_fault("status", operation="zonepool.info", status=503)
    with pytest.raises(pyone.OneActionException, match=r"\[one.vm.info\] Not now"):
        one.vm.info(0)
    with pytest.raises(Exception, match="503"):
        one.zonepool.info()
    assert len(listed(one.zonepool.info().ZONE)) == 1


def test_in_the_dark_nobody_answers(twin: OpenNebulaTwin, one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.go_dark(mode="refuse")
    with pytest.raises(requests.ConnectionError):
        one.zonepool.info()
    inspect.go_dark()
    with pytest.raises(requests.ReadTimeout):
        requests.post(twin.endpoint, data=ZONES, timeout=0.2)
    inspect.light()
    assert len(listed(one.zonepool.info().ZONE)) == 1


GROUP = (
    "<methodCall><methodName>one.group.allocate</methodName><params><param><value>oneadmin:opennebula</value></param>"
    "<param><value>{}</value></param></params></methodCall>"
)
ZONES = (
    "<methodCall><methodName>one.zonepool.info</methodName><params><param><value>oneadmin:opennebula</value></param>"
    "</params></methodCall>"
)


def test_a_call_waits_before_its_effect(one: Any, inspect: OpenNebulaTwinClient) -> None:
    inspect.add_fault("hold_before", operation="group.allocate")
    caller = threading.Thread(target=one.group.allocate, args=("held",))
    caller.start()
    hold = inspect.wait_held()
    names = [obj["name"] for obj in inspect.objects("groups")["groups"]]
    inspect.release(hold["id"])
    caller.join()
    assert "held" not in names
    assert "held" in groups(one)


def test_a_call_whose_caller_has_gone_takes_effect_late(
    twin: OpenNebulaTwin, one: Any, inspect: OpenNebulaTwinClient
) -> None:
    inspect.add_fault("hold_before", operation="group.allocate", times=2)
    for name in ("late", "before the reset"):
        with pytest.raises(requests.ReadTimeout):
            requests.post(twin.endpoint, data=GROUP.format(name), timeout=0.2)
        assert name not in groups(one)
        if name == "late":
            inspect.release()
            assert "late" in groups(one)
    inspect.reset()
    assert groups(one) == ["users", "oneadmin"]


@pytest.mark.parametrize(
    ("transition", "kind", "state"),
    [("image.create", "image", 5), ("vnet.create", "vn", 5), ("host.monitor", "host", 3)],
)
def test_a_transition_ends_badly(
    one: Any, inspect: OpenNebulaTwinClient, transition: str, kind: str, state: int
) -> None:
    inspect.fail_next(transition, "broken")
    made = {
        "image": lambda: one.image.allocate('NAME="i" SIZE="10" TYPE="DATABLOCK"', 1),
        "vn": lambda: one.vn.allocate('NAME="n" VN_MAD="bridge"', 0),
        "host": lambda: one.host.allocate("h", "dummy", "dummy", 0),
    }[kind]()
    shown = getattr(one, kind).info(made)
    assert int(shown.STATE) == state
    assert "broken" in shown.TEMPLATE["ERROR"]


def test_a_machine_that_cannot_be_stopped_goes_on(one: Any, tenant: Tenant, inspect: OpenNebulaTwinClient) -> None:
    vm_id = one.template.instantiate(ALPINE, "vm", False, "", False)
    inspect.fail_next("vm.poweroff", "timeout")
    one.vm.action("poweroff-hard", vm_id)
    vm = one.vm.info(vm_id)
    assert (vm.STATE, vm.LCM_STATE) == (3, 3)
    assert "CANCEL: timeout" in vm.USER_TEMPLATE["ERROR"]


@pytest.mark.parametrize("rule", [{"path": "("}, {"action": "explode"}, {"service": "nova"}, {"colour": "red"}])
def test_a_bad_rule_is_refused(inspect: OpenNebulaTwinClient, rule: dict[str, str]) -> None:
    with pytest.raises(TwinError):
        inspect.add_fault(**{"action": "drop", **rule})
    assert inspect.faults() == []
