"""Adding up. Lines carry ten digits; only the sum of an invoice is rounded, half a cent up."""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from waldur_mastermind.billing.models import Invoice, InvoiceItem
from waldur_mastermind.marketplace.months import month_of, months

CENT = Decimal("0.01")
LARGEST = 4


def in_cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def tax_percent(invoice: Invoice) -> Decimal:
    """That of the customer, until the invoice has been made out."""
    pending = invoice.state == Invoice.State.PENDING
    return invoice.customer.default_tax_percent if pending else invoice.tax_percent


def tax_of(invoice: Invoice, price: Decimal) -> Decimal:
    return price * tax_percent(invoice) / 100


def net(invoice: Invoice) -> Decimal:
    return in_cents(sum((item.price for item in invoice.items.all()), Decimal(0)))


def with_tax(invoice: Invoice) -> Decimal:
    return net(invoice) + in_cents(tax_of(invoice, net(invoice)))


def total_price(items: QuerySet[InvoiceItem]) -> Decimal:
    return in_cents(items.order_by().aggregate(total=Sum("price"))["total"] or Decimal(0))


def by_offering(invoice: Invoice) -> list[dict[str, Any]]:
    """The lines of an invoice, summed up for each offering."""
    found: dict[str, dict[str, Any]] = {}
    for item in invoice.items.all():
        names = item.details
        row = found.setdefault(
            names["offering_uuid"],
            {
                "offering_name": names["offering_name"],
                "service_category_title": item.offering.category.title if item.offering else "",
                "service_provider_name": names["service_provider_name"],
                "service_provider_uuid": names["service_provider_uuid"],
                "price": Decimal(0),
            },
        )
        row["price"] += item.price
    for row in found.values():
        price = row.pop("price")
        tax = tax_of(invoice, price)
        row |= {"aggregated_price": price, "aggregated_tax": tax, "aggregated_total": price + tax}
    return list(found.values())


def by_month(items: QuerySet[InvoiceItem]) -> list[dict[str, Any]]:
    """What each month cost, the latest first."""
    rows = items.order_by("-invoice__year", "-invoice__month").values("invoice__year", "invoice__month")
    return [
        {
            "price": row["total"],
            "year": row["invoice__year"],
            "month": row["invoice__month"],
            "compensation": 0,
            "incurred": row["total"],
        }
        for row in rows.annotate(total=Sum("price"))
    ]


def growth(last: date) -> dict[str, Any]:
    """The twelve months up to `last`: of all customers, of the largest, and of all others together."""
    first = month_of(date(last.year - 1, last.month % 12 + 1, 1)) if last.month < 12 else date(last.year, 1, 1)
    shown = list(months(first, last))
    columns = ("invoice__customer__name", "invoice__customer", "invoice__year", "invoice__month")
    rows = InvoiceItem.objects.order_by().values_list(*columns).annotate(total=Sum("price"))
    found: dict[tuple[str, int], dict[date, Decimal]] = {}
    for name, pk, year, month, total in rows.filter(invoice__year__gte=first.year):
        found.setdefault((name, pk), {})[date(year, month, 1)] = total
    series = {key: [by_date.get(month, Decimal(0)) for month in shown] for key, by_date in found.items()}
    ordered = sorted(series.items(), key=lambda pair: sum(pair[1]), reverse=True)
    return {
        "periods": [f"{month:%m-%Y}" for month in shown],
        "total_periods": _columns((numbers for _, numbers in ordered), len(shown)),
        "other_periods": _columns((numbers for _, numbers in ordered[LARGEST:]), len(shown)),
        "customer_periods": [{"name": name, "periods": numbers} for (name, _), numbers in ordered[:LARGEST]],
    }


def _columns(rows: Iterable[list[Decimal]], width: int) -> list[Decimal]:
    total = [Decimal(0)] * width
    for row in rows:
        total = [left + right for left, right in zip(total, row, strict=True)]
    return total
