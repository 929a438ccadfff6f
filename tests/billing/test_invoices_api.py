"""Invoices in the API: who sees them, what they say, and what staff does with them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import waldur_api_client.models as client_models
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.billing.test_invoicing import ordered
from tests.factories import client_of, make_project
from tests.marketplace.metering import at, metered
from tests.marketplace.stage import Stage, post
from tests.openstack.worlds import remembered
from waldur_core.events.models import Event
from waldur_mastermind.billing.closing import bring_up_to_date
from waldur_mastermind.billing.invoicing import refresh
from waldur_mastermind.billing.models import Invoice

INVOICES, ITEMS = "/api/invoices/", "/api/invoice-items/"


@pytest.fixture
def billed(stage: Stage) -> Stage:
    """April is made out (28.00 without tax), May is pending."""
    found: Stage = remembered("billed", None, lambda: bill(stage))
    return found


def bill(stage: Stage) -> Stage:
    stage.customer.default_tax_percent = Decimal(20)
    stage.customer.save()
    with at(2024, 4, 1):
        ordered(stage)
    with at(2024, 5, 2):
        bring_up_to_date()
    return stage


def test_an_invoice_says_what_is_owed(billed: Stage) -> None:
    (may, april) = client_of(billed.owner).get(INVOICES).json()
    assert (april["price"], april["tax"], april["total"], april["state"]) == ("28.00", "5.60", "33.60", "created")
    assert (april["year"], april["month"], april["due_date"]) == (2024, 4, "2024-06-01")
    assert april["customer_details"]["name"] == "Customer"
    assert (may["state"], may["month"]) == ("pending", 5)
    assert "due_date" not in may
    (cores, _) = april["items"]
    assert (cores["price"], cores["unit_price"], cores["quantity"]) == (20.0, "10.0000000000", "2.0000000000")
    assert (cores["tax"], cores["total"]) == ("4.0000000000", "24.0000000000")
    assert cores["details"]["offering_component_type"] == "cores"


@pytest.mark.parametrize(
    ("who", "number"),
    [("staff", 2), ("support", 2), ("owner", 2), ("member", 0), ("admin", 0), ("provider_owner", 0), ("stranger", 0)],
)
def test_only_those_who_pay_see_invoices(billed: Stage, who: str, number: int) -> None:
    client = client_of(getattr(billed, who))
    assert len(client.get(INVOICES).json()) == number
    assert len(client.get(ITEMS).json()) == number * 2
    url = f"{INVOICES}{Invoice.objects.first().uuid.hex}/"
    assert client.get(url).status_code == (200 if number else 404)
    assert client.get(f"{url}items/").status_code == (200 if number else 404)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"year": 2024, "month": 4}, 1),
        ({"year": 2023}, 0),
        ({"month": 99999999999}, 0),
        ({"state": "pending"}, 1),
        ({"state": ["pending", "created"]}, 2),
        ({"start_date": "2024-05-01", "end_date": "2024-05-31"}, 1),
        ({"customer_uuid": "0" * 32}, 0),
    ],
)
def test_invoices_are_filtered(billed: Stage, query: dict[str, Any], number: int) -> None:
    assert len(client_of(billed.owner).get(INVOICES, query).json()) == number


@pytest.mark.parametrize(
    ("query", "price"),
    [
        ({}, "56.00"),
        ({"year": 2024, "month": 4}, "28.00"),
        ({"start_year": 2024, "start_month": 5}, "28.00"),
        ({"start_year": 2025}, "0.00"),
        ({"start_year": 10**9}, "0.00"),
        ({"project_uuid": "0" * 32}, "0.00"),
    ],
)
def test_lines_are_filtered_and_added_up(billed: Stage, query: dict[str, Any], price: str) -> None:
    assert client_of(billed.owner).get(f"{ITEMS}total_price/", query).json() == {"total_price": price}


def test_costs_are_told_by_month_and_for_the_last_months(billed: Stage) -> None:
    client = client_of(billed.owner)
    rows = client.get(f"{ITEMS}costs/").json()
    assert [(row["year"], row["month"], row["price"]) for row in rows] == [(2024, 5, 28.0), (2024, 4, 28.0)]
    with at(2024, 5, 20):
        for months, price in ((1, "28.00"), (2, "56.00")):
            query = {"period": months, "project_uuid": billed.project.uuid.hex}
            answer = client.get(f"{ITEMS}project_costs_for_period/", query).json()
            assert (answer["total_price"], answer["end_date"]) == (price, "2024-06-01")
    assert list(client.get(f"{ITEMS}customer_costs_for_period/", {"period": 0}).json()) == ["period"]
    other = client.get(f"{ITEMS}customer_costs_for_period/", {"customer_uuid": "0" * 32}).json()
    assert other["total_price"] == "0.00"


def test_staff_notes_that_an_invoice_was_paid(billed: Stage) -> None:
    april, may = Invoice.objects.get(month=4), Invoice.objects.get(month=5)
    for user, invoice, status in ((billed.owner, april, 403), (billed.stranger, april, 403), (billed.staff, may, 409)):
        assert post(user, invoice, "paid", {"date": "2024-05-10"}, "invoices").status_code == status
        assert not Invoice.objects.filter(state="paid").exists()
    assert post(billed.staff, april, "paid", {"date": "soon"}, "invoices").status_code == 400
    assert post(billed.staff, april, "paid", {"date": "2024-05-10"}, "invoices").status_code == 200
    april.refresh_from_db()
    assert (april.state, april.paid_date) == ("paid", date(2024, 5, 10))
    assert Event.objects.filter(event_type="invoice_paid").count() == 1
    assert post(billed.staff, april, "paid", {"date": "2024-05-10"}, "invoices").status_code == 409


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [
        ("set_backend_id", "backend_id", "4711"),
        ("set_payment_url", "payment_url", "https://pay.example.com/1"),
        ("set_reference_number", "reference_number", "RF18"),
    ],
)
def test_staff_notes_what_the_accounting_says(billed: Stage, action: str, field: str, value: str) -> None:
    invoice = Invoice.objects.first()
    assert post(billed.owner, invoice, action, {field: value}, "invoices").status_code == 403
    assert post(billed.staff, invoice, action, {}, "invoices").status_code == 400
    assert post(billed.staff, invoice, action, {field: value}, "invoices").status_code == 200
    assert client_of(billed.owner).get(f"{INVOICES}{invoice.uuid.hex}/").json()[field] == value


def test_growth_is_for_staff(billed: Stage) -> None:
    assert client_of(billed.owner).get(f"{INVOICES}growth/").status_code == 403
    with at(2024, 5, 20):
        answer = client_of(billed.support).get(f"{INVOICES}growth/").json()
    assert (answer["periods"][0], answer["periods"][-1], len(answer["periods"])) == ("06-2023", "05-2024", 12)
    assert answer["total_periods"][-2:] == [28.0, 28.0]
    assert [row["name"] for row in answer["customer_periods"]] == ["Customer"]
    assert client_models.InvoiceGrowth.from_dict(answer).other_periods == [0.0] * 12


def test_published_clients_read_every_answer(billed: Stage) -> None:
    client = client_of(billed.owner)
    for row in client.get(INVOICES).json():
        invoice: Any = client_models.Invoice.from_dict(row)
        assert invoice.items[0].name.startswith("machine")
        (stats,) = client.get(f"{row['url']}stats/").json()
        assert client_models.InvoiceStatsOffering.from_dict(stats).aggregated_total == 33.6
        assert all(client_models.InvoiceItem.from_dict(item) for item in client.get(f"{row['url']}items/").json())
    for row in client.get(ITEMS).json():
        assert client_models.InvoiceItemDetail.from_dict(row).customer_name == "Customer"
    assert all(client_models.InvoiceCost.from_dict(row) for row in client.get(f"{ITEMS}costs/").json())
    period = client.get(f"{ITEMS}project_costs_for_period/").json()
    assert client_models.CostsForPeriod.from_dict(period).total_price


def test_estimates_are_shown_to_those_they_concern(billed: Stage) -> None:
    with at(2024, 5, 16, 12):
        refresh(date(2024, 5, 1))
        expected = {"total": "28.00", "current": "14.00", "tax": "5.60", "tax_current": "2.80"}
        for path in ("customers", "projects", "marketplace-resources"):
            (row,) = client_of(billed.owner).get(f"/api/{path}/").json()
            assert row["billing_price_estimate"] == expected, path
            assert client_of(billed.owner).get(row["url"]).json()["billing_price_estimate"] == expected, path
        (row,) = client_of(billed.member).get("/api/projects/").json()
        assert row["billing_price_estimate"] == expected
        (row,) = client_of(billed.member).get("/api/customers/").json()
        assert "billing_price_estimate" not in row, "what others of the customer spend is not theirs to know"
        assert client_models.Customer.from_dict(row).name == "Customer"
    with at(2024, 6, 1):
        (row,) = client_of(billed.owner).get("/api/customers/").json()
        assert row["billing_price_estimate"]["total"] == "0.00", "an estimate of another month is none"


def test_lists_of_invoices_cost_the_same_for_one_and_for_many(stage: Stage) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path, {"page_size": 100}).status_code == 200
        return len(captured)

    client, paths = client_of(stage.staff), (INVOICES, ITEMS, "/api/projects/", "/api/customers/")
    with at(2024, 4, 1):
        metered(stage)
        refresh(date(2024, 4, 1))
        before = [queries(path) for path in paths]
        for _ in range(10):
            metered(stage, project=make_project())
        refresh(date(2024, 4, 1))
        assert [queries(path) for path in paths] == before
