"""Pause, downscale and restore: what they say is what happens."""

from __future__ import annotations

import time
from typing import Any

import pyone
import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import CloudError, NotYet
from waldur_site_agent_opennebula.core.markup import Thing
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .tenant import TEMPLATE, as_user
from .test_resuming import dying, lives_through

ACTIVE, SUSPENDED, POWEROFF = "3", "5", "8"


@pytest.fixture
def user(cloud: Cloud, twin: OpenNebulaTwin) -> Any:
    cloud.vdcs.create(order())
    return as_user(twin, cloud)


@pytest.fixture
def machine(user: Any) -> int:
    return int(user.template.instantiate(TEMPLATE, "web", False, ""))


def offering(twin: OpenNebulaTwin) -> VdcOffering:
    """As in a cycle of its own."""
    return VdcOffering(connect(twin), {})


def state(cloud: Cloud, vm_id: int) -> str:
    return Thing(cloud.daemon.read("vm.info", vm_id)).text("STATE")


def test_a_paused_vdc_runs_nothing(cloud: Cloud, twin: OpenNebulaTwin, user: Any, machine: int) -> None:
    assert offering(twin).pause("blue")

    assert state(cloud, machine) == SUSPENDED
    with pytest.raises(pyone.OneException, match="RUNNING_VMS"):
        user.vm.action("resume", machine)
    with pytest.raises(pyone.OneException, match="RUNNING_VMS"):
        user.template.instantiate(TEMPLATE, "another", False, "")


def test_a_restored_vdc_runs_what_ran(cloud: Cloud, twin: OpenNebulaTwin, user: Any, machine: int) -> None:
    off = int(user.template.instantiate(TEMPLATE, "off", False, ""))
    user.vm.action("poweroff-hard", off)
    offering(twin).pause("blue")

    assert offering(twin).restore("blue")

    assert (state(cloud, machine), state(cloud, off)) == (ACTIVE, POWEROFF)
    user.template.instantiate(TEMPLATE, "another", False, "")


def test_a_downscaled_vdc_gets_no_more_machines(cloud: Cloud, twin: OpenNebulaTwin, user: Any, machine: int) -> None:
    assert offering(twin).downscale("blue")

    assert state(cloud, machine) == ACTIVE
    with pytest.raises(pyone.OneException, match="VMS quota"):
        user.template.instantiate(TEMPLATE, "another", False, "")

    offering(twin).restore("blue")
    user.template.instantiate(TEMPLATE, "another", False, "")


def test_from_paused_to_downscaled_the_machines_run_again(cloud: Cloud, twin: OpenNebulaTwin, machine: int) -> None:
    offering(twin).pause("blue")
    offering(twin).downscale("blue")

    assert state(cloud, machine) == ACTIVE


def test_limits_of_before_come_back(cloud: Cloud, twin: OpenNebulaTwin, user: Any) -> None:
    group = cloud.pools.named("groups", "blue")
    assert group is not None
    cloud.daemon.insist(
        "group.quota", group.id, 'VM=[CPU="8",MEMORY="8192",SYSTEM_DISK_SIZE="20480",VMS="3",RUNNING_VMS="2"]'
    )
    before = limits(cloud)

    offering(twin).downscale("blue")
    assert limits(cloud)["RUNNING_VMS"] == "2"
    offering(twin).pause("blue")
    offering(twin).downscale("blue")
    offering(twin).pause("blue")
    offering(twin).restore("blue")

    assert limits(cloud) == before


@pytest.mark.slow
@pytest.mark.parametrize("before_the_call", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("action", ["pause", "downscale"])
def test_a_restriction_and_its_end_are_finished_after_a_death_at_any_change(
    cloud: Cloud, twin: OpenNebulaTwin, user: Any, machine: int, action: str, before_the_call: bool
) -> None:
    unrestricted = limits(cloud)
    restrictions = {"pause": {"RUNNING_VMS": "0"}, "downscale": {"VMS": "1"}}
    deaths, survived = 0, False
    while not survived:
        deaths += 1
        mortal = VdcOffering(dying(connect(twin), deaths, before_the_call), {})
        survived = lives_through(lambda mortal=mortal: getattr(mortal, action)("blue"))
        getattr(offering(twin), action)("blue")
        assert limits(cloud).items() >= restrictions[action].items(), deaths
        assert state(cloud, machine) == (SUSPENDED if action == "pause" else ACTIVE), deaths

        mortal = VdcOffering(dying(connect(twin), deaths, before_the_call), {})
        survived &= lives_through(lambda mortal=mortal: mortal.restore("blue"))
        offering(twin).restore("blue")
        assert limits(cloud) == unrestricted, deaths
        assert state(cloud, machine) == ACTIVE, deaths
    assert deaths > 3


def test_limits_that_opennebula_did_not_take_are_given_again(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, user: Any
) -> None:
    inspect.refuse("group.quota")
    with pytest.raises(CloudError):
        offering(twin).pause("blue")
    assert "restriction" not in offering(twin).metadata("blue")

    assert offering(twin).pause("blue")
    assert limits(cloud)["RUNNING_VMS"] == "0"


def test_machines_that_cannot_be_suspended_hold_up_a_cycle_only_once(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    """However many VDCs have one. What can be suspended is, and the others are in a later cycle."""
    names = [f"vdc{number}" for number in range(4)]
    stuck = []
    for name in names:
        cloud.vdcs.create(order(name, limits={"cpu": 2, "ram": 2048}, network=None))
        tenant = as_user(twin, cloud, name)
        runs = int(tenant.template.instantiate(TEMPLATE, "runs", False, ""))
        assert state(cloud, runs) == ACTIVE
        inspect.set_latency({"vm.schedule" if name == names[-1] else "vm.boot": 1000.0, "*": 0.0})
        stuck.append((int(tenant.template.instantiate(TEMPLATE, "stuck", False, "")), runs))
        inspect.set_latency("instant")
    cycle = connect(twin)
    cycle.restrictions.patience = 1.0

    began = time.monotonic()
    for name in names:
        with pytest.raises(NotYet, match=r"^Suspending stuck.* takes longer; the next cycle goes on with it\.$"):
            VdcOffering(cycle, {}).pause(name)
    assert time.monotonic() - began < 3
    assert [state(cloud, runs) for _, runs in stuck] == [SUSPENDED] * 4

    inspect.advance(1001)
    inspect.advance(1001)
    for name in names:
        assert offering(twin).pause(name)
    assert [state(cloud, vm) for vm, _ in stuck] == [SUSPENDED] * 4


def test_a_machine_that_failed_does_not_hold_up_a_pause(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, user: Any
) -> None:
    inspect.fail_next("vm.boot", "no KVM here")
    user.template.instantiate(TEMPLATE, "broken", False, "")

    assert offering(twin).pause("blue")


def test_a_machine_that_is_still_being_saved_holds_up_no_other(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, user: Any, machine: int
) -> None:
    other = int(user.template.instantiate(TEMPLATE, "other", False, ""))
    offering(twin).pause("blue")
    cloud.pools.forget()
    inspect.set_latency({"vm.suspend": 1000.0, "*": 0.0})
    inspect.clear_faults()
    cycle = connect(twin)
    cycle.restrictions.patience = 0.5
    for vm in (machine, other):
        cloud.daemon.once("group.quota", cloud.pools.named("groups", "blue").id, 'VM=[RUNNING_VMS="-1"]')
        cloud.daemon.once("vm.action", "resume", vm)
    cloud.daemon.once("vm.action", "suspend", max(machine, other))
    inspect.set_latency("instant")
    cloud.daemon.once("vm.action", "suspend", min(machine, other))

    with pytest.raises(NotYet, match=r"Resuming .* takes longer"):
        VdcOffering(cycle, {}).restore("blue")

    assert state(cloud, min(machine, other)) == ACTIVE


def test_an_unrestricted_vdc_costs_no_change(twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, user: Any) -> None:
    since = inspect.call_count()

    offering(twin).restore("blue")

    assert [call["operation"] for call in inspect.calls(since) if call["changed"]] == []


def limits(cloud: Cloud) -> dict[str, str]:
    (group,) = [group for group in cloud.pools.fresh("groups") if group.name == "blue"]
    return {name: Thing(group.quotas).text(f"VM_QUOTA/VM/{name}") for name in ("CPU", "MEMORY", "VMS", "RUNNING_VMS")}
