"""Lines of components that their provider has removed since. What they are computed from is gone: they stay,
and end with the day on which they are found."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.utils import timezone

from waldur_mastermind.billing.charges import rounded
from waldur_mastermind.billing.models import InvoiceItem
from waldur_mastermind.marketplace.models import OfferingComponent
from waldur_mastermind.marketplace.months import begin_of
from waldur_mastermind.marketplace.units import Unit, between

COLUMNS = ("end", "quantity", "price")
DAY = timedelta(days=1)


def is_left_over(item: InvoiceItem) -> bool:
    return item.component_id is None and item.component_type != ""


def shorten(items: Iterable[InvoiceItem]) -> list[InvoiceItem]:
    """Those that would go on after today, ended. What is paid at once or by usage stays as it is."""
    tomorrow = begin_of(timezone.now().date()) + DAY
    timed = [item for item in items if item.billing_type != OfferingComponent.BillingType.USAGE]
    return [_end(item, max(tomorrow, item.start)) for item in timed if item.end > tomorrow and item.start < item.end]


def beside(items: Iterable[InvoiceItem], left: Iterable[InvoiceItem]) -> list[InvoiceItem]:
    """The lines that do not charge what is charged by leftovers: a component of the same type came back."""
    taken: dict[tuple[int | None, str], datetime] = {}
    for item in left:
        key = (item.resource_id, item.component_type)
        taken[key] = max(item.end, taken.get(key, item.end))
    return [
        shown
        for item in items
        if (shown := _from(item, taken.get((item.resource_id, item.component_type)))) is not None
    ]


def _from(item: InvoiceItem, moment: datetime | None) -> InvoiceItem | None:
    """The part of a line from a moment on; None when nothing is left."""
    if moment is None or moment <= item.start:
        return item
    if moment >= item.end:
        return None
    if item.unit == Unit.QUANTITY:  # usage: a report counts the whole month
        item.start = moment
        return item
    share = between(item.unit, moment, item.end) / between(item.unit, item.start, item.end)
    item.start, item.quantity, item.price = moment, _part(item.quantity, share), _part(item.price, share)
    return item


def _end(item: InvoiceItem, moment: datetime) -> InvoiceItem:
    share = between(item.unit, item.start, moment) / between(item.unit, item.start, item.end)
    item.end, item.quantity, item.price = moment, _part(item.quantity, share), _part(item.price, share)
    return item


def _part(value: Decimal, share: Fraction) -> Decimal:
    return rounded(Fraction(value) * share)
