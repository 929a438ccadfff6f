"""The audit finds what the database would refuse, were its constraints gone."""

from datetime import date, timedelta

from django.db import connection

from tests.billing.test_invoicing import ordered
from tests.marketplace.metering import at, metered, set_usage
from tests.marketplace.stage import Stage
from waldur_mastermind.billing.audit import double_billed
from waldur_mastermind.billing.invoicing import refresh
from waldur_mastermind.billing.models import InvoiceItem
from waldur_mastermind.marketplace.models import ComponentUsage

APRIL = date(2024, 4, 1)


def test_what_is_billed_once_is_not_reported(stage: Stage) -> None:
    with at(2024, 4, 3):
        ordered(stage)
        set_usage(stage.provider_owner, metered(stage), ("traffic", 5))
        refresh(APRIL)
    assert InvoiceItem.objects.count() == 5
    assert double_billed(stage.offering) == []


def test_a_time_that_is_charged_twice_is_reported(stage: Stage) -> None:
    with at(2024, 4, 3):
        resource = ordered(stage)
        refresh(APRIL)
    with connection.cursor() as cursor:  # in the transaction of the test, which is rolled back
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_invoiceitem DROP CONSTRAINT no_time_is_charged_twice")
    line = InvoiceItem.objects.get(component_type="cores")
    first = line.uuid.hex
    line.pk, line.uuid = None, stage.offering.uuid
    line.start += timedelta(days=3)
    line.save()
    (found,) = double_billed(stage.offering)
    assert (found.resource_uuid, found.component_type) == (resource.uuid.hex, "cores")
    assert (found.start, found.lines) == (line.start, (first, stage.offering.uuid.hex))


def test_usage_that_was_never_reported_is_reported(stage: Stage) -> None:
    with at(2024, 4, 3):
        set_usage(stage.provider_owner, metered(stage), ("traffic", 5))
        refresh(APRIL)
    ComponentUsage.objects.update(usage=3)
    (found,) = double_billed(stage.offering)
    assert (found.component_type, found.reason) == ("traffic", "More usage is charged than was reported.")
