"""Making an offering and putting it on sale."""

from typing import Any

import pytest

from tests.factories import client_of, grant, make_customer, make_user
from tests.marketplace.stage import MACHINE, Stage, post
from waldur_core.permissions.strings import RoleName
from waldur_mastermind.marketplace.models import Offering, OfferingComponent

URL = "/api/marketplace-provider-offerings/"
SECRETS = {"backend_url": "https://cloud.example/v3", "username": "admin", "password": "hush", "api_token": "t-1"}


def body(stage: Stage, **changes: Any) -> dict[str, Any]:
    return {
        "name": "New machines",
        "type": MACHINE,
        "customer": f"http://testserver/api/customers/{stage.provider.uuid.hex}/",
        "category": f"http://testserver/api/marketplace-categories/{stage.category.uuid.hex}/",
        "service_attributes": SECRETS,
        "plugin_options": {"storage_mode": "fixed"},
        "components": [{"type": "licence", "name": "Licence", "billing_type": "fixed"}],
        "plans": [
            {"name": "Small", "unit": "month", "prices": {"cores": "1.5", "licence": 7}, "quotas": {"licence": 2}}
        ],
        **changes,
    }


def detail(stage: Stage, user: Any, offering: Offering) -> Any:
    return client_of(user).get(f"{URL}{offering.uuid.hex}/")


def test_an_offering_is_made_as_a_draft_with_components_and_plans(stage: Stage) -> None:
    response = client_of(stage.provider_owner).post(URL, body(stage))
    assert response.status_code == 201, response.json()
    offering = Offering.objects.get(uuid=response.json()["uuid"])
    assert (offering.state, offering.slug, offering.customer) == ("Draft", "new-machines", stage.provider)
    assert [component.type for component in offering.components.all()] == ["cores", "ram", "licence"]
    plan = response.json()["plans"][0]
    assert plan["prices"] == {"cores": "1.5000000000", "ram": "0.0000000000", "licence": "7.0000000000"}
    assert (plan["quotas"]["licence"], plan["unit_price"]) == (2, "14.0000000000")


@pytest.mark.parametrize(("who", "code"), [("owner", 400), ("stranger", 400), ("support", 403)])
def test_offerings_are_made_by_owners_of_the_provider(stage: Stage, who: str, code: int) -> None:
    assert client_of(getattr(stage, who)).post(URL, body(stage)).status_code == code
    assert not Offering.objects.filter(name="New machines").exists()


def test_a_customer_that_is_no_service_provider_makes_no_offerings(stage: Stage) -> None:
    customer = f"http://testserver/api/customers/{stage.customer.uuid.hex}/"
    response = client_of(stage.owner).post(URL, body(stage, customer=customer))
    assert (response.status_code, list(response.json())) == (400, ["customer"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "Nobody.Knows"}, "type"),
        ({"service_attributes": {"backend_url": "nowhere"}}, "service_attributes"),
        ({"components": [{"type": "cores", "name": "C", "billing_type": "limit"}]}, "type"),
        ({"components": [{"type": "a b", "name": "C", "billing_type": "limit"}]}, "components"),
        ({"plans": [{"name": "P", "prices": {"gpu": 1}}]}, "prices"),
        ({"plans": [{"name": "P", "prices": {"cores": -1}}]}, "plans"),
        ({"plans": [{"name": "P", "unit": "century"}]}, "plans"),
        ({"options": {"order": "a"}}, "options"),
        ({"plugin_options": ["a"]}, "plugin_options"),
        ({"category": "http://testserver/api/marketplace-categories/" + "0" * 32 + "/"}, "category"),
        ({"name": ""}, "name"),
    ],
)
def test_what_makes_no_sense_makes_no_offering(stage: Stage, changes: dict[str, Any], field: str) -> None:
    response = client_of(stage.provider_owner).post(URL, body(stage, **changes))
    assert response.status_code == 400
    assert field in response.json()
    assert not Offering.objects.filter(name__in=("New machines", "")).exists()


def test_connection_details_are_for_those_who_may_change_them_and_masked_even_so(stage: Stage) -> None:
    client_of(stage.provider_owner).post(URL, body(stage))
    offering = Offering.objects.get(name="New machines")
    for user in (stage.provider_owner, stage.staff):
        shown = detail(stage, user, offering).json()["service_attributes"]
        assert shown == {**SECRETS, "password": "***", "api_token": "***"}
    for answer in (detail(stage, stage.support, offering).json(),):
        assert "service_attributes" not in answer
        assert "secret_options" not in answer
    post(stage.provider_owner, offering, "activate")
    public = client_of(stage.staff).get(f"/api/marketplace-public-offerings/{offering.uuid.hex}/")
    assert "service_attributes" not in public.json()
    assert "hush" not in public.content.decode()


def test_a_mask_sent_back_leaves_the_secret_and_null_removes_it(stage: Stage) -> None:
    client_of(stage.provider_owner).post(URL, body(stage))
    offering = Offering.objects.get(name="New machines")
    changes = {"service_attributes": {"password": "***", "username": "root", "api_token": None}, "backend_id": "b"}
    assert post(stage.provider_owner, offering, "update_integration", changes).status_code == 200
    offering.refresh_from_db()
    assert offering.secret_options == {"backend_url": SECRETS["backend_url"], "username": "root", "password": "hush"}
    assert (offering.backend_id, offering.plugin_options) == ("b", {"storage_mode": "fixed"})


def test_an_integration_the_plug_in_refuses_is_not_kept(stage: Stage) -> None:
    changes = {"service_attributes": {"backend_url": "nowhere"}}
    assert post(stage.provider_owner, stage.offering, "update_integration", changes).status_code == 400
    stage.offering.refresh_from_db()
    assert stage.offering.secret_options == {}


@pytest.mark.parametrize(
    ("action", "changes", "column", "value"),
    [
        ("update_overview", {"name": "Better", "getting_started": "Begin"}, "getting_started", "Begin"),
        ("update_location", {"latitude": 59.4, "longitude": 24.7}, "latitude", 59.4),
        ("update_attributes", {"gpu": True}, "attributes", {"gpu": True}),
        ("update_options", {"options": {"order": [], "options": {}}}, "options", {"order": [], "options": {}}),
        (
            "update_resource_options",
            {"resource_options": {"order": [], "options": {}}},
            "resource_options",
            {"order": [], "options": {}},
        ),
        ("update_integration", {"plugin_options": {"a": 1}}, "plugin_options", {"a": 1}),
    ],
)
def test_each_part_is_changed_by_its_provider_and_nobody_else(
    stage: Stage, action: str, changes: Any, column: str, value: Any
) -> None:
    before = getattr(stage.offering, column)
    for user, code in ((stage.owner, 404), (stage.support, 403), (stage.stranger, 404)):
        assert post(user, stage.offering, action, changes).status_code == code
    stage.offering.refresh_from_db()
    assert getattr(stage.offering, column) == before
    assert post(stage.provider_owner, stage.offering, action, changes).status_code == 200
    stage.offering.refresh_from_db()
    assert getattr(stage.offering, column) == value


def test_a_manager_of_the_offering_edits_it(stage: Stage) -> None:
    manager = make_user("manager-of-offering")
    grant(manager, RoleName.OFFERING_MANAGER, stage.offering)
    assert post(manager, stage.offering, "update_overview", {"name": "Better"}).status_code == 200
    assert post(manager, stage.basic, "update_overview", {"name": "Better"}).status_code == 404


def draft(stage: Stage) -> Offering:
    return stage.make_offering("Draft", state="Draft")


def test_a_provider_puts_its_offering_on_sale(stage: Stage) -> None:
    offering = draft(stage)
    assert post(stage.owner, offering, "activate").status_code == 404
    response = post(stage.provider_owner, offering, "activate")
    assert (response.status_code, response.json()["state"]) == (200, "Active")
    assert post(stage.provider_owner, offering, "activate").status_code == 409


def test_without_a_plan_nothing_goes_on_sale(stage: Stage) -> None:
    offering = draft(stage)
    offering.plans.update(archived=True)
    assert post(stage.provider_owner, offering, "activate").status_code == 400
    offering.refresh_from_db()
    assert offering.state == "Draft"


def test_the_plans_of_the_parent_count(stage: Stage) -> None:
    offering = draft(stage)
    offering.plans.all().delete()
    Offering.objects.filter(pk=offering.pk).update(parent=stage.offering)
    assert post(stage.provider_owner, offering, "activate").status_code == 200


def test_a_blocked_customer_puts_nothing_on_sale(stage: Stage) -> None:
    offering = draft(stage)
    stage.provider.blocked = True
    stage.provider.save()
    assert post(stage.provider_owner, offering, "activate").status_code == 400


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ("Active", "pause", "Paused"),
        ("Paused", "unpause", "Active"),
        ("Active", "make_unavailable", "Unavailable"),
        ("Unavailable", "make_available", "Active"),
        ("Active", "archive", "Archived"),
        ("Draft", "archive", "Archived"),
    ],
)
def test_the_life_of_an_offering(stage: Stage, before: str, action: str, after: str) -> None:
    Offering.objects.filter(pk=stage.offering.pk).update(state=before)
    response = post(stage.provider_owner, stage.offering, action)
    assert (response.status_code, response.json()["state"]) == (200, after)
    stage.offering.refresh_from_db()
    assert stage.offering.state == after
    assert post(stage.provider_owner, stage.offering, action).status_code == 409


def test_only_staff_take_an_offering_back_to_the_drawing_board(stage: Stage) -> None:
    assert post(stage.provider_owner, stage.offering, "draft").status_code == 403
    assert post(stage.staff, stage.offering, "draft").status_code == 200


def test_a_draft_without_resources_is_deleted(stage: Stage) -> None:
    assert client_of(stage.provider_owner).delete(f"{URL}{stage.offering.uuid.hex}/").status_code == 409
    stage.make_resource(offering=stage.basic)
    Offering.objects.filter(pk=stage.basic.pk).update(state="Draft")
    assert client_of(stage.provider_owner).delete(f"{URL}{stage.basic.uuid.hex}/").status_code == 409
    offering = draft(stage)
    assert client_of(stage.provider_owner).delete(f"{URL}{offering.uuid.hex}/").status_code == 204
    assert Offering.objects.count() == 2


def test_a_provider_adds_changes_and_removes_components_of_its_own(stage: Stage) -> None:
    new = {"type": "gpu", "name": "GPU", "billing_type": "limit", "measured_unit": "cards", "max_value": 8}
    response = post(stage.provider_owner, stage.offering, "create_offering_component", new)
    assert response.status_code == 201
    assert stage.plan.components.filter(component__type="gpu").exists()
    named = {"uuid": response.json()["uuid"]}
    changed = post(stage.provider_owner, stage.offering, "update_offering_component", {**new, **named, "max_value": 4})
    assert (changed.status_code, changed.json()["max_value"]) == (200, 4)
    assert post(stage.provider_owner, stage.offering, "create_offering_component", new).status_code == 400
    resource = stage.make_resource(limits={"gpu": 1})
    assert post(stage.provider_owner, stage.offering, "remove_offering_component", named).status_code == 400
    resource.delete()
    assert post(stage.provider_owner, stage.offering, "remove_offering_component", named).status_code == 200
    assert not OfferingComponent.objects.filter(type="gpu").exists()


def test_of_a_built_in_component_only_the_range_is_the_providers(stage: Stage) -> None:
    cores = stage.offering.components.get(type="cores")
    whole = {"uuid": cores.uuid.hex, "type": "cores", "name": "Cores", "billing_type": "limit"}
    assert post(stage.provider_owner, stage.offering, "remove_offering_component", whole).status_code == 400
    renamed = post(stage.provider_owner, stage.offering, "update_offering_component", {**whole, "name": "CPU"})
    assert (renamed.status_code, list(renamed.json())) == (400, ["name"])
    ranged = post(stage.provider_owner, stage.offering, "update_offering_component", {**whole, "max_value": 8})
    assert ranged.status_code == 200
    cores.refresh_from_db()
    assert (cores.name, cores.max_value) == ("Cores", 8)
    assert post(stage.support, stage.offering, "update_offering_component", whole).status_code == 403


def test_a_component_of_another_offering_is_not_found(stage: Stage) -> None:
    cores = stage.make_offering("Other").components.get(type="cores")
    response = post(stage.provider_owner, stage.offering, "remove_offering_component", {"uuid": cores.uuid.hex})
    assert (response.status_code, list(response.json())) == (400, ["uuid"])


def test_people_are_given_roles_on_an_offering(stage: Stage) -> None:
    new = {"user": stage.stranger.uuid.hex, "role": "OFFERING.MANAGER"}
    assert post(stage.stranger, stage.offering, "add_user", new).status_code == 404
    assert post(stage.provider_owner, stage.offering, "add_user", new).status_code == 201
    assert [item["name"] for item in client_of(stage.stranger).get(URL).json()] == ["Shared machines"]


def test_the_orders_of_an_offering_are_its_providers_to_see(stage: Stage) -> None:
    order = stage.placed(stage.owner)
    url = f"{URL}{stage.offering.uuid.hex}/orders/"
    assert [item["uuid"] for item in client_of(stage.provider_owner).get(url).json()] == [order.uuid.hex]
    assert client_of(stage.owner).get(url).status_code == 404


def test_offerings_are_counted_by_state(stage: Stage) -> None:
    draft(stage)
    counters = client_of(stage.provider_owner).get(f"{URL}state_counters/").json()
    assert (counters["active"], counters["draft"], counters["paused"]) == (2, 1, 0)


def test_another_customers_owner_sees_none_of_it(stage: Stage) -> None:
    other = make_user("owner-elsewhere")
    grant(other, RoleName.CUSTOMER_OWNER, make_customer())
    assert client_of(other).get(URL).json() == []
    assert detail(stage, other, stage.offering).status_code == 404
