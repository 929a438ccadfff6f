"""Agents die at work on machines: whatever the moment, the next one brings it to the same end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import CloudError
from waldur_site_agent_opennebula.vm_offering import VmOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect
from .deaths import dying, lives_through
from .machine import GIGABYTES, machine, wanted

pytestmark = pytest.mark.slow

LARGE = {"vcpu": 2, "vm_ram": 4, "vm_disk": 8}
AS_BEFORE, AS_LARGE = ("1", "1", "1024", "5120"), ("2", "2", "4096", "8192")
NOTES = ("WALDUR_SUSPENDED", "WALDUR_SIZE_BEFORE", "WALDUR_PLANNED_DISK")

both_sides = pytest.mark.parametrize("before_the_call", [True, False], ids=["before", "after"])


def dies_everywhere(
    twin: OpenNebulaTwin, before_the_call: bool, action: Callable[[VmOffering], object], check: Callable[[str], None]
) -> int:
    """As often as it takes until an agent survives the action; after each death the next agent does it again."""
    deaths = 0
    while not lives_through(lambda at=deaths + 1: action(VmOffering(dying(connect(twin), at, before_the_call), {}))):
        deaths += 1
        action(VmOffering(connect(twin), {}))
        check(f"after a death at change {deaths}")
    check("undisturbed")
    return deaths


def looks(cloud: Cloud) -> tuple[str, ...]:
    vm = machine(cloud)
    return tuple(vm.text(f"TEMPLATE/{name}") for name in ("CPU", "VCPU", "MEMORY", "DISK/SIZE"))


@both_sides
def test_one_is_made(
    twin: OpenNebulaTwin, offering: VmOffering, inspect: OpenNebulaTwinClient, before_the_call: bool
) -> None:
    before = inspect.objects()

    def check(when: str) -> None:
        assert len(inspect.leftovers(before)["vms"]) == 1, when
        assert machine(offering.cloud).text("LCM_STATE") == "3", when
        offering.delete("web")
        assert inspect.leftovers(before) == {}, when

    deaths = dies_everywhere(twin, before_the_call, lambda agent: agent.create(wanted()), check)
    assert deaths == 4  # made, handed over, released, noted as ready


@both_sides
@pytest.mark.parametrize("state", ["3", "8"], ids=["running", "powered off by its owner"])
def test_one_is_resized(twin: OpenNebulaTwin, offering: VmOffering, before_the_call: bool, state: str) -> None:
    def make() -> None:
        offering.create(wanted())
        if state == "8":
            offering.cloud.daemon.once("vm.action", "poweroff-hard", machine(offering.cloud).id)

    def check(when: str) -> None:
        vm = machine(offering.cloud)
        assert (looks(offering.cloud), vm.text("STATE")) == (AS_LARGE, state), when
        assert not [name for name in NOTES if vm.note(name)], when
        offering.delete("web")
        make()

    make()
    deaths = dies_everywhere(twin, before_the_call, lambda agent: agent.set_limits("web", LARGE, GIGABYTES), check)
    assert deaths == (6 if state == "3" else 4)


@both_sides
@pytest.mark.parametrize("state", ["3", "8"], ids=["running", "powered off by its owner"])
def test_one_whose_disk_cannot_grow_keeps_its_size(
    twin: OpenNebulaTwin, offering: VmOffering, inspect: OpenNebulaTwinClient, before_the_call: bool, state: str
) -> None:
    offering.create(wanted())
    if state == "8":
        offering.cloud.daemon.once("vm.action", "poweroff-hard", machine(offering.cloud).id)
    inspect.add_fault("error", operation="vm.diskresize", code=2048, message="no space", times=0)

    def resize(agent: VmOffering) -> None:
        with pytest.raises(CloudError, match="no space"):
            agent.set_limits("web", LARGE, GIGABYTES)

    def check(when: str) -> None:
        vm = machine(offering.cloud)
        assert (looks(offering.cloud), vm.text("STATE")) == (AS_BEFORE, state), when
        assert not [name for name in NOTES if vm.note(name)], when

    assert dies_everywhere(twin, before_the_call, resize, check) >= 4


@both_sides
def test_one_is_ended(
    twin: OpenNebulaTwin, offering: VmOffering, inspect: OpenNebulaTwinClient, before_the_call: bool
) -> None:
    before = inspect.objects()
    offering.create(wanted())

    def check(when: str) -> None:
        assert inspect.leftovers(before) == {}, when
        offering.create(wanted())

    assert dies_everywhere(twin, before_the_call, lambda agent: agent.delete("web"), check) == 1
