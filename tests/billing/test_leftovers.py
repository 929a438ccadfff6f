"""Components that a provider removes in the middle of a month, and brings back."""

from datetime import date
from decimal import Decimal

from tests.billing.test_invoicing import lines, ordered
from tests.marketplace.metering import at, metered, set_usage
from tests.marketplace.stage import Stage, post
from waldur_mastermind.billing.invoicing import refresh
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import OfferingComponent

APRIL = date(2024, 4, 1)


def add_support(stage: Stage) -> None:
    """A fixed component: 30 a month."""
    catalogue.add_component(stage.offering, {"type": "support", "name": "Support", "billing_type": "fixed"})
    catalogue.set_prices(stage.plan, {"support": Decimal(30)})
    catalogue.set_amounts(stage.plan, {"support": 1})


def remove(stage: Stage, component_type: str) -> None:
    component = OfferingComponent.objects.get(offering=stage.offering, type=component_type)
    body = {"uuid": component.uuid.hex}
    assert post(stage.provider_owner, stage.offering, "remove_offering_component", body).status_code == 200


def test_what_is_removed_was_charged_up_to_that_day(stage: Stage) -> None:
    with at(2024, 4, 1):
        add_support(stage)
        ordered(stage)
        refresh(APRIL)
        assert lines(component_type="support") == [("support", "04-01", "05-01", "30.00")]
    with at(2024, 4, 10, 12):
        remove(stage, "support")
        refresh(APRIL)
    with at(2024, 4, 20):
        assert refresh(APRIL) == 0
    assert lines(component_type="support") == [("support", "04-01", "04-11", "10.00")]


def test_what_comes_back_is_charged_from_then_on(stage: Stage) -> None:
    with at(2024, 4, 1):
        add_support(stage)
        ordered(stage)
        refresh(APRIL)
    with at(2024, 4, 10, 12):
        remove(stage, "support")
        refresh(APRIL)
    with at(2024, 4, 21):
        add_support(stage)
        refresh(APRIL)
        assert refresh(APRIL) == 0
    charged = lines(component_type="support")
    assert charged[0] == ("support", "04-01", "04-11", "10.00")
    assert sum(Decimal(line[3]) for line in charged) <= 30
    assert charged[-1][2] == "05-01"


def test_usage_that_was_reported_stays_charged(stage: Stage) -> None:
    with at(2024, 4, 1):
        resource = metered(stage)
        set_usage(stage.provider_owner, resource, ("traffic", 4))
        refresh(APRIL)
    with at(2024, 4, 10):
        remove(stage, "traffic")
        refresh(APRIL)
    assert lines(component_type="traffic") == [("traffic", "04-01", "05-01", "8.00")]
