"""Machines that are paused, ended and made again, or were made by half."""

from __future__ import annotations

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core import machines
from waldur_site_agent_opennebula.core.errors import BadInput, CloudError, NotYet, Unreachable
from waldur_site_agent_opennebula.vdc_offering import VdcOffering
from waldur_site_agent_opennebula.vm_offering import VmOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect
from .machine import GIGABYTES, KEY, KEY_ID, machine, wanted


def test_a_machine_is_paused_and_restored(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())

    assert offering.pause("web")
    assert machine(cloud).text("STATE") == "5"
    assert offering.metadata("web")["restriction"] == "paused"
    assert offering.restore("web")
    assert machine(cloud).text("STATE") == "3"
    assert "restriction" not in offering.metadata("web")


def test_a_machine_that_is_to_be_downscaled_runs_and_says_that_it_is_not(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())
    offering.pause("web")

    with pytest.raises(CloudError, match="Switch to a smaller plan"):
        offering.downscale("web")

    assert machine(cloud).text("STATE") == "3"


def test_a_machine_that_is_being_suspended_is_resumed_all_the_same(
    cloud: Cloud, offering: VmOffering, inspect: OpenNebulaTwinClient
) -> None:
    """Whoever restores it at that moment meets a machine that cannot be resumed yet."""
    offering.create(wanted())
    vm = machine(cloud)
    inspect.set_latency("fast")
    cloud.restrictions.mark(vm, "machine")
    cloud.daemon.once("vm.action", "suspend", vm.id)
    cloud.pools.forget()

    assert offering.restore("web")

    cloud.machines.wait_running(vm.id)
    assert machine(cloud).note("WALDUR_SUSPENDED") == ""


def test_a_machine_and_its_vdc_are_paused_each_for_itself(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())
    vdcs = VdcOffering(cloud, {})
    vdcs.pause("blue")
    assert offering.metadata("web")["restriction"] == "paused with its VDC"
    assert not offering.restore("web")

    assert offering.pause("web")
    vdcs.restore("blue")
    assert machine(cloud).text("STATE") == "5"

    vdcs.pause("blue")
    assert not offering.restore("web")
    vdcs.restore("blue")
    assert machine(cloud).text("STATE") == "3"


def test_an_ended_machine_is_made_again_with_what_its_plan_has_now(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())
    offering.delete("web")

    offering.create(wanted(plan_quotas={"vcpu": 2, "vm_ram": 2, "vm_disk": 6}))

    assert offering.usage("web") == {"vcpu": 2, "vm_ram": 2048, "vm_disk": 6144}


def test_an_agent_that_knows_no_plan_makes_an_ended_machine_as_it_was(cloud: Cloud, offering: VmOffering) -> None:
    """It died after it had accepted the order: then the framework asks nothing more."""
    key = {"ssh_public_key": str(KEY_ID)}
    offering.create(wanted(attributes=key))
    offering.set_limits("web", {"vcpu": 2, "vm_ram": 2, "vm_disk": 6}, GIGABYTES)
    offering.delete("web")

    offering.create(wanted(attributes=key, plan_quotas=None, ssh_keys=None))

    assert offering.usage("web") == {"vcpu": 2, "vm_ram": 2048, "vm_disk": 6144}
    assert machine(cloud).vector("TEMPLATE/CONTEXT")["SSH_PUBLIC_KEY"] == KEY


def test_without_plan_and_machine_it_says_so(offering: VmOffering) -> None:
    with pytest.raises(BadInput, match="plan: it has no amounts"):
        offering.create(wanted(plan_quotas=None))


@pytest.mark.slow
def test_half_a_machine_is_taken_for_none(
    offering: VmOffering, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    """The framework calls an order done when it sees what was ordered."""
    inspect.add_fault("drop", operation="vm.chown", times=4)
    with pytest.raises(Unreachable):
        offering.create(wanted())

    again = VmOffering(connect(twin), {})
    assert again.usage("web") is None
    assert again.inventory() == {}
    again.create(wanted(plan_quotas=None))
    assert again.usage("web") == {"vcpu": 1, "vm_ram": 1024, "vm_disk": 5120}
    assert list(again.inventory()) == ["web"]


def test_a_machine_for_which_there_is_no_host_is_told_and_undone(
    offering: VmOffering, inspect: OpenNebulaTwinClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the time to start has passed: until then a host may become free."""
    monkeypatch.setattr(machines, "START_SECONDS", 0.5)
    before = inspect.objects()
    options = {"sched_requirements": 'NAME = "nowhere"'}

    with pytest.raises(CloudError, match=r"finds no host: .* Add capacity or choose a smaller plan"):
        offering.create(wanted(options=options))

    assert inspect.leftovers(before) == {}


def test_a_machine_that_the_scheduler_has_not_seen_yet_is_waited_for(
    offering: VmOffering, inspect: OpenNebulaTwinClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "START_SECONDS", 0.5)
    before = inspect.objects()
    inspect.set_latency({"vm.schedule": 60.0})
    with pytest.raises(NotYet):
        offering.create(wanted())

    inspect.advance(61.0)
    offering.create(wanted())

    assert len(inspect.leftovers(before)["vms"]) == 1
