"""Agents die and answers get lost: whatever the moment, in the end there is one of everything, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import NameTaken, Unreachable

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .deaths import dying, lives_through

WHOLE = {"groups": 1, "vdcs": 1, "vnets": 1, "virtual_routers": 1, "vms": 1, "security_groups": 1, "users": 1}


def count(inspect: OpenNebulaTwinClient, before: dict[str, Any]) -> dict[str, int]:
    return {kind: len(objects) for kind, objects in inspect.leftovers(before).items() if kind != "acl_rules"}


@pytest.mark.slow
@pytest.mark.parametrize("before_the_call", [True, False], ids=["before", "after"])
def test_an_order_is_finished_after_a_death_at_any_change(
    twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, before_the_call: bool
) -> None:
    baseline = inspect.objects()
    deaths = 0
    while True:
        mortal = dying(connect(twin), deaths + 1, before_the_call)
        if lives_through(lambda agent=mortal: agent.vdcs.create(order())):
            break
        deaths += 1
        again = connect(twin)
        again.vdcs.create(order())
        assert count(inspect, baseline) == WHOLE, f"after a death at change {deaths}"
        vdc = again.vdcs.find("blue")
        assert vdc is not None
        again.vdcs.delete(vdc)
        assert inspect.leftovers(baseline) == {}, f"after a death at change {deaths}"
    assert deaths > 15


@pytest.mark.slow
@pytest.mark.parametrize("before_the_call", [True, False], ids=["before", "after"])
def test_a_deletion_is_finished_after_a_death_at_any_change(
    twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, before_the_call: bool
) -> None:
    baseline = inspect.objects()
    deaths, survived = 0, False
    while not survived:
        connect(twin).vdcs.create(order())
        mortal = dying(connect(twin), deaths + 1, before_the_call)
        vdc = mortal.vdcs.find("blue")
        assert vdc is not None
        survived = lives_through(lambda agent=mortal, gone=vdc: agent.vdcs.delete(gone))
        if not survived:
            deaths += 1
            again = connect(twin)
            if (rest := again.vdcs.find("blue")) is not None:
                again.vdcs.delete(rest)
        assert inspect.leftovers(baseline) == {}, f"after a death at change {deaths}"
    assert deaths > 5


@pytest.mark.parametrize("action", ["lose_reply", pytest.param("drop", marks=pytest.mark.slow)])
def test_lost_answers_double_nothing(cloud: Cloud, inspect: OpenNebulaTwinClient, action: str) -> None:
    baseline = inspect.objects()
    for operation in ("vdc.allocate", "group.allocate", "vn.allocate", "vrouter.allocate", "vrouter.instantiate"):
        inspect.add_fault(action, operation=operation)
    for operation in ("secgroup.allocate", "user.allocate", "group.quota", "vdc.addgroup", "grouppool.info"):
        inspect.add_fault(action, operation=operation)

    cloud.vdcs.create(order())

    assert count(inspect, baseline) == WHOLE


@pytest.mark.slow
def test_a_dark_cloud_ends_nothing_and_is_told_in_time(twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient) -> None:
    """What has been made stays for the next cycle."""
    impatient = connect(twin, request_timeout=0.2)
    inspect.add_fault("drop", operation="vrouter.allocate", times=0)
    with pytest.raises(Unreachable, match=r"api_url: .* did not answer vrouter.allocate"):
        impatient.vdcs.create(order())

    inspect.clear_faults()
    impatient = connect(twin)
    impatient.vdcs.create(order())
    assert impatient.vdcs.find("blue") is not None


def test_what_somebody_else_made_meanwhile_is_not_adopted(cloud: Cloud, twin: OpenNebulaTwin) -> None:
    """A network of the name that we would choose, without our tag."""
    cloud.daemon.once("vn.allocate", 'NAME="blue_internal" VN_MAD="bridge" BRIDGE="br7"', -1)

    with pytest.raises(NameTaken, match="already taken by NET"):
        cloud.vdcs.create(order())

    assert cloud.pools.named("vnets", "blue_internal") is not None
    assert cloud.vdcs.find("blue") is None
