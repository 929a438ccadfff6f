"""A request that was given up takes effect all the same, late, when its repetition has long been answered."""

from __future__ import annotations

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core import machines
from waldur_site_agent_opennebula.vm_offering import VmOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect
from .machine import GIGABYTES, machine, wanted

pytestmark = pytest.mark.slow


@pytest.fixture
def cloud(twin: OpenNebulaTwin) -> Cloud:
    """It soon gives up."""
    return connect(twin, request_timeout=0.5)


def make_twice(offering: VmOffering, inspect: OpenNebulaTwinClient) -> dict[str, object]:
    """The metadata of the machine that is whole; the other one stays on hold."""
    count = len(inspect.objects("vms")["vms"])
    inspect.add_fault("hold_before", operation="template.instantiate")
    metadata = offering.create(wanted())
    assert inspect.release() == 1
    assert len(inspect.objects("vms")["vms"]) == count + 2
    offering.cloud.pools.forget()
    return metadata


def test_a_machine_made_late_hides_nothing_and_is_ended(
    offering: VmOffering, inspect: OpenNebulaTwinClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is certain that no order is at work on it, maybe in another process of the agent."""
    before = inspect.objects()
    metadata = make_twice(offering, inspect)

    assert offering.metadata("web") == metadata
    assert offering.usage("web") == {"vcpu": 1, "vm_ram": 1024, "vm_disk": 5120}
    VmOffering(offering.cloud, {}).tidy("web")
    assert len(inspect.leftovers(before)["vms"]) == 2

    monkeypatch.setattr(machines, "FORGOTTEN_SECONDS", -1.0)
    VmOffering(offering.cloud, {}).tidy("web")
    assert [vm["id"] for vm in inspect.leftovers(before)["vms"]] == [metadata["vm_id"]]
    assert offering.metadata("web") == metadata


def test_a_machine_made_late_ends_with_the_other(offering: VmOffering, inspect: OpenNebulaTwinClient) -> None:
    before = inspect.objects()
    make_twice(offering, inspect)

    offering.delete("web")

    assert inspect.leftovers(before) == {}


def test_a_machine_made_when_all_is_over_is_ended(
    offering: VmOffering, inspect: OpenNebulaTwinClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks for it any more: its resource is gone."""
    before = inspect.objects()
    inspect.add_fault("hold_before", operation="template.instantiate")
    offering.create(wanted())
    offering.delete("web")
    assert inspect.release() == 1
    assert len(inspect.leftovers(before)["vms"]) == 1
    offering.cloud.pools.forget()

    monkeypatch.setattr(machines, "FORGOTTEN_SECONDS", -1.0)
    offering.tidy("web")

    assert inspect.leftovers(before) == {}


@pytest.mark.parametrize("operation", ["vm.chown", "vm.update", "vm.action"])
def test_making_one_bears_late_effects(
    cloud: Cloud, offering: VmOffering, inspect: OpenNebulaTwinClient, operation: str
) -> None:
    before = inspect.objects()
    inspect.add_fault("hold_before", operation=operation)
    offering.create(wanted())
    assert inspect.release() == 1

    [made] = inspect.leftovers(before)["vms"]
    vm = machine(cloud)
    assert (vm.id, vm.gid, vm.text("LCM_STATE"), vm.note("WALDUR_STATE")) == (made["id"], made["gid"], "3", "ready")


@pytest.mark.parametrize(
    ("operation", "nth"), [("vm.resize", 1), ("vm.diskresize", 1), ("vm.action", 2), ("vm.update", 1), ("vm.update", 2)]
)
def test_resizing_bears_late_effects(
    cloud: Cloud, offering: VmOffering, inspect: OpenNebulaTwinClient, operation: str, nth: int
) -> None:
    """All but a late poweroff-hard: that one nobody can tell from the owner's wish."""
    offering.create(wanted())
    inspect.add_fault("hold_before", operation=operation, nth=nth)

    offering.set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}, GIGABYTES)
    assert inspect.release() == 1

    cloud.pools.forget()
    assert offering.usage("web") == {"vcpu": 2, "vm_ram": 4096, "vm_disk": 8192}
    assert machine(cloud).text("LCM_STATE") == "3"


@pytest.mark.parametrize("fault", ["lose_reply", "hold_before"], ids=["at work when it is asked again", "long done"])
def test_ending_one_bears_late_effects(offering: VmOffering, inspect: OpenNebulaTwinClient, fault: str) -> None:
    """And no machine is forced to end while it ends by itself: what it has on its disks is being saved."""
    before = inspect.objects()
    offering.create(wanted())
    inspect.set_latency({"vm.epilog": 1.0, "vm.shutdown": 0.1})
    inspect.add_fault(fault, operation="vm.action")
    since = inspect.call_count()

    offering.delete("web")
    inspect.release()

    assert inspect.leftovers(before) == {}
    assert "vm.recover" not in [call["operation"] for call in inspect.calls(since)]
