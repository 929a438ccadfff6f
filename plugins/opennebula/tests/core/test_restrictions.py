"""Pause, downscale and restore: what they say is what happens."""

from __future__ import annotations

from typing import Any

import pyone
import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.markup import Thing
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .tenant import TEMPLATE, as_user

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
    cloud.daemon.insist("group.quota", group.id, 'VM=[CPU="8",MEMORY="8192",SYSTEM_DISK_SIZE="20480",VMS="3"]')
    before = limits(cloud)

    offering(twin).pause("blue")
    offering(twin).downscale("blue")
    offering(twin).pause("blue")
    offering(twin).restore("blue")

    assert limits(cloud) == before


def test_an_unrestricted_vdc_costs_no_change(twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, user: Any) -> None:
    since = inspect.call_count()

    offering(twin).restore("blue")

    assert [call["operation"] for call in inspect.calls(since) if call["changed"]] == []


def limits(cloud: Cloud) -> dict[str, str]:
    (group,) = [group for group in cloud.pools.fresh("groups") if group.name == "blue"]
    return {name: Thing(group.quotas).text(f"VM_QUOTA/VM/{name}") for name in ("CPU", "MEMORY", "VMS", "RUNNING_VMS")}
