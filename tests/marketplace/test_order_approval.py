"""Who needs whose consent, and what a yes or a no does."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import client_of, grant, make_user
from tests.marketplace.stage import Stage, post
from waldur_core.permissions.models import Role
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_mastermind.marketplace.tasks import release_waiting_orders


@pytest.mark.parametrize(
    ("who", "state"),
    [
        ("staff", "executing"),
        ("owner", "executing"),
        ("manager", "pending-consumer"),
        ("admin", "pending-consumer"),
        ("member", "pending-consumer"),
    ],
)
def test_a_shared_offering_waits_for_whoever_pays(stage: Stage, who: str, state: str) -> None:
    order = stage.placed(getattr(stage, who))
    assert order.state == state
    assert order.auto_approved == (state == "executing")
    assert ServiceSettings.objects.exists() == (state == "executing")


@pytest.mark.parametrize(
    ("who", "state"),
    [
        ("staff", "executing"),
        ("owner", "executing"),
        ("manager", "executing"),
        ("admin", "executing"),
        ("member", "pending-consumer"),
    ],
)
def test_a_private_offering_is_the_projects_own_affair(stage: Stage, who: str, state: str) -> None:
    assert stage.placed(getattr(stage, who), stage.make_private_offering()).state == state


def test_the_right_to_approve_shared_orders_does_not_speed_up_private_ones(stage: Stage) -> None:
    role = Role.objects.create(name="BUYER", scope_type="project", permissions=["ORDER.APPROVE"])
    buyer = make_user("buyer")
    grant(buyer, role.name, stage.project)
    assert stage.placed(buyer).state == "executing"
    assert stage.placed(buyer, stage.make_private_offering()).state == "pending-consumer"


def test_a_provider_may_open_its_offering_to_its_own_projects(stage: Stage) -> None:
    stage.offering.plugin_options = {"auto_approve_in_service_provider_projects": True}
    stage.offering.save()
    assert stage.placed(stage.member).state == "pending-consumer"
    Offering.objects.filter(pk=stage.offering.pk).update(customer=stage.customer)
    assert stage.placed(stage.member).state == "executing"


def test_an_approved_order_is_executed(stage: Stage) -> None:
    order = stage.placed(stage.member)
    response = post(stage.owner, order, "approve_by_consumer")
    assert response.status_code == 200
    assert "detail" in response.json()
    order.refresh_from_db()
    assert (order.state, order.consumer_reviewed_by, order.auto_approved) == ("executing", stage.owner, False)
    assert ServiceSettings.objects.count() == 1


def test_a_rejected_order_ends_with_its_resource(stage: Stage) -> None:
    order = stage.placed(stage.member)
    assert post(stage.owner, order, "reject_by_consumer", {"consumer_rejection_comment": "No."}).status_code == 200
    order.refresh_from_db()
    assert (order.state, order.resource.state) == ("rejected", "Terminated")
    assert order.consumer_rejection_comment == "No."
    assert not ServiceSettings.objects.exists()


@pytest.mark.parametrize("action", ["approve_by_consumer", "reject_by_consumer"])
@pytest.mark.parametrize(("who", "code"), [("member", 403), ("admin", 403), ("support", 403), ("stranger", 404)])
def test_who_may_not_approve_changes_nothing(stage: Stage, action: str, who: str, code: int) -> None:
    order = stage.placed(stage.member)
    assert post(getattr(stage, who), order, action).status_code == code
    order.refresh_from_db()
    assert (order.state, order.resource.state) == ("pending-consumer", "Creating")


def test_the_admin_of_a_project_approves_private_orders(stage: Stage) -> None:
    order = stage.placed(stage.member, stage.make_private_offering())
    assert post(stage.admin, order, "approve_by_consumer").status_code == 200


@pytest.mark.parametrize("action", ["approve_by_consumer", "reject_by_consumer"])
def test_a_decision_is_taken_once(stage: Stage, action: str) -> None:
    order = stage.placed(stage.owner)
    assert post(stage.owner, order, action).status_code == 409
    order.refresh_from_db()
    assert order.state == "executing"


def test_an_order_that_has_become_impossible_is_not_approved(stage: Stage) -> None:
    order = stage.placed(stage.member)
    stage.customer.blocked = True
    stage.customer.save()
    response = post(stage.owner, order, "approve_by_consumer")
    assert (response.status_code, list(response.json())) == (400, ["project"])
    order.refresh_from_db()
    assert order.state == "pending-consumer"


def test_handmade_things_wait_for_their_provider_whoever_asks(stage: Stage) -> None:
    order = stage.placed(stage.staff, stage.basic)
    assert order.state == "pending-provider"
    assert post(stage.owner, order, "approve_by_provider").status_code == 403
    response = post(stage.provider_owner, order, "approve_by_provider", {"attributes": {"shelf": 4}})
    assert response.status_code == 200
    order.refresh_from_db()
    assert (order.state, order.provider_reviewed_by) == ("executing", stage.provider_owner)
    assert order.attributes["shelf"] == 4


def test_a_provider_may_say_no(stage: Stage) -> None:
    order = stage.placed(stage.owner, stage.basic)
    post(stage.provider_owner, order, "reject_by_provider", {"provider_rejection_comment": "Sold out."})
    order.refresh_from_db()
    assert (order.state, order.resource.state) == ("rejected", "Terminated")
    assert order.provider_rejection_comment == "Sold out."


def test_a_consumer_withdraws_an_order_that_has_not_begun(stage: Stage) -> None:
    order = stage.placed(stage.member)
    assert post(stage.member, order, "cancel").status_code == 403
    assert post(stage.admin, order, "cancel").status_code == 202
    order.refresh_from_db()
    assert (order.state, order.resource.state) == ("canceled", "Terminated")


def test_what_a_person_works_on_can_be_canceled_what_a_machine_works_on_cannot(stage: Stage) -> None:
    handmade = stage.placed(stage.owner, stage.basic)
    post(stage.provider_owner, handmade, "approve_by_provider")
    assert post(stage.owner, handmade, "cancel").status_code == 202
    machine = stage.placed(stage.owner)
    assert post(stage.owner, machine, "cancel").status_code == 409
    machine.refresh_from_db()
    assert machine.state == "executing"


def test_an_order_nobody_approved_can_be_deleted_with_its_resource(stage: Stage) -> None:
    order = stage.placed(stage.member)
    url = f"/api/marketplace-orders/{order.uuid.hex}/"
    assert client_of(stage.member).delete(url).status_code == 403
    assert Order.objects.exists()
    assert client_of(stage.admin).delete(url).status_code == 204
    assert not Order.objects.exists()
    assert not Resource.objects.exists()


def test_an_order_under_way_cannot_be_deleted(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    assert client_of(stage.owner).delete(f"/api/marketplace-orders/{order.uuid.hex}/").status_code == 409
    assert Order.objects.exists()


def test_an_order_waits_for_its_start_date_and_for_its_project(stage: Stage) -> None:
    today, tomorrow = timezone.localdate(), timezone.localdate() + timedelta(days=1)
    dated = stage.placed(stage.owner, start_date=str(tomorrow))
    assert dated.state == "pending-start-date"
    stage.project.start_date = tomorrow
    stage.project.save()
    early = stage.placed(stage.owner)
    assert early.state == "pending-project"
    assert release_waiting_orders() == 0
    Order.objects.filter(pk=dated.pk).update(start_date=today)
    stage.project.start_date = today
    stage.project.save()
    assert release_waiting_orders() == 2
    assert set(Order.objects.values_list("state", flat=True)) == {"executing"}
