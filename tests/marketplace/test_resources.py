"""What can be done with what one has."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import client_of
from tests.marketplace.stage import Stage, post
from waldur_core.events.models import Event
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_mastermind.marketplace.orders import complete
from waldur_mastermind.marketplace.tasks import terminate_expired_resources

PROVIDER_VIEW = "marketplace-provider-resources"


def new_orders() -> list[Order]:
    return list(Order.objects.exclude(type="Create"))


def test_ending_a_resource_is_an_order(stage: Stage) -> None:
    resource = stage.make_resource()
    response = post(stage.owner, resource, "terminate")
    assert response.status_code == 200
    order = Order.objects.get(uuid=response.json()["order_uuid"])
    resource.refresh_from_db()
    assert (order.type, order.state, resource.state) == ("Terminate", "executing", "Terminating")
    complete(order)
    resource.refresh_from_db()
    assert resource.state == "Terminated"


def test_the_admin_asks_for_the_end_and_the_owner_agrees(stage: Stage) -> None:
    resource = stage.make_resource()
    order = Order.objects.get(uuid=post(stage.admin, resource, "terminate").json()["order_uuid"])
    resource.refresh_from_db()
    assert (order.state, resource.state) == ("pending-consumer", "OK")


def test_the_provider_ends_a_resource_without_asking(stage: Stage) -> None:
    resource = stage.make_resource()
    assert post(stage.provider_owner, resource, "terminate", view=PROVIDER_VIEW).status_code == 200
    resource.refresh_from_db()
    assert resource.state == "Terminating"


@pytest.mark.parametrize(("who", "code"), [("member", 403), ("support", 403), ("stranger", 404)])
def test_who_may_not_end_a_resource_leaves_it_as_it_is(stage: Stage, who: str, code: int) -> None:
    resource = stage.make_resource()
    assert post(getattr(stage, who), resource, "terminate").status_code == code
    resource.refresh_from_db()
    assert (resource.state, new_orders()) == ("OK", [])


@pytest.mark.parametrize("state", ["Creating", "Updating", "Terminating", "Terminated"])
def test_a_resource_that_is_busy_or_gone_is_not_ended(stage: Stage, state: str) -> None:
    resource = stage.make_resource(state)
    assert post(stage.owner, resource, "terminate").status_code == 409
    assert new_orders() == []


def test_what_is_in_use_is_not_ended_unless_by_force(stage: Stage) -> None:
    resource = stage.make_resource()
    ServiceSettings.objects.update(description="in use")
    assert post(stage.owner, resource, "terminate").status_code == 409
    assert new_orders() == []
    body = {"attributes": {"action": "force_destroy"}}
    assert post(stage.owner, resource, "terminate", body).status_code == 200


def test_what_came_into_use_while_its_end_was_awaited_stays(stage: Stage) -> None:
    resource = stage.make_resource()
    order = Order.objects.get(uuid=post(stage.admin, resource, "terminate").json()["order_uuid"])
    ServiceSettings.objects.update(description="in use")
    assert post(stage.owner, order, "approve_by_consumer").status_code == 200
    order.refresh_from_db()
    assert (order.state, order.error_message) == ("erred", "The machine is in use.")
    assert order.resource.state == "OK"


@pytest.mark.parametrize(
    ("action", "body"), [("terminate", {}), ("update_limits", {"limits": {"cores": 4}}), ("switch_plan", None)]
)
def test_one_unfinished_order_per_resource(stage: Stage, action: str, body: Any) -> None:
    resource = stage.make_resource()
    post(stage.admin, resource, "terminate")
    second = catalogue.create_plan(stage.offering, {"name": "Other"})
    response = post(stage.owner, resource, action, {"plan": second.uuid.hex} if body is None else body)
    assert (response.status_code, list(response.json())) == (400, ["resource"])
    assert len(new_orders()) == 1


def test_other_limits_are_an_order_and_those_not_named_stay(stage: Stage) -> None:
    resource = stage.make_resource()
    response = post(stage.owner, resource, "update_limits", {"limits": {"cores": 4}})
    order = Order.objects.get(uuid=response.json()["order_uuid"])
    resource.refresh_from_db()
    assert (order.type, order.state, resource.state) == ("Update", "done", "OK")
    assert resource.limits == order.limits == {"cores": 4, "ram": 2048}
    assert order.attributes["old_limits"] == {"cores": 2, "ram": 2048}
    assert order.cost == 4 * 10 + 2 * 4


@pytest.mark.parametrize(
    "limits", [{"cores": 2}, {"cores": 0}, {"cores": 65}, {"gpu": 1}, {"cores": "x"}, {"cores": -5}, "no"]
)
def test_limits_that_do_not_fit_or_change_nothing_are_refused(stage: Stage, limits: Any) -> None:
    resource = stage.make_resource()
    response = post(stage.owner, resource, "update_limits", {"limits": limits})
    assert (response.status_code, list(response.json())) == (400, ["limits"])
    resource.refresh_from_db()
    assert (resource.limits, new_orders()) == ({"cores": 2, "ram": 2048}, [])


def test_limits_the_service_refuses_leave_the_resource_as_it_was(stage: Stage) -> None:
    resource = stage.make_resource()
    post(stage.owner, resource, "update_limits", {"limits": {"cores": 13}})
    resource.refresh_from_db()
    assert new_orders()[0].state == "erred"
    assert (resource.state, resource.limits["cores"]) == ("OK", 2)


@pytest.mark.parametrize("state", ["Creating", "Erred", "Updating", "Terminated"])
@pytest.mark.parametrize("action", ["update_limits", "switch_plan"])
def test_only_a_working_resource_is_changed(stage: Stage, state: str, action: str) -> None:
    resource = stage.make_resource(state)
    other = catalogue.create_plan(stage.offering, {"name": "Other"})
    body = {"limits": {"cores": 4}, "plan": other.uuid.hex}
    assert post(stage.owner, resource, action, body).status_code == 409
    assert new_orders() == []


@pytest.mark.parametrize("action", ["update_limits", "switch_plan"])
@pytest.mark.parametrize(("who", "code"), [("member", 403), ("provider_owner", 403), ("stranger", 404)])
def test_who_may_not_change_a_resource_leaves_it_as_it_is(stage: Stage, action: str, who: str, code: int) -> None:
    resource = stage.make_resource()
    body = {"limits": {"cores": 4}, "plan": stage.plan.uuid.hex}
    assert post(getattr(stage, who), resource, action, body).status_code == code
    assert new_orders() == []


def test_a_paused_offering_lets_its_resources_be_changed_and_an_archived_one_lets_them_be_ended(stage: Stage) -> None:
    resource = stage.make_resource()
    Offering.objects.update(state="Paused")
    assert post(stage.owner, resource, "update_limits", {"limits": {"cores": 4}}).status_code == 200
    Offering.objects.update(state="Archived")
    assert post(stage.owner, resource, "update_limits", {"limits": {"cores": 5}}).status_code == 400
    assert post(stage.owner, resource, "terminate").status_code == 200


def test_another_plan_is_an_order_that_begins_a_period(stage: Stage) -> None:
    resource = stage.make_resource()
    other = catalogue.create_plan(stage.offering, {"name": "Other"})
    response = post(stage.owner, resource, "switch_plan", {"plan": other.uuid.hex})
    order = Order.objects.get(uuid=response.json()["order_uuid"])
    resource.refresh_from_db()
    assert (order.state, order.old_plan, resource.plan) == ("done", stage.plan, other)
    periods = client_of(stage.owner).get(f"/api/marketplace-resources/{resource.uuid.hex}/plan_periods/").json()
    assert [period["plan_name"] for period in periods] == ["Other"]
    assert Event.objects.filter(event_type="marketplace_resource_plan_switched").exists()


def test_the_same_plan_an_archived_one_and_one_of_another_offering_are_refused(stage: Stage) -> None:
    resource = stage.make_resource()
    archived = catalogue.create_plan(stage.offering, {"name": "Old", "archived": True})
    for plan in (stage.plan, archived, stage.basic.plans.get()):
        response = post(stage.owner, resource, "switch_plan", {"plan": plan.uuid.hex})
        assert (response.status_code, list(response.json())) == (400, ["plan"])
    assert new_orders() == []


def test_a_blocked_customer_changes_nothing_but_may_end_things(stage: Stage) -> None:
    resource = stage.make_resource()
    stage.customer.blocked = True
    stage.customer.save()
    assert post(stage.owner, resource, "update_limits", {"limits": {"cores": 4}}).status_code == 400
    assert post(stage.owner, resource, "terminate").status_code == 200


def test_a_resource_is_renamed_by_those_who_may(stage: Stage) -> None:
    resource = stage.make_resource()
    url = f"/api/marketplace-resources/{resource.uuid.hex}/"
    assert client_of(stage.member).patch(url, {"name": "mine"}).status_code == 403
    response = client_of(stage.owner).put(url, {"name": "ours", "description": "all of us"})
    assert (response.status_code, response.json()["name"]) == (200, "ours")


def test_an_end_date_lies_ahead_and_ends_the_resource_on_its_day(stage: Stage) -> None:
    resource = stage.make_resource()
    today = timezone.localdate()
    body = {"end_date": str(today - timedelta(days=1))}
    assert post(stage.owner, resource, "set_end_date", body).status_code == 400
    assert post(stage.admin, resource, "set_end_date", {"end_date": str(today)}).status_code == 403
    assert post(stage.owner, resource, "set_end_date", {"end_date": str(today)}).status_code == 200
    assert terminate_expired_resources() == 1
    resource.refresh_from_db()
    assert resource.state == "Terminating"
    assert terminate_expired_resources() == 0


def test_the_details_are_the_scope_and_without_scope_there_are_none(stage: Stage) -> None:
    resource = stage.make_resource()
    url = f"/api/marketplace-resources/{resource.uuid.hex}/details/"
    assert client_of(stage.member).get(url).json() == {"name": "machine"}
    Resource.objects.update(content_type=None, object_id=None)
    assert client_of(stage.member).get(url).status_code == 204


def test_unlinking_removes_the_rows_and_is_for_staff(stage: Stage) -> None:
    resource = stage.make_resource()
    assert post(stage.owner, resource, "unlink").status_code == 403
    assert Resource.objects.exists()
    assert post(stage.staff, resource, "unlink").status_code == 204
    assert not Resource.objects.exists()
    assert not ServiceSettings.objects.exists()


@pytest.mark.parametrize(
    ("action", "body", "column", "value"),
    [
        ("set_backend_id", {"backend_id": "b-1"}, "backend_id", "b-1"),
        ("set_backend_metadata", {"backend_metadata": {"state": "up"}}, "backend_metadata", {"state": "up"}),
        ("set_limits", {"limits": {"cores": 5}}, "limits", {"cores": 5, "ram": 2048}),
        ("submit_report", {"report": [{"header": "h", "body": "b"}]}, "report", [{"header": "h", "body": "b"}]),
        ("set_as_erred", {"error_message": "gone"}, "state", "Erred"),
        ("set_end_date_by_provider", {"end_date": "2099-01-01"}, "end_date", date(2099, 1, 1)),
    ],
)
def test_a_provider_reports_on_the_resources_it_runs(
    stage: Stage, action: str, body: Any, column: str, value: Any
) -> None:
    resource = stage.make_resource()
    before = getattr(resource, column)
    assert post(stage.owner, resource, action, body, PROVIDER_VIEW).status_code == 404
    resource.refresh_from_db()
    assert getattr(resource, column) == before
    response = post(stage.provider_owner, resource, action, body, PROVIDER_VIEW)
    assert response.status_code == 200, response.json()
    resource.refresh_from_db()
    assert getattr(resource, column) == value


def test_a_provider_reports_recovery(stage: Stage) -> None:
    resource = stage.make_resource("Erred", error_message="gone")
    assert post(stage.provider_owner, resource, "set_as_ok", view=PROVIDER_VIEW).status_code == 200
    resource.refresh_from_db()
    assert (resource.state, resource.error_message) == ("OK", "")


def test_options_fit_the_form_of_the_offering(stage: Stage) -> None:
    resource = stage.make_resource()
    form = {"order": ["size"], "options": {"size": {"type": "integer", "label": "Size", "required": True}}}
    Offering.objects.update(resource_options=form)
    assert post(stage.owner, resource, "update_options", {"options": {}}).status_code == 400
    assert post(stage.admin, resource, "update_options", {"options": {"size": 3}}).status_code == 403
    assert post(stage.owner, resource, "update_options", {"options": {"size": 3}}).status_code == 200
    resource.refresh_from_db()
    assert resource.options == {"size": 3}
