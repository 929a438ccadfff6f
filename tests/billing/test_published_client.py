"""Every function for usages and invoices of the published client, unmodified, against a real server on a real port."""

import importlib
import pkgutil
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from waldur_api_client import AuthenticatedClient
from waldur_api_client import api as client_api
from waldur_api_client import models as sent

from tests.marketplace.metering import at, metered
from tests.marketplace.stage import Stage
from waldur_core.structure.models import AuthToken
from waldur_mastermind.billing.closing import bring_up_to_date
from waldur_mastermind.billing.models import Invoice, InvoiceItem
from waldur_mastermind.marketplace.models import ComponentUsage, ComponentUserUsage

SECTIONS = ("invoices", "invoice_items", "marketplace_component_usages", "marketplace_component_user_usages")
# Functions that the product does not serve, and why.
ABSENT = {
    "invoices_history_at_retrieve": "versions of rows",
    "invoices_history_list": "versions of rows",
    "invoices_import_usage": "usages of other systems",
    "invoices_send_notification": "mail",
    "invoice_items_consumptions_list": "a chart of the web interface",
    "invoice_items_create_compensation": "credits",
    "invoice_items_destroy": "lines are computed",
    "invoice_items_migrate_to": "lines are computed",
    "invoice_items_partial_update": "lines are computed",
    "invoice_items_update": "lines are computed",
    "invoices_items_retrieve": "expects one line where there are many: they are in the invoice",
}
FUNCTIONS = {
    module.name: importlib.import_module(f"{client_api.__name__}.{section}.{module.name}")
    for section in SECTIONS
    for module in pkgutil.iter_modules(importlib.import_module(f"{client_api.__name__}.{section}").__path__)
}


class Desk:
    """A customer with an invoice of last month and a pending one, and clients that count what they called."""

    def __init__(self, url: str) -> None:
        self.url, self.called = url, set[str]()
        self.stage = Stage()
        self.last = (timezone.now().replace(day=1) - timedelta(days=10)).replace(hour=0)
        with at(self.last.year, self.last.month, self.last.day):
            self.resource = metered(self.stage)
        bring_up_to_date()
        self.invoice = Invoice.objects.get(state="created")

    def call(self, name: str, *args: Any, who: str = "owner", **kwargs: Any) -> Any:
        self.called.add(name)
        token = AuthToken.objects.issue(getattr(self.stage, who)).key
        client = AuthenticatedClient(base_url=self.url, token=token, prefix="Token")
        return FUNCTIONS[name].sync_detailed(*args, client=client, **kwargs)


def counts(desk: Desk, section: str, **kwargs: Any) -> list[Any]:
    """A list, and the count that must agree with it."""
    rows = desk.call(f"{section}_list", **kwargs).parsed
    assert desk.call(f"{section}_count", **kwargs).parsed == len(rows)
    return list(rows)


def report_usages(desk: Desk) -> None:
    item = sent.ComponentUsageItemRequest(type_="traffic", amount="12.50", recurring=False)
    body = sent.ComponentUsageCreateRequest(usages=[item], resource=desk.resource.uuid, date=timezone.now())
    answer = desk.call("marketplace_component_usages_set_usage", body=body, who="provider_owner")
    assert answer.status_code == 201
    assert ComponentUsage.objects.get().usage == 12.5
    month = timezone.now().date().replace(day=1)
    asked: dict[str, Any] = {"resource_uuid": desk.resource.uuid, "billing_period": month, "type_": "traffic"}
    (usage,) = counts(desk, "marketplace_component_usages", **asked)
    assert (usage.usage, usage.type_, usage.billing_period) == (12.5, "traffic", month)
    assert counts(desk, "marketplace_component_usages", billing_period_year=2001) == []
    found = desk.call("marketplace_component_usages_retrieve", uuid=usage.uuid).parsed
    assert found.customer_name == "Customer"
    ann = sent.ComponentUserUsageCreateRequest(username="ann", usage="2.5", user="", date=timezone.now())
    bob = sent.ComponentUserUsageCreateRequest(username="bob", usage="1")
    many = sent.ComponentUserUsageBulkCreateRequest(usages=[ann, bob])
    for name, parts in (("set_user_usage", ann), ("set_user_usages", many)):
        answer = desk.call(f"marketplace_component_usages_{name}", usage.uuid, body=parts, who="provider_owner")
        assert answer.status_code == 201
    assert ComponentUserUsage.objects.count() == 2
    rows = counts(desk, "marketplace_component_user_usages", component_usage_billing_period=month)
    assert [(row.username, row.usage) for row in rows] == [("ann", 2.5), ("bob", 1)]
    found = desk.call("marketplace_component_user_usages_retrieve", uuid=rows[0].uuid).parsed
    assert (found.component_type, found.resource_uuid) == ("traffic", desk.resource.uuid)


def read_invoices(desk: Desk) -> None:
    assert len(counts(desk, "invoices")) == 2
    (row,) = counts(desk, "invoices", state=[sent.InvoiceStateEnum.CREATED], year=desk.last.year, month=desk.last.month)
    assert (row.uuid, row.items[0].resource_uuid) == (desk.invoice.uuid, desk.resource.uuid)
    assert desk.call("invoices_retrieve", uuid=row.uuid).parsed.total == row.total
    (stats,) = desk.call("invoices_stats_list", uuid=row.uuid).parsed
    assert f"{stats.aggregated_total:.2f}" == row.total
    assert desk.call("invoices_growth_retrieve", who="staff").parsed.customer_periods[0].name == "Customer"
    assert desk.call("invoices_growth_count", who="staff").status_code == 200


def keep_invoices(desk: Desk) -> None:
    bodies = {
        "set_backend_id": sent.BackendIdRequest(backend_id="4711"),
        "set_payment_url": sent.PaymentURLRequest(payment_url="https://pay.example.com"),
        "set_reference_number": sent.ReferenceNumberRequest(reference_number="RF18"),
        "paid": sent.PaidRequest(date=timezone.now().date()),
    }
    for name, body in bodies.items():
        assert desk.call(f"invoices_{name}", uuid=desk.invoice.uuid, body=body, who="staff").status_code == 200
    desk.invoice.refresh_from_db()
    assert (desk.invoice.backend_id, desk.invoice.reference_number, desk.invoice.state) == ("4711", "RF18", "paid")


def read_lines(desk: Desk) -> None:
    number = InvoiceItem.objects.count()
    assert len(counts(desk, "invoice_items")) == number
    (line, *_) = counts(desk, "invoice_items", year=desk.last.year, month=desk.last.month)
    found = desk.call("invoice_items_retrieve", uuid=line.uuid).parsed
    assert (found.offering_name, found.customer_name) == ("Shared machines", "Customer")
    assert len(counts(desk, "invoice_items_costs")) == 2
    for whose in ("customer", "project"):
        uuid = {f"{whose}_uuid": getattr(desk.stage, whose).uuid}
        name = f"invoice_items_{whose}_costs_for_period"
        assert float(desk.call(f"{name}_retrieve", period=2, **uuid).parsed.total_price) > 0
        assert desk.call(f"{name}_count", **uuid).status_code == 200
    total = desk.call("invoice_items_total_price_retrieve", resource_uuid=desk.resource.uuid).parsed
    assert float(total.total_price) > 0
    assert desk.call("invoice_items_total_price_count").status_code == 200


@pytest.mark.slow
def test_every_function_does_what_it_says(transactional_db: None, live_server: LiveServer) -> None:
    desk = Desk(live_server.url)
    for scenario in (report_usages, read_invoices, keep_invoices, read_lines):
        scenario(desk)
    assert sorted(desk.called | ABSENT.keys()) == sorted(FUNCTIONS)
