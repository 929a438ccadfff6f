"""Examples of billing: what the cast's customer owes for the machine of the cast's project."""

from tests.api.examples import example_of
from tests.api.examples.marketplace import _resource
from tests.factories import Cast
from waldur_mastermind.billing import models

PAYERS = frozenset({"owner"})  # members of projects do not see what their customer owes


def _invoice(cast: Cast) -> models.Invoice:
    return models.Invoice.objects.get_or_create(customer=cast.customer, year=2024, month=4, state="created")[0]


@example_of(models.Invoice, seen_by=PAYERS)
def invoice(cast: Cast) -> models.Invoice:
    return _invoice(cast)


@example_of(models.InvoiceItem, seen_by=PAYERS)
def invoice_item(cast: Cast) -> models.InvoiceItem:
    resource = _resource(cast)
    return models.InvoiceItem.objects.create(
        invoice=_invoice(cast),
        resource=resource,
        project=cast.project,
        offering=resource.offering,
        component_type="cores",
        billing_type="limit",
        name="machine / Cores",
        unit="month",
        unit_price=10,
        quantity=2,
        price=20,
        start="2024-04-01T00:00:00Z",
        end="2024-05-01T00:00:00Z",
        details={"offering_uuid": resource.offering.uuid.hex, "offering_name": "Machines",
                 "service_provider_name": "Provider", "service_provider_uuid": cast.provider.uuid.hex},
    )  # fmt: skip
