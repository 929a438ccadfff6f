"""Finds what the constraints of the database should have made impossible, and what they cannot know."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from waldur_mastermind.billing.models import InvoiceItem
from waldur_mastermind.marketplace.models import ComponentUsage, Offering, OfferingComponent
from waldur_mastermind.marketplace.months import month_of

ROUNDING = Decimal("1e-10")
ONCE = (OfferingComponent.BillingType.ONE,)


@dataclass(frozen=True)
class DoubleBilling:
    """Two lines that charge a component of a resource for the same."""

    resource_uuid: str
    component_type: str
    start: datetime
    end: datetime
    lines: tuple[str, str]
    reason: str


def double_billed(offering: Offering) -> list[DoubleBilling]:
    """Every pair of lines of an offering that charges a time twice, or twice what is paid once. Two queries."""
    lines = InvoiceItem.objects.filter(offering=offering, resource__isnull=False).select_related("resource")
    items = list(lines.order_by("start", "end", "pk"))
    by_part: dict[tuple[int | None, str], list[InvoiceItem]] = {}
    for item in items:
        by_part.setdefault((item.resource_id, item.component_type), []).append(item)
    found = _over_reported(offering, items)
    for parts in by_part.values():
        found += _overlapping([item for item in parts if item.start < item.end])
        found += _repeated([item for item in parts if item.start == item.end])
    return found


def _overlapping(items: list[InvoiceItem]) -> list[DoubleBilling]:
    found, latest = [], items[0] if items else None
    for item in items[1:]:
        assert latest is not None
        if item.start < latest.end:
            found.append(_pair(latest, item, "The same time is charged twice."))
        latest = max(latest, item, key=lambda line: line.end)
    return found


def _repeated(items: list[InvoiceItem]) -> list[DoubleBilling]:
    return [
        _pair(first, second, "What is paid once is charged twice.")
        for first, second in pairwise(sorted(items, key=lambda line: (line.billing_type, line.start)))
        if first.billing_type == second.billing_type and (first.start == second.start or first.billing_type in ONCE)
    ]


def _over_reported(offering: Offering, items: Iterable[InvoiceItem]) -> list[DoubleBilling]:
    """Lines of usage that together charge more than was reported for their month."""
    reported: dict[tuple[int, str, date], Decimal] = {}
    for usage in ComponentUsage.objects.filter(resource__offering=offering).select_related("component"):
        key = (usage.resource_id, usage.component.type, usage.billing_period)
        reported[key] = reported.get(key, Decimal(0)) + usage.usage / usage.component.factor
    charged: dict[tuple[int, str, date], list[InvoiceItem]] = {}
    for item in items:
        if item.billing_type == OfferingComponent.BillingType.USAGE and item.resource_id:
            charged.setdefault((item.resource_id, item.component_type, month_of(item.start)), []).append(item)
    return [
        _pair(lines[0], lines[-1], "More usage is charged than was reported.")
        for key, lines in charged.items()
        if sum(line.quantity for line in lines) > reported.get(key, Decimal(0)) + ROUNDING * len(lines)
    ]


def _pair(first: InvoiceItem, second: InvoiceItem, reason: str) -> DoubleBilling:
    return DoubleBilling(
        resource_uuid=second.resource.uuid.hex if second.resource else "",
        component_type=second.component_type,
        start=second.start,
        end=min(first.end, second.end),
        lines=(first.uuid.hex, second.uuid.hex),
        reason=reason,
    )
