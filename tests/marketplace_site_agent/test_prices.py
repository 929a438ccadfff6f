"""What an agent's offering costs: its limits and usages are in measured units, whatever the service counts in."""

from datetime import date
from decimal import Decimal

from tests.factories import client_of
from tests.marketplace.metering import at, set_usage
from tests.marketplace.stage import post
from tests.marketplace_site_agent.stage import AgentStage
from waldur_mastermind.billing.invoicing import refresh
from waldur_mastermind.billing.models import InvoiceItem
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace.orders import complete

APRIL = date(2027, 4, 1)
LIMITS = {"cpu": 2, "ram": 4}


def prices() -> dict[str, Decimal]:
    return {item.component_type: item.price for item in InvoiceItem.objects.all()}


def test_the_price_of_an_order_is_that_of_its_limits(stage: AgentStage) -> None:
    catalogue.set_prices(stage.vdc.plans.get(), {"cpu": Decimal(4), "ram": Decimal(2)})
    order = stage.placed(stage.owner, stage.vdc, limits=LIMITS)
    assert order.cost == 2 * 4 + 4 * 2


def test_the_invoice_says_the_same_and_what_was_used(stage: AgentStage) -> None:
    fields = {"type": "archive", "name": "Archive", "measured_unit": "GB", "unit_factor": 1024, "billing_type": "usage"}
    catalogue.add_component(stage.vdc, fields)
    catalogue.set_prices(stage.vdc.plans.get(), {"cpu": Decimal(4), "ram": Decimal(2), "archive": Decimal(3)})
    with at(2027, 4, 1):
        order = stage.placed(stage.owner, stage.vdc, limits=LIMITS)
        assert post(stage.agent, order, "approve_by_provider").status_code == 200
        complete(Order.objects.get(pk=order.pk))
    with at(2027, 4, 20):
        resource = Resource.objects.get(pk=order.resource_id)
        assert set_usage(stage.agent, resource, ("archive", 5)).status_code == 201
        refresh(APRIL)
        right = {"cpu": 8, "ram": 8, "archive": 15}
        assert prices() == right
        InvoiceItem.objects.update(price=Decimal("0.01"), quantity=Decimal("0.01"))  # as it was charged once
        refresh(APRIL)
    assert prices() == right


def test_a_component_says_by_what_the_agent_converts_and_that_prices_are_not_converted(stage: AgentStage) -> None:
    offering = client_of(stage.owner).get(f"/api/marketplace-public-offerings/{stage.vdc.uuid.hex}/").json()
    ram = next(component for component in offering["components"] if component["type"] == "ram")
    assert (ram["measured_unit"], ram["unit_factor"], ram["factor"]) == ("GB", 1024, 1)
