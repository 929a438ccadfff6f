"""Asking for something new: what is written when it is right, and that nothing is when it is not."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import client_of, make_customer, make_project
from tests.marketplace.stage import Stage
from waldur_core.events.models import Event
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Offering, Order, Resource


def assert_nothing_was_created() -> None:
    assert not Order.objects.exists()
    assert not Resource.objects.exists()
    assert not ServiceSettings.objects.exists()
    assert not Event.objects.filter(event_type__startswith="marketplace_order").exists()


def assert_refused(response: Any, code: int, field: str) -> None:
    assert response.status_code == code, response.json()
    assert field in response.json()
    assert_nothing_was_created()


def test_an_order_makes_a_resource_and_begins_at_once_when_the_owner_asks(stage: Stage) -> None:
    response = stage.order(stage.owner)
    assert response.status_code == 201
    order = Order.objects.get(uuid=response.json()["uuid"])
    assert (order.state, order.type, order.created_by) == ("executing", "Create", stage.owner)
    assert (order.resource.state, order.resource.name) == ("Creating", "machine")
    assert order.resource.limits == {"cores": 2, "ram": 2048}
    assert order.resource.scope == ServiceSettings.objects.get()
    assert response.json()["marketplace_resource_uuid"] == order.resource.uuid.hex
    assert response.json()["resource_uuid"] == ServiceSettings.objects.get().uuid.hex


def test_every_step_of_an_order_is_in_the_audit_log_with_its_actor(stage: Stage) -> None:
    stage.placed(stage.owner)
    events = Event.objects.filter(event_type__startswith="marketplace_", user=stage.owner).order_by("pk")
    assert [event.event_type for event in events] == [
        "marketplace_order_created",
        "marketplace_resource_create_requested",
        "marketplace_order_approved",
    ]


def test_secret_attributes_are_kept_apart_and_never_shown(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    assert order.all_attributes() == {"name": "machine", "user_password": "hush"}
    assert order.attributes == order.resource.attributes == {"name": "machine"}
    for user in (stage.owner, stage.staff):
        answer = client_of(user).get(f"/api/marketplace-orders/{order.uuid.hex}/")
        assert "hush" not in answer.content.decode()
        assert (
            "hush" not in client_of(user).get(f"/api/marketplace-resources/{order.resource.uuid.hex}/").content.decode()
        )


def test_missing_attributes_count_as_none(stage: Stage) -> None:
    order = stage.placed(stage.owner, attributes=None)
    assert order.attributes == {}
    assert order.resource.name == stage.offering.name


def test_defaults_of_components_fill_in_limits_that_are_not_named(stage: Stage) -> None:
    stage.offering.components.filter(type="ram").update(default_limit=4096)
    assert stage.placed(stage.owner, limits={"cores": 1}).limits == {"cores": 1, "ram": 4096}


def test_the_cost_is_the_starting_price_and_the_fixed_part_and_the_limits(stage: Stage) -> None:
    """2 cores at 10, 2048 MiB at 4 per GB, 3 licences at 7, and 1 for starting."""
    for component in ({"type": "licence", "billing_type": "fixed"}, {"type": "setup", "billing_type": "one"}):
        catalogue.add_component(stage.offering, {"name": component["type"], **component})
    catalogue.set_prices(stage.plan, {"licence": Decimal(7), "setup": Decimal(1)})
    catalogue.set_amounts(stage.plan, {"licence": 3, "setup": 1})
    assert stage.placed(stage.owner).cost == 2 * 10 + 2 * 4 + 3 * 7 + 1


def test_the_provider_page_and_the_plan_page_and_bare_uuids_name_them_too(stage: Stage) -> None:
    stage.placed(
        stage.staff,
        plan=f"http://testserver/api/marketplace-plans/{stage.plan.uuid}/",
    )
    body = stage.body(plan=stage.plan.uuid.hex)
    body["offering"] = f"http://testserver/api/marketplace-provider-offerings/{stage.offering.uuid.hex}/"
    assert client_of(stage.owner).post("/api/marketplace-orders/", body).status_code == 201


def test_a_private_offering_needs_no_plan_and_has_no_limits(stage: Stage) -> None:
    rooms = stage.make_private_offering()
    order = stage.placed(stage.admin, rooms)
    assert (order.plan, order.limits, order.cost) == (None, {}, 0)


@pytest.mark.parametrize("state", ["Draft", "Archived", "Unavailable"])
def test_what_is_not_on_sale_cannot_be_ordered_even_by_staff(stage: Stage, state: str) -> None:
    Offering.objects.filter(pk=stage.offering.pk).update(state=state)
    assert_refused(stage.order(stage.staff), 400, "offering")
    assert_refused(stage.order(stage.owner), 400, "offering")


def test_a_paused_offering_is_refused_with_its_reason(stage: Stage) -> None:
    Offering.objects.filter(pk=stage.offering.pk).update(state="Paused", paused_reason="Back on Monday.")
    response = stage.order(stage.owner)
    assert_refused(response, 400, "offering")
    assert "Back on Monday." in response.json()["offering"][0]


def test_an_anonymous_order_is_a_401(stage: Stage) -> None:
    assert_refused(stage.order(None), 401, "detail")


def test_a_stranger_cannot_order_for_the_project(stage: Stage) -> None:
    assert_refused(stage.order(stage.stranger), 400, "project")


def test_support_sees_the_project_but_may_not_order_for_it(stage: Stage) -> None:
    assert_refused(stage.order(stage.support), 403, "detail")


def test_a_plan_is_required(stage: Stage) -> None:
    assert_refused(stage.order(stage.owner, plan=None), 400, "plan")


def test_a_plan_of_another_offering_is_refused(stage: Stage) -> None:
    assert_refused(stage.order(stage.owner, plan=stage.basic.plans.get().uuid.hex), 400, "plan")


def test_an_archived_plan_is_refused(stage: Stage) -> None:
    stage.offering.plans.update(archived=True)
    assert_refused(stage.order(stage.owner), 400, "plan")


def test_a_plan_that_is_used_up_is_refused(stage: Stage) -> None:
    stage.offering.plans.update(max_amount=0)
    assert_refused(stage.order(stage.owner), 400, "plan")


@pytest.mark.parametrize(
    "limits",
    [
        {"cores": 0, "ram": 1024},
        {"cores": -1, "ram": 1024},
        {"cores": 65, "ram": 1024},
        {"cores": 1, "ram": 0},
        {"cores": 1, "ram": 1024, "gpu": 1},
        {"cores": 1.5},
        {"cores": "many"},
        {"cores": True},
        {"cores": None},
        {"cores": 2**70},
        [1, 2],
        "cores",
    ],
)
def test_limits_must_be_whole_numbers_within_the_range_of_known_components(stage: Stage, limits: Any) -> None:
    assert_refused(stage.order(stage.owner, limits=limits), 400, "limits")


def test_a_component_that_is_not_billed_by_limit_takes_no_limit(stage: Stage) -> None:
    catalogue.add_component(stage.offering, {"type": "traffic", "name": "Traffic", "billing_type": "usage"})
    assert_refused(stage.order(stage.owner, limits={"cores": 1, "traffic": 1}), 400, "limits")


def test_limits_may_not_exceed_what_is_available_of_all_resources_together(stage: Stage) -> None:
    stage.offering.components.filter(type="cores").update(max_available_limit=1)
    assert_refused(stage.order(stage.owner), 400, "limits")


def test_limits_are_refused_where_there_are_none(stage: Stage) -> None:
    rooms = stage.make_private_offering()
    assert_refused(stage.order(stage.admin, rooms, limits={"cores": 1}), 400, "limits")


@pytest.mark.parametrize("column", ["blocked", "archived"])
def test_a_customer_out_of_business_orders_nothing(stage: Stage, column: str) -> None:
    setattr(stage.customer, column, True)
    stage.customer.save()
    assert_refused(stage.order(stage.owner), 400, "project")
    assert_refused(stage.order(stage.staff), 400, "project")


def test_a_project_that_has_ended_orders_nothing(stage: Stage) -> None:
    stage.project.end_date = timezone.localdate() - timedelta(days=1)
    stage.project.save()
    assert_refused(stage.order(stage.owner), 400, "project")


def test_a_private_offering_is_not_for_another_project_of_the_customer(stage: Stage) -> None:
    rooms = stage.make_private_offering(stage.other_project())
    assert_refused(stage.order(stage.owner, rooms), 400, "project")


def test_a_private_offering_is_not_for_another_customer(stage: Stage) -> None:
    rooms = stage.make_private_offering(make_project(make_customer()))
    Offering.objects.filter(pk=rooms.pk).update(project=None)
    assert_refused(stage.order(stage.owner, rooms), 400, "offering")
    assert_refused(stage.order(stage.staff, rooms), 400, "project")


def test_a_project_has_only_as_many_resources_as_the_offering_allows(stage: Stage) -> None:
    stage.offering.plugin_options = {"maximal_resource_count_per_project": 0}
    stage.offering.save()
    assert_refused(stage.order(stage.owner), 400, "project")


def test_the_plug_in_has_a_word_about_attributes(stage: Stage) -> None:
    assert_refused(stage.order(stage.owner, attributes={"flavor": "unknown"}), 400, "attributes")


@pytest.mark.parametrize("attributes", [["a"], "name", {"name": 5}, {"name": "n" * 256}, {"note": "\0"}])
def test_attributes_must_be_an_object_with_a_name_that_fits(stage: Stage, attributes: Any) -> None:
    assert_refused(stage.order(stage.owner, attributes=attributes), 400, "attributes")


def test_terms_of_service_must_be_accepted(stage: Stage) -> None:
    Offering.objects.filter(pk=stage.offering.pk).update(terms_of_service="Be kind.")
    assert_refused(stage.order(stage.owner), 400, "accepting_terms_of_service")
    stage.placed(stage.owner, accepting_terms_of_service=True)


@pytest.mark.parametrize("callback", ["javascript:alert(1)", "somewhere"])
def test_a_callback_must_be_an_address(stage: Stage, callback: str) -> None:
    assert_refused(stage.order(stage.owner, callback_url=callback), 400, "callback_url")


FORM = {
    "order": ["size", "colour", "when", "many"],
    "options": {
        "size": {"type": "integer", "label": "Size", "required": True, "min": 1, "max": 9},
        "colour": {"type": "select_string", "label": "Colour", "choices": ["red", "blue"]},
        "when": {"type": "date", "label": "When"},
        "many": {"type": "select_string_multi", "label": "Many", "choices": ["a", "b"]},
    },
}


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"size": 0},
        {"size": 10},
        {"size": "big"},
        {"size": True},
        {"size": 5, "colour": "green"},
        {"size": 5, "colour": ["red"]},
        {"size": 5, "when": "tomorrow"},
        {"size": 5, "many": ["c"]},
        {"size": 5, "many": "a"},
    ],
)
def test_answers_must_fit_the_form_of_the_offering(stage: Stage, answers: dict[str, Any]) -> None:
    stage.offering.options = FORM
    stage.offering.save()
    assert_refused(stage.order(stage.owner, attributes=answers), 400, "attributes")


def test_answers_that_fit_the_form_are_taken(stage: Stage) -> None:
    stage.offering.options = FORM
    stage.offering.save()
    answers = {"size": 5, "colour": "red", "when": "2030-01-01", "many": ["a", "b"]}
    assert stage.placed(stage.owner, attributes=answers).attributes == answers


def test_the_same_key_again_answers_the_first_order_and_creates_nothing(stage: Stage) -> None:
    client = client_of(stage.owner)
    first = client.post("/api/marketplace-orders/", stage.body(), headers={"Idempotency-Key": "one"})
    again = client.post("/api/marketplace-orders/", stage.body(), headers={"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["uuid"] == again.json()["uuid"]
    assert Order.objects.count() == Resource.objects.count() == 1


def test_a_key_is_ones_own_and_holds_for_a_day(stage: Stage) -> None:
    key = {"Idempotency-Key": "one"}
    client_of(stage.owner).post("/api/marketplace-orders/", stage.body(), headers=key)
    assert client_of(stage.staff).post("/api/marketplace-orders/", stage.body(), headers=key).status_code == 201
    Order.objects.update(created=timezone.now() - timedelta(hours=25))
    assert client_of(stage.owner).post("/api/marketplace-orders/", stage.body(), headers=key).status_code == 201


def test_a_refused_order_does_not_use_up_its_key(stage: Stage) -> None:
    key = {"Idempotency-Key": "one"}
    client = client_of(stage.owner)
    assert client.post("/api/marketplace-orders/", stage.body(limits={"cores": 0}), headers=key).status_code == 400
    assert client.post("/api/marketplace-orders/", stage.body(), headers=key).status_code == 201
