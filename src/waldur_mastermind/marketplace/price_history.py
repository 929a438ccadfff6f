"""Prices as they were: what a plan says is noted whenever it changes, and announced prices in advance."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from waldur_mastermind.marketplace.models import Plan, PlanComponent, PriceChange
from waldur_mastermind.marketplace.months import begin_of

Key = tuple[int, int | None]  # plan, component; no component: the plan itself
Terms = tuple[Decimal, int]  # price, included amount


def note_prices(plans: Iterable[Plan]) -> None:
    """Write down what is not what was noted last. A fixed number of queries."""
    now, pks = timezone.now(), [plan.pk for plan in plans]
    items = list(PlanComponent.objects.filter(plan__in=pks))
    current: dict[Key, Terms] = {(plan.pk, None): (plan.unit_price, 1) for plan in Plan.objects.filter(pk__in=pks)}
    announced: dict[Key, tuple[Terms, date]] = {}
    for item in items:
        key, terms = (item.plan_id, item.component_id), (item.price, item.amount)
        if item.future_price is not None and item.future_price_from is not None:
            future = (item.future_price, item.amount)
            if begin_of(item.future_price_from) > now:
                announced[key] = (future, item.future_price_from)
            else:
                terms = future  # it holds already, though the plan does not say so yet
        current[key] = terms
    PriceChange.objects.filter(plan__in=pks, start__gte=now).delete()
    noted = PriceChange.objects.filter(plan__in=pks).order_by("start", "pk")
    last = {(change.plan_id, change.component_id): (change.price, change.amount) for change in noted}
    PriceChange.objects.bulk_create(
        [
            *(_change(key, terms, now) for key, terms in current.items() if last.get(key) != terms),
            *(_change(key, terms, begin_of(day)) for key, (terms, day) in announced.items()),
        ]
    )


def _change(key: Key, terms: Terms, start: datetime) -> PriceChange:
    plan, component = key
    price, amount = terms
    return PriceChange(plan_id=plan, component_id=component, price=price, amount=amount, start=start)
