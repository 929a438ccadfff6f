"""New limits of a tenant: told to the cloud first, and refused where they cannot be."""

from decimal import Decimal
from typing import Any

import pytest

from tests.drive import drain
from tests.e2e.estate import Estate
from tests.e2e.market import ORDERS, RESOURCES
from tests.factories import client_of
from tests.marketplace_openstack.watching import quotas_in_the_cloud, shown, states
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_core.structure.models import User
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Order

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("ends_in_step")]


def ask(estate: Estate, user: User | None = None, **limits: int) -> Any:
    path = f"{RESOURCES}{estate.resource_of(estate.tenant).uuid.hex}/update_limits/"
    return estate.post(user or estate.owner, path, {"limits": limits})


def order_limits(estate: Estate, user: User | None = None, **limits: int) -> Order:
    return Order.objects.get(uuid=estate.done(ask(estate, user, **limits), 200)["order_uuid"])


def limit_of(estate: Estate, name: str) -> int:
    return counters.quotas_of(estate.tenant).get(name=name).limit


def test_new_limits_are_pushed_to_the_cloud(estate: Estate) -> None:
    order = order_limits(estate, cores=12)
    assert states(estate, order) == ("executing", "Updating")
    assert shown(estate, order.resource)["limits"]["cores"] == 8
    estate.executed(order)
    assert states(estate, order) == ("done", "OK")
    assert shown(estate, order.resource)["limits"] == {"cores": 12, "ram": 16384, "storage": 102400}
    assert limit_of(estate, "vcpu") == 12
    assert quotas_in_the_cloud(estate.tenant) == (12, 16384, 100)


def test_a_manager_may_ask_for_limits_and_the_owner_decides(estate: Estate) -> None:
    order = order_limits(estate, estate.manager, cores=12)
    assert states(estate, order) == ("pending-consumer", "OK")
    assert client_of(estate.owner).post(f"{ORDERS}{order.uuid.hex}/approve_by_consumer/").status_code == 200
    estate.executed(order)
    assert quotas_in_the_cloud(estate.tenant)[0] == 12


def test_limits_below_what_is_used_are_refused(estate: Estate) -> None:
    before = estate.traces()
    answer = ask(estate, ram=256, storage=4096)
    reasons = ["512 of ram are in use, more than 256.", "5120 of storage are in use, more than 4096."]
    assert (answer.status_code, answer.json()) == (400, {"limits": reasons})
    assert estate.traces() == before


def test_a_busy_tenant_keeps_its_limits(estate: Estate) -> None:
    order_limits(estate, cores=12)
    before = estate.traces()
    answer = ask(estate, cores=13)
    reason = "The resource is Updating; this is possible only in OK."
    assert (answer.status_code, answer.json()) == (409, {"detail": reason})
    assert estate.traces() == before


def test_limits_the_cloud_refuses(estate: Estate) -> None:
    estate.cloud.add_fault(service="compute", method="PUT", path="os-quota-sets", status=400, message="Not so many.")
    order = order_limits(estate, cores=12)
    drain()
    assert states(estate, order) == ("erred", "Erred")
    told = estate.get(estate.owner, f"{ORDERS}{order.uuid.hex}/")
    assert "Not so many." in told["error_message"]
    assert shown(estate, order.resource)["limits"]["cores"] == 8
    assert limit_of(estate, "vcpu") == 8


def test_a_retry_completes_the_order_of_limits(estate: Estate) -> None:
    estate.cloud.add_fault(service="compute", method="PUT", path="os-quota-sets", status=400)
    order = order_limits(estate, cores=12)
    drain()
    operation = Operation.objects.get(subject_uuid=estate.tenant.uuid, state="erred")
    assert client_of(estate.owner).post(f"/api/operations/{operation.uuid.hex}/retry/").status_code == 202
    assert states(estate, order) == ("executing", "Updating")
    estate.executed(order)
    assert shown(estate, order.resource)["limits"]["cores"] == 12
    assert quotas_in_the_cloud(estate.tenant)[0] == 12


def test_staff_declare_a_tenant_broken_while_an_order_waits(estate: Estate) -> None:
    """The order goes on waiting; nothing is done to it that was not asked for."""
    order = order_limits(estate, estate.manager, cores=12)
    assert estate.act(estate.tenant, "set_erred", user=estate.staff).status_code == 200
    assert states(estate, order) == ("pending-consumer", "Erred")
    assert estate.act(estate.tenant, "set_ok", user=estate.staff).status_code == 200
    assert states(estate, order) == ("pending-consumer", "OK")


def test_quotas_that_staff_set_later_are_not_taken_for_the_order_that_failed(estate: Estate) -> None:
    estate.cloud.add_fault(service="compute", method="PUT", path="os-quota-sets", status=400)
    order = order_limits(estate, cores=12)
    drain()
    for action, body in (("set_ok", None), ("set_quotas", {"instances": 5})):
        assert estate.act(estate.tenant, action, body, user=estate.staff).status_code in (200, 202)
    drain()
    assert states(estate, order) == ("erred", "OK")
    assert shown(estate, order.resource)["limits"]["cores"] == 8


def test_an_order_of_limits_that_the_cloud_refuses_leaves_the_cloud_as_it_was(estate: Estate) -> None:
    estate.cloud.add_fault(service="block_storage", method="PUT", path="os-quota-sets", status=400, message="No.")
    order = order_limits(estate, cores=12, storage=204800)
    drain()
    assert states(estate, order) == ("erred", "Erred")
    assert quotas_in_the_cloud(estate.tenant) == (8, 16384, 100)
    told = {event["event_type"] for event in estate.get(estate.owner, "/api/events/", page_size=5)}
    assert "marketplace_resource_update_limits_failed" in told


def test_new_limits_are_told_and_priced(estate: Estate) -> None:
    order = order_limits(estate, cores=12)
    assert order.cost == 12 * 5 + 16 * 2 + 10
    estate.executed(order)
    told = {event["event_type"] for event in estate.get(estate.owner, "/api/events/", page_size=20)}
    assert {"marketplace_resource_update_limits_succeeded", "openstack_tenant_quota_limit_updated"} <= told


def test_a_second_order_has_to_wait_for_the_first(estate: Estate) -> None:
    order_limits(estate, estate.manager, cores=12)
    before = estate.traces()
    answer = ask(estate, cores=13)
    assert (answer.status_code, list(answer.json())) == (400, ["resource"])
    assert estate.traces() == before


def test_members_change_no_limits(estate: Estate) -> None:
    before = estate.traces()
    assert ask(estate, estate.member, cores=12).status_code == 403
    assert ask(estate, estate.stranger, cores=12).status_code == 404
    assert estate.traces() == before


def test_another_plan_changes_prices_and_nothing_in_the_cloud(estate: Estate) -> None:
    offering = estate.resource_of(estate.tenant).offering
    plan = catalogue.create_plan(offering, {"name": "Cheap", "prices": {"cores": Decimal(1)}})
    path = f"{RESOURCES}{estate.resource_of(estate.tenant).uuid.hex}/switch_plan/"
    before = estate.traces()["changes in the cloud"]
    made = estate.done(estate.post(estate.owner, path, {"plan": estate.link("marketplace-plans", plan)}), 200)
    order = estate.executed(Order.objects.get(uuid=made["order_uuid"]))
    assert (order.cost, order.resource.plan, order.old_plan != plan) == (8, plan, True)
    assert estate.traces()["changes in the cloud"] == before
