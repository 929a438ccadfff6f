"""The agent's contract: what it hands over, what it gets back, what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from waldur_api_client.models import OrderDetails
from waldur_site_agent.backend.backends import PendingOrderDecision
from waldur_site_agent.backend.exceptions import BackendError, BackendNotReadyError, DuplicateResourceError
from waldur_site_agent.common.structures import AccountingType

from .conftest import LIMITS, VM_COMPONENTS

Make = Callable[..., Any]


def test_a_vdc_is_made_with_limits_credentials_and_metadata(backend: Make, resource: Make) -> None:
    made = backend().create_resource_with_id(resource(), "blue")

    assert made.backend_id == "blue"
    assert made.limits == LIMITS
    assert made.backend_metadata["opennebula_username"] == "blue_admin"
    assert made.backend_metadata == backend().get_resource_metadata("blue")
    assert backend().get_resource_limits("blue") == LIMITS  # in the marketplace's units


def test_the_first_cycle_waits_for_the_components(backend: Make, resource: Make, inspect: Any) -> None:
    """The agent makes the backend before it has read them: without their factors every limit would be wrong."""
    before = inspect.objects()
    with pytest.raises(BackendNotReadyError, match="components"):
        backend({}).create_resource_with_id(resource(), "blue")
    assert inspect.objects() == before


def test_the_first_cycle_after_a_restart_converts_as_those_before(backend: Make, resource: Make) -> None:
    """The factors are kept with what was made."""
    backend().create_resource_with_id(resource(), "blue")

    backend({}).set_resource_limits("blue", {**LIMITS, "ram": 3})

    assert backend({}).get_resource_limits("blue") == {**LIMITS, "ram": 3}
    assert backend({}).pull_resource(resource()).usage == backend().pull_resource(resource()).usage


def test_the_first_cycle_takes_the_components_of_the_resource(backend: Make, resource: Make) -> None:
    ram = {"type": "ram", "name": "RAM", "measured_unit": "GB", "unit_factor": 1024, "billing_type": "limit"}
    cpu = {"type": "cpu", "name": "CPU", "measured_unit": "cores", "billing_type": "limit"}
    described = resource(limits={"ram": 3, "cpu": 1}, offering_components=[ram, cpu])

    backend({}).create_resource_with_id(described, "blue")

    assert backend().get_resource_limits("blue") == {"cpu": 1, "ram": 3}


def test_limits_and_use_are_told_in_the_marketplaces_units(backend: Make, resource: Make) -> None:
    backend().create_resource_with_id(resource(), "blue")

    backend().set_resource_limits("blue", {"cpu": 2, "ram": 16, "storage": 50, "floating_ip": 0})

    assert backend().get_resource_limits("blue") == {"cpu": 2, "ram": 16, "storage": 50, "floating_ip": 0}
    vm = 'CPU="1" MEMORY="3072" DISK=[TYPE="fs",SIZE="5120"]'
    cloud = backend().cloud
    vm_id = cloud.daemon.once("vm.allocate", vm, False)
    cloud.daemon.once("vm.chown", vm_id, -1, cloud.pools.named("groups", "blue").id)
    usage = backend().pull_resource(resource()).usage
    assert usage == {"TOTAL_ACCOUNT_USAGE": {"cpu": 1, "ram": 3, "storage": 5, "floating_ip": 0}}


@pytest.mark.parametrize("known", [None, {}], ids=["later", "in the first cycle"])
def test_the_sync_puts_limits_back_and_tells_the_marketplace_nothing(
    backend: Make, resource: Make, known: dict[str, Any] | None
) -> None:
    backend().create_resource_with_id(resource(), "blue")
    backend().set_resource_limits("blue", {"ram": 1})

    backend(known).sync_resource_limits(resource(), None)

    assert backend().get_resource_limits("blue") == LIMITS


def test_what_may_be_imported_is_ours_and_names_its_project(backend: Make, resource: Make) -> None:
    backend().create_resource_with_id(resource(project_slug="genome"), "blue")
    cloud = backend().cloud
    cloud.daemon.once("vdc.allocate", 'NAME="of others"')

    found = backend().list_resources()

    assert [(each.backend_id, each.parent_id) for each in found] == [("blue", "genome")]


@pytest.mark.parametrize("count", [3, 12])
def test_a_cycle_costs_the_same_for_any_number_of_vdcs(backend: Make, resource: Make, inspect: Any, count: int) -> None:
    resources = [resource(f"vdc{number}") for number in range(count)]
    maker = backend()
    for each in resources:
        maker.create_resource_with_id(each, each.backend_id)

    since = inspect.call_count()
    reporting = backend()
    for each in resources:
        assert reporting.pull_resource(each).usage
    report = inspect.calls(since)
    since = inspect.call_count()
    syncing = backend()
    assert len(syncing.pull_resources(resources)) == count
    for each in resources:
        syncing.sync_resource_project(each)
        assert syncing.restore_resource(each.backend_id)
        assert syncing.get_resource_metadata(each.backend_id)["opennebula_password"]
        syncing.sync_resource_limits(each, None)
    membership = inspect.calls(since)

    assert sorted(call["operation"] for call in report) == ["grouppool.info", "vdcpool.info"]
    pools = {"grouppool", "vdcpool", "vnpool", "vrouterpool", "userpool", "datastorepool"}
    assert sorted(call["operation"] for call in membership) == sorted(
        ["user.info", *(f"{pool}.info" for pool in pools)]
    )


def test_a_cycle_costs_the_same_for_any_number_of_machines(backend: Make, resource: Make, inspect: Any) -> None:
    backend().create_resource_with_id(resource(limits={**LIMITS, "cpu": 100, "ram": 100}), "blue")
    settings = {"resource_type": "vm", "parent_vdc_backend_id": "blue", "template_id": 0}
    names = [f"vm{number}" for number in range(5)]
    for name in names:
        plan = {"plan_quotas": {"vcpu": 1, "vm_ram": 1, "vm_disk": 2}}
        machine = resource(name, limits={}, offering_plugin_options={})
        backend(VM_COMPONENTS, **settings).create_resource_with_id(machine, name, plan)

    since = inspect.call_count()
    cycle = backend(VM_COMPONENTS, **settings)
    usages = [cycle.pull_resource(resource(name)).usage["TOTAL_ACCOUNT_USAGE"] for name in names]
    ips = {cycle.get_resource_metadata(name)["ip_address"] for name in names}

    assert usages == [{"vcpu": 1, "vm_ram": 1, "vm_disk": 2}] * 5
    assert len(ips) == 5
    assert sorted(call["operation"] for call in inspect.calls(since)) == ["user.info", "vmpool.infoextended"]


def test_an_unreachable_cloud_changes_nothing_and_holds_nobody_up(backend: Make, resource: Make, inspect: Any) -> None:
    backend().create_resource_with_id(resource(), "blue")
    inspect.go_dark(mode="refuse")
    try:
        silent = backend()
        assert silent.pull_resource(resource()) is None
        began = time.monotonic()
        assert silent.pull_resources([resource(f"vdc{number}") for number in range(100)]) == {}
        assert not silent.ping()
        assert not silent.diagnostics()
        assert not silent.pause_resource("blue")
        with pytest.raises(BackendNotReadyError, match="did not answer"):
            silent.create_resource_with_id(resource(), "blue")
        assert time.monotonic() - began < 5
    finally:
        inspect.light()
    assert backend().ping()
    assert backend().pull_resource(resource()) is not None


def test_a_restoration_is_accepted_only_when_the_cloud_answers(backend: Make, inspect: Any) -> None:
    """Once accepted the agent asks about it no more, and hands over neither plan nor keys."""
    order = OrderDetails.from_dict({"type": "Restore", "marketplace_resource_uuid": "1" * 32})
    inspect.go_dark(mode="refuse")
    try:
        decision = backend(VM_COMPONENTS, resource_type="vm").evaluate_pending_order(order, None)
    finally:
        inspect.light()
    assert decision == PendingOrderDecision.PENDING


def test_a_mark_that_cannot_be_followed_is_told_until_it_can(backend: Make, resource: Make, inspect: Any) -> None:
    backend().create_resource_with_id(resource(), "blue")
    inspect.add_fault("error", operation="group.quota", code=8192, message="the database is locked")
    cycle = backend()
    assert not cycle.pause_resource("blue")
    told = cycle.get_resource_metadata("blue")["restriction"]
    assert told.startswith("could not pause: ")
    assert "the database is locked" in told

    inspect.clear_faults()
    assert cycle.pause_resource("blue")
    assert cycle.get_resource_metadata("blue")["restriction"] == "paused"


def test_a_machine_that_boots_for_ever_is_told_and_does_not_hold_up_the_cycle(
    backend: Make, resource: Make, inspect: Any
) -> None:
    backend().create_resource_with_id(resource(), "blue")
    cycle = backend()
    inspect.set_latency({"vm.boot": 1000.0, "*": 0.0})
    vm_id = cycle.cloud.daemon.once("vm.allocate", 'NAME="slow" CPU="1" MEMORY="64"', False)
    cycle.cloud.daemon.once("vm.chown", vm_id, -1, cycle.cloud.pools.named("groups", "blue").id)
    inspect.set_latency("instant")
    cycle.cloud.restrictions.patience = 0.5

    assert not cycle.pause_resource("blue")

    told = cycle.get_resource_metadata("blue")["restriction"]
    assert told == "could not pause: Suspending slow takes longer; the next cycle goes on with it."


def test_members_are_noted_and_leaving_renews_the_password(backend: Make, resource: Make) -> None:
    backend().create_resource_with_id(resource(), "blue")
    backend().add_users_to_resource(resource(), {"anna", "bert"}, user_roles={})
    assert sorted(backend().pull_resource(resource()).users) == ["anna", "bert"]
    old = backend().get_resource_metadata("blue")

    assert backend().remove_users_from_resource(resource(), {"bert"}) == ["bert"]

    assert backend().pull_resource(resource()).users == ["anna"]
    assert backend().get_resource_metadata("blue")["opennebula_password"] != old["opennebula_password"]


def test_a_wish_for_another_password_is_served_once(backend: Make, resource: Make) -> None:
    backend().create_resource_with_id(resource(), "blue")
    passwords = [backend().get_resource_metadata("blue")["opennebula_password"]]
    wishing = resource(backend_metadata={"access_renewal": "2026-11-25T09:00:00"})
    for _ in range(2):
        backend().sync_resource_project(wishing)
        passwords.append(backend().get_resource_metadata("blue")["opennebula_password"])

    assert passwords[0] != passwords[1] == passwords[2]
    assert backend().reset_vdc_user_password("blue")["opennebula_password"] not in passwords


def test_deleting_twice_or_what_was_never_made_is_fine(backend: Make, resource: Make, inspect: Any) -> None:
    before = inspect.objects()
    backend().create_resource_with_id(resource(), "blue")

    for _ in range(2):
        assert backend().delete_resource(resource(), project_slug="blue") is None
    assert backend().delete_resource(resource(backend_id="")) is None

    assert inspect.leftovers(before) == {}


@pytest.mark.parametrize(
    ("settings", "error"), [({"check_backend_id_uniqueness": True}, DuplicateResourceError), ({}, BackendError)]
)
def test_a_name_that_is_taken_lets_an_agent_try_another_that_has_more(
    backend: Make, resource: Make, settings: dict[str, Any], error: type[Exception]
) -> None:
    backend().create_resource_with_id(resource(), "blue")

    with pytest.raises(error, match="not made for this resource") as raised:
        backend(**settings).create_resource_with_id(resource("other"), "blue")

    assert type(raised.value) is not DuplicateResourceError  # its own sentence would not say what is in the way


def test_the_password_of_the_cloud_is_in_no_message(backend: Make, resource: Make) -> None:
    with pytest.raises(BackendError, match="credentials: ") as error:
        backend(credentials="oneadmin:very-secret").create_resource_with_id(resource(), "blue")
    assert "very-secret" not in str(error.value)


def test_components_of_plans_may_be_fixed() -> None:
    """The agent's own list of billing types is shorter; it would leave out the whole offering."""
    assert AccountingType("fixed") is AccountingType("limit")
    with pytest.raises(ValueError, match="nonsense"):
        AccountingType("nonsense")
