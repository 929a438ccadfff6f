"""The course of the months: opening, late reports, making out, and runs that are killed half-way."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.billing.test_invoicing import lines, ordered
from tests.factories import make_project
from tests.marketplace.metering import at, metered, set_usage, used
from tests.marketplace.stage import Stage, post
from waldur_core.events.models import Event
from waldur_mastermind.billing.closing import bring_up_to_date, first_open_month
from waldur_mastermind.billing.models import BilledMonth, Invoice, InvoiceItem
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import ComponentUsage, Resource
from waldur_mastermind.marketplace.tasks import apply_future_prices

APRIL, MAY = date(2024, 4, 1), date(2024, 5, 1)


def states() -> list[tuple[int, str]]:
    return list(Invoice.objects.order_by("year", "month").values_list("month", "state"))


def test_a_month_that_is_over_is_made_out_and_the_next_one_opened(stage: Stage) -> None:
    stage.customer.default_tax_percent, stage.customer.address = Decimal(20), "Main street 1"
    stage.customer.save()
    with at(2024, 4, 16):
        ordered(stage)
        bring_up_to_date()
    assert states() == [(4, "pending")]
    with at(2024, 5, 1, 0, 0, 1):
        bring_up_to_date()
        assert states() == [(4, "created"), (5, "pending")]
    invoice = Invoice.objects.get(month=4)
    assert (invoice.invoice_date, invoice.due_date) == (date(2024, 5, 1), date(2024, 5, 31))
    assert (invoice.tax_percent, invoice.customer_details["address"]) == (20, "Main street 1")
    assert [line[1:3] for line in lines(invoice__month=5)] == [("05-01", "06-01"), ("05-01", "06-01")]
    assert Event.objects.filter(event_type="invoice_created", customer=stage.customer).count() == 1


def test_a_run_changes_nothing_that_is_made_out(stage: Stage) -> None:
    with at(2024, 4, 16):
        ordered(stage)
    with at(2024, 5, 2):
        bring_up_to_date()
        before = lines(invoice__month=4)
        Resource.objects.update(name="renamed", limits={"cores": 50})
        assert bring_up_to_date() > 0, "May follows"
        assert bring_up_to_date() == 0
    assert lines(invoice__month=4) == before
    assert not InvoiceItem.objects.filter(invoice__month=4, name__contains="renamed").exists()


def test_months_in_which_nobody_ran_are_billed_one_by_one(stage: Stage) -> None:
    with at(2024, 1, 20):
        ordered(stage)
    with at(2024, 4, 3):
        assert first_open_month() == date(2024, 1, 1)
        bring_up_to_date()
    assert states() == [(1, "created"), (2, "created"), (3, "created"), (4, "pending")]
    assert [line[3] for line in lines(component_type="cores")] == ["7.74", "20.00", "20.00", "20.00"]


def test_announced_prices_hold_from_the_first_even_when_the_month_before_is_billed_late(stage: Stage) -> None:
    with at(2024, 4, 1):
        catalogue.set_prices(stage.plan, {"cores": Decimal(10)})
        ordered(stage)
    with at(2024, 4, 20):
        catalogue.set_prices(stage.plan, {"cores": Decimal(30)})
        bring_up_to_date()
        assert lines(component_type="cores") == [("cores", "04-01", "05-01", "20.00")]
    with at(2024, 5, 3):
        apply_future_prices()
        bring_up_to_date()
    assert [line[3] for line in lines(component_type="cores")] == ["20.00", "60.00"]


def test_late_reports_count_within_the_days_of_grace_and_are_refused_after(stage: Stage, settings: Any) -> None:
    settings.WALDUR_INVOICES = {**settings.WALDUR_INVOICES, "GRACE_DAYS": 3}
    with at(2024, 4, 1):
        resource = metered(stage)
        Resource.objects.update(created="2024-04-01T00:00:00Z")
        resource.refresh_from_db()
    late = {"date": "2024-04-30T22:00:00Z"}
    with at(2024, 5, 2):
        bring_up_to_date()
        assert set_usage(stage.provider_owner, resource, ("traffic", 6), **late).status_code == 201
        bring_up_to_date()
        assert states() == [(4, "pending"), (5, "pending")]
    with at(2024, 5, 4):
        bring_up_to_date()
        assert states() == [(4, "created"), (5, "pending")]
        answer = set_usage(stage.provider_owner, resource, ("traffic", 9), **late)
    assert (answer.status_code, answer.json()) == (
        400,
        {"date": ["April 2024 has been billed: its usages cannot change any more."]},
    )
    assert lines(component_type="traffic") == [("traffic", "04-01", "05-01", "12.00")]
    usage = ComponentUsage.objects.get()
    answer = post(stage.provider_owner, usage, "set_user_usage", {"username": "ann"}, "marketplace-component-usages")
    assert answer.status_code == 400


def test_a_usage_that_recurs_is_there_in_the_next_month_until_another_is_reported(stage: Stage) -> None:
    with at(2024, 4, 10):
        resource = metered(stage)
        set_usage(stage.provider_owner, resource, ("cores", 1))
        report = {"usages": [{"type": "traffic", "amount": "5", "recurring": True}]}
        assert set_usage(stage.provider_owner, resource, **report).status_code == 201
    for _ in range(2):
        with at(2024, 5, 1, 1):
            bring_up_to_date()
    assert [usage for _, usage in used(resource)] == [5, 5]
    assert [line[3] for line in lines(component_type="traffic")] == ["10.00", "10.00"]
    with at(2024, 5, 20):
        set_usage(stage.provider_owner, resource, ("traffic", 2))
        bring_up_to_date()
    assert [usage for _, usage in used(resource)] == [5, 2]
    with at(2024, 6, 1, 1):
        bring_up_to_date()
    assert [usage for _, usage in used(resource)] == [5, 2], "the last report does not recur"
    assert [usage for _, usage in used(resource, "cores")] == [1]


def test_limits_and_plans_that_were_changed_without_a_word_are_found(stage: Stage) -> None:
    with at(2024, 4, 1):
        ordered(stage)
        untold = stage.make_resource(name="imported")
        other = catalogue.create_plan(stage.offering, {"name": "Other", "prices": {"cores": 60}})
    with at(2024, 4, 11):
        Resource.objects.exclude(pk=untold.pk).update(limits={"cores": 4, "ram": 2048})
        bring_up_to_date()
    with at(2024, 4, 21):
        Resource.objects.exclude(pk=untold.pk).update(plan=other)
        bring_up_to_date()
    cores = lines(component_type="cores", resource__name="machine")
    assert cores == [
        ("cores", "04-01", "04-11", "6.67"),
        ("cores", "04-11", "04-21", "13.33"),
        ("cores", "04-21", "05-01", "80.00"),
    ]
    assert [line[1] for line in lines(resource=untold)] == ["04-11", "04-11"], "charged from when it was found"


class Killed(BaseException):
    """The process dies."""


def killing(after: int) -> Callable[..., Any]:
    """Lets so many statements that write pass, and dies at the next one."""
    left = [after]

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
        return execute(sql, params, many, context)

    return wrapper


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_killed_at_any_statement_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    from waldur_mastermind.billing import closing, invoicing

    monkeypatch.setattr(invoicing, "BATCH", 2)
    monkeypatch.setattr(closing, "BATCH", 2)
    stage = Stage()
    with at(2024, 3, 20):
        for _ in range(5):
            metered(stage, project=make_project())
    deaths = 0
    with at(2024, 5, 1, 1):
        while True:
            try:
                with connection.execute_wrapper(killing(deaths % 7 + deaths // 7)):
                    bring_up_to_date()
                break
            except Killed:
                deaths += 1
    assert deaths > 10
    assert [(number, Invoice.objects.filter(month=number, state=state).count()) for number, state in
            ((3, "created"), (4, "created"), (5, "pending"))] == [(3, 5), (4, 5), (5, 5)]  # fmt: skip
    assert [line[3] for line in lines(component_type="cores")] == ["7.74"] * 5 + ["20.00"] * 10
    assert Event.objects.filter(event_type="invoice_created").count() == 10
    assert list(BilledMonth.objects.filter(done_at__isnull=False).values_list("month", flat=True)) == [
        date(2024, 3, 1),
        APRIL,
    ]


def test_the_command_bills_a_month(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    with at(2024, 4, 16):
        ordered(stage)
    with at(2024, 5, 2):
        call_command("create_invoices", month="2024-04")
        assert states() == [(4, "created")]
        with pytest.raises(CommandError, match="2024-13"):
            call_command("create_invoices", month="2024-13")
        with pytest.raises(CommandError, match="not begun"):
            call_command("create_invoices", month="2024-06")
        call_command("create_invoices")
    assert states() == [(4, "created"), (5, "pending")]
    assert "April 2024: 1 invoice, 14.00" in capsys.readouterr().out
