"""Execution, success, failure and another try; and what becomes of the resource."""

from typing import Any

import pytest

from tests.factories import client_of
from tests.marketplace.stage import MACHINE, Stage, post
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.rest.errors import Conflict
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace.orders import complete, fail, resume, set_resource_state


def test_a_completed_order_leaves_a_working_resource_on_its_plan(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    complete(order)
    order.refresh_from_db()
    assert (order.state, order.resource.state) == ("done", "OK")
    assert order.completed_at is not None
    assert [period.plan for period in order.resource.plan_periods.all()] == [stage.plan]
    assert Event.objects.filter(event_type="marketplace_resource_create_succeeded", scope_uuid=order.resource.uuid)


def test_a_failed_order_says_why_and_so_does_its_resource(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    fail(order, "The cloud is full.", "Traceback of the cloud")
    order.refresh_from_db()
    assert (order.state, order.resource.state) == ("erred", "Erred")
    assert order.error_message == order.resource.error_message == "The cloud is full."
    url = f"/api/marketplace-orders/{order.uuid.hex}/"
    assert "error_traceback" not in client_of(stage.owner).get(url).json()
    assert client_of(stage.staff).get(url).json()["error_traceback"] == "Traceback of the cloud"


def test_a_failed_order_that_left_nothing_behind_terminates_its_resource(stage: Stage) -> None:
    order = stage.placed(stage.owner, stage.basic)
    post(stage.provider_owner, order, "approve_by_provider")
    fail(Order.objects.get(pk=order.pk), "It broke.")
    order.refresh_from_db()
    assert order.resource.state == "Terminated"


def test_what_the_plug_in_refuses_at_execution_is_undone_and_told(stage: Stage) -> None:
    order = stage.placed(stage.owner, attributes={"name": "machine", "flavor": "sold out"})
    assert (order.state, order.error_message) == ("erred", "flavor: It is sold out.")
    assert (order.resource.state, order.resource.scope) == ("Terminated", None)
    assert not ServiceSettings.objects.exists()


def test_a_failed_order_is_resumed_with_its_operation(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    fail(order, "The cloud is full.")
    resume(order)
    order.refresh_from_db()
    assert (order.state, order.error_message, order.resource.state) == ("executing", "", "Creating")
    complete(order)
    order.refresh_from_db()
    assert (order.state, order.resource.state, order.resource.error_message) == ("done", "OK", "")


@pytest.mark.parametrize("again", [complete, lambda order: fail(order, "late")])
def test_an_order_ends_once(stage: Stage, again: Any) -> None:
    order = stage.placed(stage.owner)
    complete(order)
    with pytest.raises(Conflict):
        again(order)
    order.refresh_from_db()
    assert (order.state, order.resource.state) == ("done", "OK")


def test_a_stale_copy_of_an_order_cannot_end_it_again(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    stale = Order.objects.get(pk=order.pk)
    complete(order)
    with pytest.raises(Conflict):
        stale.enter(Order.State.ERRED)


def test_a_resource_moves_only_along_the_arrows(stage: Stage) -> None:
    resource = stage.make_resource()
    assert not set_resource_state(resource, Resource.State.OK)
    with pytest.raises(Conflict):
        set_resource_state(resource, Resource.State.CREATING)
    assert set_resource_state(resource, Resource.State.ERRED, "The disk is gone.")
    assert Event.objects.filter(event_type="marketplace_resource_erred_on_backend").count() == 1
    assert set_resource_state(resource, Resource.State.OK)
    assert resource.error_message == ""
    assert set_resource_state(resource, Resource.State.TERMINATED)
    with pytest.raises(Conflict):
        set_resource_state(resource, Resource.State.OK)


def test_a_provider_reports_the_outcome_of_handmade_orders(stage: Stage) -> None:
    order = stage.placed(stage.owner, stage.basic)
    assert post(stage.provider_owner, order, "set_state_done").status_code == 409
    assert post(stage.provider_owner, order, "set_state_executing").status_code == 200
    assert post(stage.owner, order, "set_state_done").status_code == 403
    assert post(stage.provider_owner, order, "set_state_done").status_code == 200
    order.refresh_from_db()
    assert (order.state, order.resource.state) == ("done", "OK")


def test_a_provider_reports_a_failure_and_tries_again(stage: Stage) -> None:
    order = stage.placed(stage.owner, stage.basic)
    post(stage.provider_owner, order, "approve_by_provider")
    Resource.objects.update(backend_id="shelf-4")
    body = {"error_message": "It broke.", "error_traceback": "At the hinge."}
    assert post(stage.provider_owner, order, "set_state_erred", body).status_code == 200
    order.refresh_from_db()
    assert (order.state, order.error_message, order.error_traceback) == ("erred", "It broke.", "At the hinge.")
    assert post(stage.provider_owner, order, "set_state_executing").status_code == 200
    order.refresh_from_db()
    assert (order.state, order.resource.state) == ("executing", "Creating")


@pytest.mark.parametrize("action", ["set_state_done", "set_state_erred", "set_state_executing"])
def test_orders_that_end_by_themselves_are_not_the_providers_to_end(stage: Stage, action: str) -> None:
    order = stage.placed(stage.owner)
    assert post(stage.provider_owner, order, action).status_code == 409
    order.refresh_from_db()
    assert order.state == "executing"


def test_staff_may_end_a_stuck_order(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    assert post(stage.staff, order, "set_state_erred", {"error_message": "Lost."}).status_code == 200


def test_the_provider_notes_its_own_number(stage: Stage) -> None:
    order = stage.placed(stage.owner, stage.basic)
    assert post(stage.member, order, "set_backend_id", {"backend_id": "7"}).status_code == 403
    assert post(stage.provider_owner, order, "set_backend_id", {"backend_id": "7"}).json()["status"]
    order.refresh_from_db()
    assert order.backend_id == "7"


def test_staff_unlink_an_order_and_its_resource_is_erred(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    assert post(stage.owner, order, "unlink").status_code == 403
    assert Order.objects.exists()
    assert post(stage.staff, order, "unlink").status_code == 204
    assert not Order.objects.exists()
    assert Resource.objects.get().state == "Erred"


def test_an_executing_order_shows_its_operation_and_how_far_it_is(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    url = f"/api/marketplace-orders/{order.uuid.hex}/"
    assert "operation" not in client_of(stage.owner).get(url).json()
    operation = make_operation(order)
    answer = client_of(stage.owner).get(url).json()
    assert answer["operation"] == f"http://testserver/api/operations/{operation.uuid.hex}/"
    assert answer["progress"] == {"current": 2, "total": 3, "percent": 33, "step": "Wire it"}
    complete(order)
    assert "progress" not in client_of(stage.owner).get(url).json()


def make_operation(order: Order) -> Operation:
    machine: Any = order.resource.scope
    titles = ("Build it", "Wire it", "Try it")
    return Operation.objects.create(
        workflow=MACHINE,
        subject=machine,
        subject_uuid=machine.uuid,
        subject_name=machine.name,
        state="running",
        plan=[{"step": title, "title": title, "state": "pending"} for title in titles],
        cursor=1,
        deadline="2099-01-01T00:00:00Z",
    )
