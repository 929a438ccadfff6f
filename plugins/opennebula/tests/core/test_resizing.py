"""Machines that get another plan: all of it or nothing, and as awake as their owner had left them."""

from __future__ import annotations

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import CloudError, Unreachable
from waldur_site_agent_opennebula.vm_offering import VmOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .machine import GIGABYTES, SMALL, machine, wanted

LARGE = {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}
AS_BEFORE = ("1", "1", "1024", "5120")


def capacity(cloud: Cloud) -> tuple[str, ...]:
    vm = machine(cloud)
    return tuple(vm.text(f"TEMPLATE/{name}") for name in ("CPU", "VCPU", "MEMORY", "DISK/SIZE"))


def test_another_plan_resizes_and_grows(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())

    offering.set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}, GIGABYTES)

    assert offering.usage("web") == {"vcpu": 2, "vm_ram": 4096, "vm_disk": 8192}
    assert machine(cloud).text("LCM_STATE") == "3"


def test_a_disk_does_not_shrink(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())

    offering.set_limits("web", {"vcpu": 2, "vm_ram": 1, "vm_disk": 3}, GIGABYTES)

    assert offering.usage("web") == {"vcpu": 2, "vm_ram": 1024, "vm_disk": 5120}
    told = "It stays 5120 MB: a disk does not shrink to the plan's 3072 MB."
    assert offering.metadata("web")["disk"] == told
    assert offering.limits("web") == {"vcpu": 2, "vm_ram": 1024, "vm_disk": 3072}  # by which its plan is known
    offering.set_limits("web", {"vcpu": 2, "vm_ram": 1, "vm_disk": 6}, GIGABYTES)
    assert "disk" not in offering.metadata("web")


def test_the_same_size_does_not_stop_the_machine(offering: VmOffering, inspect: OpenNebulaTwinClient) -> None:
    offering.create(wanted())
    since = inspect.call_count()

    offering.set_limits("web", SMALL, GIGABYTES)

    assert not [call for call in inspect.calls(since) if call["changed"]]


@pytest.mark.parametrize("operation", ["vm.resize", "vm.diskresize"])
def test_a_machine_runs_again_when_resizing_fails(
    cloud: Cloud, offering: VmOffering, inspect: OpenNebulaTwinClient, operation: str
) -> None:
    offering.create(wanted())
    inspect.refuse(operation, message="no room on the host")

    with pytest.raises(CloudError, match="no room on the host"):
        offering.set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}, GIGABYTES)

    assert machine(cloud).text("LCM_STATE") == "3"


@pytest.mark.slow
def test_a_resize_that_broke_off_is_finished_and_the_machine_runs(
    twin: OpenNebulaTwin, offering: VmOffering, inspect: OpenNebulaTwinClient
) -> None:
    offering.create(wanted())
    inspect.add_fault("drop", operation="vm.resize", times=4)
    with pytest.raises(Unreachable):
        offering.set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}, GIGABYTES)
    again = connect(twin)
    assert machine(again).text("STATE") == "8"

    VmOffering(again, {}).set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}, GIGABYTES)

    assert machine(again).text("LCM_STATE") == "3"
    assert VmOffering(again, {}).usage("web") == {"vcpu": 2, "vm_ram": 4096, "vm_disk": 8192}


def test_a_machine_that_its_owner_has_powered_off_stays_off(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())
    cloud.daemon.once("vm.action", "poweroff-hard", machine(cloud).id)

    offering.set_limits("web", LARGE, GIGABYTES)

    assert capacity(cloud) == ("2", "2", "4096", "8192")
    assert machine(cloud).text("STATE") == "8"


def test_a_disk_that_cannot_grow_leaves_the_machine_as_it_was(
    cloud: Cloud, offering: VmOffering, inspect: OpenNebulaTwinClient
) -> None:
    """The order fails as a whole: nobody has cores that he does not pay for."""
    offering.create(wanted())
    inspect.refuse("vm.diskresize", message="Not enough space in datastore")

    with pytest.raises(CloudError, match="Not enough space in datastore"):
        offering.set_limits("web", LARGE, GIGABYTES)

    assert capacity(cloud) == AS_BEFORE
    assert machine(cloud).text("LCM_STATE") == "3"


def test_a_plan_that_was_not_got_leaves_no_word_of_its_disk(
    offering: VmOffering, inspect: OpenNebulaTwinClient
) -> None:
    offering.create(wanted())
    inspect.refuse("vm.resize", message="no room on the host")

    with pytest.raises(CloudError, match="no room on the host"):
        offering.set_limits("web", {"vcpu": 2, "vm_ram": 1, "vm_disk": 3}, GIGABYTES)

    offering.cloud.pools.forget()
    assert "disk" not in offering.metadata("web")
    assert offering.limits("web") == {"vcpu": 1, "vm_ram": 1024, "vm_disk": 5120}


@pytest.mark.parametrize("plan", [{"vcpu": 100}, {"vm_ram": 100}, {"vm_disk": 1000}, {"vcpu": 2, "vm_disk": 1000}])
def test_a_plan_for_which_the_vdc_has_no_room_is_refused_with_what_helps(
    cloud: Cloud, offering: VmOffering, plan: dict[str, int]
) -> None:
    offering.create(wanted())

    with pytest.raises(CloudError, match=r"parent_vdc_backend_id: .* VDC blue has no room for it: raise its limits"):
        offering.set_limits("web", {**SMALL, **plan}, GIGABYTES)

    assert capacity(cloud) == AS_BEFORE
    assert machine(cloud).text("LCM_STATE") == "3"


def test_a_machine_that_does_not_start_with_its_new_size_runs_with_its_old_one(
    cloud: Cloud, offering: VmOffering, inspect: OpenNebulaTwinClient
) -> None:
    offering.create(wanted())
    inspect.fail_next("vm.boot", "cannot allocate memory")

    with pytest.raises(CloudError, match=r"failed to start: .*cannot allocate memory"):
        offering.set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 5}, GIGABYTES)

    assert capacity(cloud) == AS_BEFORE
    assert machine(cloud).text("LCM_STATE") == "3"
    offering.set_limits("web", {"vcpu": 2, "vm_ram": 4, "vm_disk": 5}, GIGABYTES)
    assert capacity(cloud) == ("2", "2", "4096", "5120")


def test_the_marketplace_decides_and_not_the_room_of_the_host(cloud: Cloud) -> None:
    """``enforce`` is off: a host may have more promised than it has. 6.10 looks at it all the same."""
    cloud.vdcs.create(order(limits={"cpu": 100, "ram": 65536, "storage": 100 * 1024}))
    offering = VmOffering(cloud, {})
    offering.create(wanted())

    offering.set_limits("web", {"vcpu": 12, "vm_ram": 1, "vm_disk": 5}, GIGABYTES)  # hosts have 8 cores

    assert capacity(cloud) == ("12", "12", "1024", "5120")
    assert machine(cloud).text("LCM_STATE") == "3"


def test_a_machine_that_is_paused_keeps_its_size_and_sleeps_on(cloud: Cloud, offering: VmOffering) -> None:
    offering.create(wanted())
    offering.pause("web")

    with pytest.raises(CloudError, match="can be resized while it runs or is powered off"):
        offering.set_limits("web", LARGE, GIGABYTES)

    assert (capacity(cloud), machine(cloud).text("STATE")) == (AS_BEFORE, "5")


def test_a_machine_that_serves_a_model_grows_at_its_engines_disk(cloud: Cloud, offering: VmOffering) -> None:
    cloud.daemon.once("image.allocate", 'NAME="llama" TYPE="DATABLOCK" SIZE="2048"', 1, False)
    cloud.pools.forget()
    metadata = offering.create(wanted(attributes={"model": "llama"}))

    offering.set_limits("web", LARGE, GIGABYTES)

    assert [disk.text("SIZE") for disk in machine(cloud).all("TEMPLATE/DISK")] == ["8192", "2048"]
    assert offering.limits("web") == {"vcpu": 2, "vm_ram": 4096, "vm_disk": 8192}
    assert offering.metadata("web") == metadata
