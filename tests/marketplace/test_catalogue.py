"""Categories, service providers, plans, and what is on sale for whom."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import client_of, make_project
from tests.marketplace.stage import Stage, post
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Category, Offering, Plan, PlanComponent, ServiceProvider
from waldur_mastermind.marketplace.tasks import apply_future_prices

CATEGORIES = "/api/marketplace-categories/"
PROVIDERS = "/api/marketplace-service-providers/"
PUBLIC = "/api/marketplace-public-offerings/"
PLANS = "/api/marketplace-plans/"


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.json()
    return [item["name"] for item in response.json()]


def test_staff_keep_the_shelves(stage: Stage) -> None:
    new = {"title": "Servers", "default_vm_category": True}
    assert client_of(stage.owner).post(CATEGORIES, new).status_code == 403
    assert Category.objects.count() == 1
    response = client_of(stage.staff).post(CATEGORIES, new)
    assert response.status_code == 201
    assert client_of(stage.staff).patch(response.json()["url"], {"title": "VMs"}).json()["title"] == "VMs"
    assert client_of(stage.staff).delete(response.json()["url"]).status_code == 204


def test_one_shelf_takes_private_servers(stage: Stage) -> None:
    client_of(stage.staff).post(CATEGORIES, {"title": "Servers", "default_vm_category": True})
    again = client_of(stage.staff).post(CATEGORIES, {"title": "More", "default_vm_category": True})
    assert (again.status_code, list(again.json())) == (400, ["default_vm_category"])


def test_a_shelf_with_offerings_stays(stage: Stage) -> None:
    assert client_of(stage.staff).delete(f"{CATEGORIES}{stage.category.uuid.hex}/").status_code == 409


def test_shelves_tell_how_much_stands_on_them(stage: Stage) -> None:
    stage.make_private_offering(make_project())
    shown = client_of(stage.member).get(CATEGORIES).json()[0]
    assert (shown["offering_count"], shown["available_offerings_count"]) == (3, 2)


def test_an_owner_registers_his_customer_once(stage: Stage) -> None:
    new = {"customer": f"http://testserver/api/customers/{stage.customer.uuid.hex}/"}
    assert client_of(stage.admin).post(PROVIDERS, new).status_code == 403
    assert client_of(stage.stranger).post(PROVIDERS, new).status_code == 400
    assert ServiceProvider.objects.count() == 1
    assert client_of(stage.owner).post(PROVIDERS, new).status_code == 201
    assert client_of(stage.owner).post(PROVIDERS, new).status_code == 400


def test_a_provider_with_offerings_on_sale_stays(stage: Stage) -> None:
    url = f"{PROVIDERS}{ServiceProvider.objects.get().uuid.hex}/"
    assert client_of(stage.owner).patch(url, {"description": "Mine now"}).status_code == 403
    assert client_of(stage.provider_owner).patch(url, {"description": "Ours"}).status_code == 200
    assert client_of(stage.provider_owner).delete(url).status_code == 409
    Offering.objects.update(state="Archived")
    assert client_of(stage.provider_owner).delete(url).status_code == 204


def test_what_is_shared_is_on_sale_for_everybody(stage: Stage) -> None:
    for user in (stage.stranger, stage.member, stage.staff):
        assert names(client_of(user).get(PUBLIC)) == ["Handmade things", "Shared machines"]
    assert client_of(None).get(PUBLIC).status_code == 401


def test_what_is_private_is_on_sale_for_its_project_and_customer(stage: Stage) -> None:
    stage.make_private_offering()
    assert "Rooms" in names(client_of(stage.member).get(PUBLIC))
    assert "Rooms" in names(client_of(stage.owner).get(PUBLIC))
    assert "Rooms" not in names(client_of(stage.stranger).get(PUBLIC))
    assert "Rooms" not in names(client_of(stage.provider_owner).get(PUBLIC))


@pytest.mark.parametrize(("state", "shown"), [("Draft", 1), ("Paused", 2), ("Archived", 1), ("Unavailable", 1)])
def test_only_what_is_active_or_paused_is_on_sale(stage: Stage, state: str, shown: int) -> None:
    Offering.objects.filter(pk=stage.offering.pk).update(state=state)
    for user in (stage.staff, stage.provider_owner, stage.member):
        assert len(client_of(user).get(PUBLIC).json()) == shown


def test_the_plans_of_an_offering_and_the_address_an_order_names(stage: Stage) -> None:
    catalogue.create_plan(stage.offering, {"name": "Old", "archived": True})
    url = f"{PUBLIC}{stage.offering.uuid.hex}/plans/"
    plans = client_of(stage.member).get(url).json()
    assert [plan["name"] for plan in plans] == [stage.plan.name]
    assert plans[0]["url"] == f"http://testserver{url}{stage.plan.uuid.hex}/"
    assert client_of(stage.member).get(plans[0]["url"]).json() == plans[0]
    assert client_of(stage.member).get(f"{url}{'0' * 32}/").status_code == 404


def offering_link(offering: Offering) -> str:
    return f"http://testserver/api/marketplace-provider-offerings/{offering.uuid.hex}/"


def test_a_provider_writes_a_plan(stage: Stage) -> None:
    new = {"name": "Large", "offering": offering_link(stage.offering), "unit": "month"}
    assert client_of(stage.owner).post(PLANS, new).status_code == 403
    assert Plan.objects.count() == 2
    response = client_of(stage.provider_owner).post(PLANS, new)
    assert response.status_code == 201
    assert set(response.json()["prices"]) == {"cores", "ram"}
    renamed = client_of(stage.provider_owner).patch(response.json()["url"], {"name": "Huge"})
    assert renamed.json()["name"] == "Huge"
    assert client_of(stage.provider_owner).delete(response.json()["url"]).status_code == 403
    assert client_of(stage.staff).delete(response.json()["url"]).status_code == 204


def test_a_plan_stays_with_its_offering(stage: Stage) -> None:
    url = f"{PLANS}{stage.plan.uuid.hex}/"
    client_of(stage.provider_owner).patch(url, {"offering": offering_link(stage.basic)})
    stage.plan.refresh_from_db()
    assert stage.plan.offering == stage.offering


def test_a_plan_that_was_ordered_is_archived_not_deleted(stage: Stage) -> None:
    stage.make_resource()
    assert client_of(stage.staff).delete(f"{PLANS}{stage.plan.uuid.hex}/").status_code == 409
    assert post(stage.owner, stage.plan, "archive").status_code == 403
    assert post(stage.provider_owner, stage.plan, "archive").status_code == 200
    assert Plan.objects.get(pk=stage.plan.pk).archived


def prices(stage: Stage) -> dict[str, tuple[Decimal, Decimal | None]]:
    rows = PlanComponent.objects.filter(plan=stage.plan).select_related("component")
    return {row.component.type: (row.price, row.future_price) for row in rows}


def test_prices_that_are_not_named_stay(stage: Stage) -> None:
    assert post(stage.provider_owner, stage.plan, "update_prices", {"prices": {"cores": "12.5"}}).status_code == 200
    assert prices(stage) == {"cores": (Decimal("12.5"), None), "ram": (Decimal(4), None)}


def test_whoever_uses_a_plan_pays_new_prices_from_the_next_month_on(stage: Stage) -> None:
    stage.make_resource()
    post(stage.provider_owner, stage.plan, "update_prices", {"prices": {"cores": 12}})
    assert prices(stage)["cores"] == (10, 12)
    assert apply_future_prices() == 0
    PlanComponent.objects.exclude(future_price=None).update(future_price_from=timezone.localdate())
    assert apply_future_prices() == 1
    assert prices(stage)["cores"] == (12, None)


@pytest.mark.parametrize("new", [{"gpu": 1}, {"cores": -1}, {"cores": "free"}, {"cores": None}, ["cores"]])
def test_prices_that_make_no_sense_change_nothing(stage: Stage, new: Any) -> None:
    response = post(stage.provider_owner, stage.plan, "update_prices", {"prices": new})
    assert (response.status_code, list(response.json())) == (400, ["prices"])
    assert prices(stage)["cores"] == (10, None)


@pytest.mark.parametrize("action", ["update_prices", "update_quotas"])
def test_prices_are_the_providers_to_change(stage: Stage, action: str) -> None:
    body = {"prices": {"cores": 1}, "quotas": {"cores": 1}}
    for user in (stage.owner, stage.support, stage.stranger):
        assert post(user, stage.plan, action, body).status_code == 403
    assert prices(stage)["cores"] == (10, None)


def test_included_amounts_make_the_unit_price(stage: Stage) -> None:
    catalogue.add_component(stage.offering, {"type": "licence", "name": "Licence", "billing_type": "fixed"})
    catalogue.set_prices(stage.plan, {"licence": Decimal(3)})
    response = post(stage.provider_owner, stage.plan, "update_quotas", {"quotas": {"licence": 5}})
    assert response.json()["unit_price"] == "15.0000000000"


def test_components_follow_the_plug_in_but_keep_what_the_provider_set(stage: Stage) -> None:
    cores = stage.offering.components.get(type="cores")
    cores.max_value, cores.measured_unit = 8, "outdated"
    cores.save()
    obsolete = catalogue.add_component(
        stage.offering, {"type": "disk", "name": "Disk", "billing_type": "limit", "is_builtin": True}
    )
    stage.make_resource(limits={"disk": 1}, state="Terminated")
    in_use = stage.make_resource(limits={"disk": 1})
    catalogue.sync_components(stage.offering)
    assert stage.offering.components.filter(pk=obsolete.pk).exists()
    in_use.delete()
    catalogue.sync_components(stage.offering)
    assert not stage.offering.components.filter(pk=obsolete.pk).exists()
    cores.refresh_from_db()
    assert (cores.max_value, cores.measured_unit) == (8, "cores")
