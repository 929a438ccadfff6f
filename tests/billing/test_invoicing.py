"""Lines of pending invoices follow what happens to resources, and nothing is ever charged twice."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import make_project
from tests.marketplace.metering import at, metered, set_usage
from tests.marketplace.stage import Stage, post
from waldur_mastermind.billing.invoicing import refresh
from waldur_mastermind.billing.models import Invoice, InvoiceItem, PriceEstimate
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace.orders import complete, periods
from waldur_mastermind.marketplace.orders.requests import order_limits, order_plan, order_termination

APRIL = date(2024, 4, 1)


def lines(**which: Any) -> list[tuple[str, str, str, str]]:
    """(component, from, to, price) of what is charged."""
    items = InvoiceItem.objects.filter(**which).order_by("start", "component_type")
    return [(i.component_type, f"{i.start:%m-%d}", f"{i.end:%m-%d}", f"{i.price:.2f}") for i in items]


def ordered(stage: Stage, **changes: Any) -> Resource:
    """A machine that was ordered and made: 2 cores at 10, 2 GB at 4."""
    order = stage.placed(stage.owner, **changes)
    complete(order)
    return Resource.objects.get(pk=order.resource_id)


def test_an_order_that_is_done_costs_from_that_day_on(stage: Stage) -> None:
    with at(2024, 4, 16, 9):
        ordered(stage)
        refresh(APRIL)
    assert lines() == [("cores", "04-16", "05-01", "10.00"), ("ram", "04-16", "05-01", "4.00")]
    invoice = Invoice.objects.get()
    assert (invoice.customer, invoice.year, invoice.month, invoice.state) == (stage.customer, 2024, 4, "pending")


def test_the_lines_follow_the_commit_of_an_order(stage: Stage, django_capture_on_commit_callbacks: Any) -> None:
    with at(2024, 4, 16, 9), django_capture_on_commit_callbacks(execute=True):
        ordered(stage)
    assert [line[0] for line in lines()] == ["cores", "ram"]


def test_the_estimate_of_an_order_is_the_invoice_of_a_whole_month(stage: Stage) -> None:
    for unit in ("month", "half_month", "quarter", "day", "hour"):
        plan = catalogue.create_plan(stage.offering, {"name": unit, "unit": unit, "prices": {"cores": 9, "ram": 3}})
        with at(2024, 4, 1):
            url = f"http://testserver/api/marketplace-public-offerings/{stage.offering.uuid.hex}/plans/{plan.uuid.hex}/"
            resource = ordered(stage, plan=url)
            refresh(APRIL)
        price = sum(item.price for item in InvoiceItem.objects.filter(resource=resource))
        assert round(price, 2) == round(Decimal(Order.objects.get(resource=resource).cost or 0), 2) > 0, unit


def test_an_order_of_other_limits_splits_the_month(stage: Stage) -> None:
    with at(2024, 4, 1):
        resource = ordered(stage)
        refresh(APRIL)
    with at(2024, 4, 16, 12):
        order_limits(resource, {"cores": 4}, stage.owner)
        refresh(APRIL)
    assert lines(component_type="cores") == [("cores", "04-01", "04-16", "10.00"), ("cores", "04-16", "05-01", "20.00")]
    assert lines(component_type="ram") == [("ram", "04-01", "05-01", "8.00")]


def test_limits_that_the_provider_writes_down_count_too(stage: Stage) -> None:
    with at(2024, 4, 1):
        resource = ordered(stage)
    with at(2024, 4, 16, 12):
        body = {"limits": {"cores": 4}}
        view = "marketplace-provider-resources"
        assert post(stage.provider_owner, resource, "set_limits", body, view).status_code == 200
        refresh(APRIL)
    assert [line[3] for line in lines(component_type="cores")] == ["10.00", "20.00"]


def test_a_switch_of_plan_and_an_end_are_followed(stage: Stage) -> None:
    with at(2024, 4, 1):
        resource = ordered(stage)
        refresh(APRIL)
        dear = catalogue.create_plan(stage.offering, {"name": "Dear", "prices": {"cores": 30}})
    with at(2024, 4, 11):
        order_plan(resource, dear, stage.owner)
        refresh(APRIL)
    with at(2024, 4, 20, 23):
        resource.refresh_from_db()
        order = order_termination(resource, {}, stage.owner)
        complete(order)
        refresh(APRIL)
    assert lines() == [
        ("cores", "04-01", "04-11", "6.67"),
        ("ram", "04-01", "04-11", "2.67"),
        ("cores", "04-11", "04-21", "20.00"),
        ("ram", "04-11", "04-21", "0.00"),
    ]


def test_usage_of_the_month_is_charged_and_follows_the_reports(stage: Stage) -> None:
    with at(2024, 4, 1):
        metered(stage)
        resource = Resource.objects.get()
    for amount, price in ((3, "6.00"), (5, "10.00"), (4, "8.00")):
        with at(2024, 4, 20):
            assert set_usage(stage.provider_owner, resource, ("traffic", amount)).status_code == 201
            refresh(APRIL)
        assert lines(component_type="traffic") == [("traffic", "04-01", "05-01", price)]


def test_what_is_in_step_is_not_written_again(stage: Stage) -> None:
    with at(2024, 4, 16):
        ordered(stage)
        assert refresh(APRIL) == 2
        pks = set(InvoiceItem.objects.values_list("pk", flat=True))
        assert refresh(APRIL) == 0
    assert set(InvoiceItem.objects.values_list("pk", flat=True)) == pks


def test_offerings_that_are_not_billed_and_resources_without_plan_make_no_invoice(stage: Stage) -> None:
    stage.offering.billable = False
    stage.offering.save()
    with at(2024, 4, 16):
        ordered(stage)
        complete(stage.placed(stage.admin, stage.make_private_offering()))
        refresh(APRIL)
    assert not Invoice.objects.exists()
    assert Resource.objects.filter(state="OK").count() == 2


def test_a_failed_order_costs_nothing_until_its_resource_works(stage: Stage) -> None:
    from waldur_mastermind.marketplace.orders import fail, set_resource_state

    with at(2024, 4, 10):
        order = stage.placed(stage.owner)
        fail(order, "The cloud is full.")
        refresh(APRIL)
    assert lines() == []
    with at(2024, 4, 16):
        set_resource_state(order.resource, Resource.State.OK)
        refresh(APRIL)
    assert [line[1] for line in lines()] == ["04-16", "04-16"]


def test_a_resource_that_broke_is_charged_on(stage: Stage) -> None:
    from waldur_mastermind.marketplace.orders import set_resource_state

    with at(2024, 4, 1):
        resource = ordered(stage)
    with at(2024, 4, 10):
        set_resource_state(resource, Resource.State.ERRED, "Broken.")
        set_resource_state(resource, Resource.State.OK)
        refresh(APRIL)
    assert [line[:3] for line in lines()] == [("cores", "04-01", "05-01"), ("ram", "04-01", "05-01")]


def test_what_is_forgotten_stays_on_the_invoice_up_to_that_day(stage: Stage) -> None:
    with at(2024, 4, 1):
        resource = ordered(stage)
        refresh(APRIL)
    with at(2024, 4, 15, 10):
        assert post(stage.staff, resource, "unlink").status_code == 204
        refresh(APRIL)
    assert not Resource.objects.exists()
    assert lines() == [("cores", "04-01", "04-16", "10.00"), ("ram", "04-01", "04-16", "4.00")]
    assert InvoiceItem.objects.first().details["resource_name"] == "machine"


@pytest.mark.parametrize(
    "days", [("2024-04-01", "2024-05-01"), ("2024-04-20", "2024-04-21"), ("2024-03-01", "2024-06-01")]
)
def test_the_database_refuses_a_time_that_is_charged_already(stage: Stage, days: tuple[str, str]) -> None:
    with at(2024, 4, 16):
        ordered(stage)
        refresh(APRIL)
    line = InvoiceItem.objects.filter(component_type="cores").get()
    line.pk, line.uuid = None, stage.offering.uuid
    line.start, line.end = (f"{day}T00:00:00Z" for day in days)
    with pytest.raises(IntegrityError, match="no_time_is_charged_twice"), transaction.atomic():
        line.save()
    line.component_type = "other"
    line.save()


def test_the_database_refuses_a_second_charge_at_once(stage: Stage) -> None:
    with at(2024, 4, 16):
        catalogue.add_component(stage.offering, {"type": "setup", "name": "Setup", "billing_type": "one"})
        catalogue.set_prices(stage.plan, {"setup": Decimal(50)})
        catalogue.set_amounts(stage.plan, {"setup": 1})
        ordered(stage)
        refresh(APRIL)
    line = InvoiceItem.objects.get(component_type="setup")
    assert (line.price, line.start) == (50, line.end)
    line.pk, line.uuid = None, stage.offering.uuid
    with pytest.raises(IntegrityError, match="nothing_is_charged_twice"), transaction.atomic():
        line.save()


def test_many_resources_cost_as_many_queries_as_one(stage: Stage) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            refresh(APRIL)
        return len(captured)

    with at(2024, 4, 16):
        metered(stage)
        one = queries()
        for _ in range(12):
            metered(stage, project=make_project())
        assert queries() == one
    assert Invoice.objects.count() == 13


def test_estimates_are_kept_for_customer_project_and_resource(stage: Stage) -> None:
    stage.customer.default_tax_percent = Decimal(20)
    stage.customer.save()
    with at(2024, 4, 1):
        ordered(stage)
        metered(stage, project=stage.other_project())
    with at(2024, 4, 16):
        refresh(APRIL)
    found = {str(row.scope): row for row in PriceEstimate.objects.all()}
    assert set(found) == {"Customer", "Project", "Other project", "machine"}
    customer, project = found["Customer"], found["Project"]
    assert (customer.total, customer.current, customer.tax, customer.tax_current) == (
        56,
        28,
        Decimal("11.2"),
        Decimal("5.6"),
    )
    assert (project.total, project.current) == (28, 14)


def test_periods_of_plans_never_overlap(stage: Stage) -> None:
    with at(2024, 4, 1):
        resource = ordered(stage)
        for name in "abc":
            periods.begin(resource, catalogue.create_plan(stage.offering, {"name": name}))
    assert resource.plan_periods.filter(end=None).count() == 1
