"""Reports of usage, as a provider's agent sends them, and time that the test sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from tests.factories import client_of
from tests.marketplace.stage import Stage
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import ComponentUsage, Offering, PlanPeriod, Resource
from waldur_mastermind.marketplace.orders import periods

USAGES = "/api/marketplace-component-usages/"


def add_traffic(offering: Offering, price: int = 2) -> None:
    """A component that is billed by what flows."""
    fields = {"type": "traffic", "name": "Traffic", "measured_unit": "GB", "billing_type": "usage"}
    catalogue.add_component(offering, fields)
    for plan in offering.plans.all():
        catalogue.set_prices(plan, {"traffic": Decimal(price)})


def metered(stage: Stage, **fields: Any) -> Resource:
    """A working resource that is on its plan."""
    if not stage.offering.components.filter(type="traffic").exists():
        add_traffic(stage.offering)
    resource = stage.make_resource(**fields)
    if resource.plan:
        periods.begin(resource, resource.plan)
    return resource


def body(resource: Resource, *amounts: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resource": resource.uuid.hex,
        "usages": [{"type": name, "amount": str(amount), "recurring": False} for name, amount in amounts],
        **more,
    }


def set_usage(user: Any, resource: Resource, *amounts: tuple[str, Any], **more: Any) -> Any:
    return client_of(user).post(f"{USAGES}set_usage/", body(resource, *amounts, **more))


def used(resource: Resource, component: str = "traffic") -> list[tuple[PlanPeriod | None, Decimal]]:
    """What is written down, by plan period."""
    rows = ComponentUsage.objects.filter(resource=resource, component__type=component).order_by("pk")
    return [(row.plan_period, row.usage) for row in rows.select_related("plan_period")]


@contextmanager
def at(*moment: int) -> Iterator[datetime]:
    """The clock stands at a moment (UTC)."""
    now = datetime(*moment, tzinfo=UTC)
    with patch("django.utils.timezone.now", return_value=now):
        yield now
