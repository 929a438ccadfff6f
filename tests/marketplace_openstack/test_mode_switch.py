"""Tenants that follow when their offering sells storage in another way than before."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.audit.clean import assert_in_step
from tests.crash.crashing import DoomedRunner, DyingRunner, drain_through_deaths
from tests.drive import drain
from tests.e2e.estate import Estate
from tests.marketplace_openstack.selling import by_type, components, limits_of, switch
from tests.marketplace_openstack.watching import quotas_in_the_cloud, shown, states
from tests.openstack.syncing import looked_after
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_core.quotas import counters
from waldur_mastermind.marketplace.models import Order
from waldur_mastermind.marketplace_openstack.tasks import follow_storage_modes
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.context import save

pytestmark = pytest.mark.slow


def test_existing_tenants_follow_from_whole_storage_to_types_and_back(estate: Estate) -> None:
    tenant = estate.tenant
    before = limits_of(tenant)
    used = counters.quotas_of(tenant).get(name="gigabytes_ssd").usage
    assert used == 5
    switch(estate, "dynamic")
    drain()
    limits = limits_of(tenant)
    assert "storage" not in limits and "storage" not in components(estate)
    assert (limits["cores"], limits["ram"]) == (before["cores"], before["ram"])
    assert limits["volume_type_ssd"] == used * 1024
    assert by_type(tenant)["gigabytes_ssd"] == used
    assert quotas_in_the_cloud(tenant)[2] == used
    volumes = components(estate, estate.private_offering(tenant, "Volume"))
    assert set(volumes) == {"volume_type_ssd", "volume_type_hdd"}
    switch(estate, "fixed")
    drain()
    assert limits_of(tenant) == {"cores": before["cores"], "ram": before["ram"], "storage": used * 1024}
    assert set(components(estate)) == {"cores", "ram", "storage"}
    assert set(by_type(tenant).values()) == {-1}
    assert set(components(estate, estate.private_offering(tenant, "Volume"))) == {"storage"}


def test_a_tenant_that_was_busy_follows_later(estate: Estate) -> None:
    assert estate.act(estate.server, "stop").status_code == 202
    save(estate.tenant, state="UPDATING")
    switch(estate, "dynamic")
    assert "storage" in limits_of(estate.tenant)
    save(estate.tenant, state="OK")
    drain()
    follow_storage_modes()
    drain()
    assert "storage" not in limits_of(estate.tenant)
    assert follow_storage_modes() == 0


def test_a_cloud_that_was_away_is_told_when_it_is_back(estate: Estate) -> None:
    estate.cloud.add_fault(service="block_storage", method="PUT", path="os-quota-sets", status=400, times=2)
    switch(estate, "dynamic")
    drain()
    order = Order.objects.latest("pk")
    assert states(estate, order) == ("erred", "Erred")
    assert "storage" in limits_of(estate.tenant)
    estate.cloud.clear_faults()
    assert follow_storage_modes() == 1
    drain()
    assert states(estate, order) == ("done", "OK")
    assert "storage" not in shown(estate, order.resource)["limits"]
    assert not Operation.objects.filter(state__in=Operation.LIVE).exists()


def test_prices_of_what_is_not_sold_for_a_while_come_back(estate: Estate) -> None:
    plan = estate.resource_of(estate.tenant).offering.plans.get()
    switch(estate, "dynamic")
    drain()
    shown_plan = estate.get(estate.owner, f"/api/marketplace-plans/{plan.uuid.hex}/")
    assert "storage" not in shown_plan["prices"]
    assert set(shown_plan["prices"]) == {"cores", "ram", "volume_type_ssd", "volume_type_hdd"}
    switch(estate, "fixed")
    drain()
    assert estate.get(estate.owner, f"/api/marketplace-plans/{plan.uuid.hex}/")["prices"]["storage"] == "0.1000000000"


def test_a_pull_of_quotas_meters_the_tenant(estate: Estate) -> None:
    assert estate.act(estate.tenant, "pull_quotas").status_code == 202
    drain()
    assert estate.resource_of(estate.tenant).current_usages == {"cores": 1, "ram": 512, "storage": 5120}


def assert_followed(estate: Estate, used: int) -> None:
    """Sold, told to the cloud and counted by volume types."""
    limits = limits_of(estate.tenant)
    assert "storage" not in limits
    assert limits["volume_type_ssd"] == used * 1024
    assert by_type(estate.tenant)["gigabytes_ssd"] == used
    assert states(estate, Order.objects.latest("pk")) == ("done", "OK")
    assert_in_step()


def used_of_ssd(estate: Estate) -> int:
    return int(counters.quotas_of(estate.tenant).get(name="gigabytes_ssd").usage)


def test_workers_that_die_at_every_step_of_the_switch_leave_it_to_the_next(estate: Estate) -> None:
    used = used_of_ssd(estate)
    switch(estate, "dynamic")
    runner = DyingRunner(lambda step, undoing: True)
    drain_through_deaths(runner)
    assert len(runner.deaths) >= 6  # before and after each of the three services
    assert_followed(estate, used)


def test_a_switch_that_was_refused_while_workers_died_is_tried_again(estate: Estate) -> None:
    used = used_of_ssd(estate)
    switch(estate, "dynamic")
    drain_through_deaths(DoomedRunner("Set network quotas", lambda step, undoing: True))
    assert states(estate, Order.objects.latest("pk")) == ("erred", "Erred")
    assert set(by_type(estate.tenant).values()) == {-1}  # as before the switch
    assert follow_storage_modes() == 1
    drain_through_deaths(DyingRunner(lambda step, undoing: True))
    assert_followed(estate, used)
    assert Order.objects.filter(resource__scope_uuid=estate.tenant.uuid, type="Update").count() == 1


def switch_in_the_dark(estate: Estate, tries: int, **changes: Any) -> Operation:
    """The cloud answers nothing from when the switch has begun; `changes` to its operation before each try."""
    switch(estate, "dynamic")
    operation = Operation.objects.get(state__in=Operation.LIVE)
    estate.cloud.go_dark(mode="refuse")
    for _ in range(tries):
        Operation.objects.update(next_run_at=timezone.now(), **changes)
        Runner().advance(operation.uuid.hex)
    operation.refresh_from_db()
    return operation


def test_a_cloud_that_goes_dark_during_the_switch_is_told_once_it_is_back(estate: Estate) -> None:
    used = used_of_ssd(estate)
    operation = switch_in_the_dark(estate, tries=3)
    assert (operation.is_live, "cannot be reached" in operation.error_message) == (True, True)
    assert follow_storage_modes() == 0  # it is on its way
    assert "storage" in limits_of(estate.tenant)
    estate.cloud.light()
    drain()
    assert_followed(estate, used)


def test_a_switch_that_waited_too_long_for_a_dark_cloud_is_tried_again(estate: Estate) -> None:
    used = used_of_ssd(estate)
    switch_in_the_dark(estate, tries=10, deadline=timezone.now() - timedelta(seconds=1))
    assert states(estate, Order.objects.latest("pk")) == ("erred", "Erred")
    estate.cloud.light()
    assert follow_storage_modes() == 1
    drain()
    assert_followed(estate, used)


def test_a_switch_whose_operation_was_lost_is_ordered_anew(estate: Estate) -> None:
    used = used_of_ssd(estate)
    switch(estate, "dynamic")
    Operation.objects.filter(state__in=Operation.LIVE).delete()
    Tenant.objects.update(modified=timezone.now() - timedelta(hours=2))
    looked_after("resolve_stuck_resources")
    lost = Order.objects.latest("pk")
    assert states(estate, lost) == ("erred", "OK")
    assert lost.error_message == "The change of limits was interrupted. Ask for it again."
    assert follow_storage_modes() == 1
    drain()
    assert_followed(estate, used)
