"""What a resource costs in a month: a pure function of what was when. Nothing is read or written here.

Time is charged in days (in hours by plans by the hour). The first and the last day count; a day in which something
changed counts as it was in the end. So each day of a resource's life is charged exactly once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from waldur_mastermind.billing.steps import Stay, Steps, stays
from waldur_mastermind.marketplace import units
from waldur_mastermind.marketplace.models import ComponentUsage, OfferingComponent, Plan, PlanPeriod, Resource
from waldur_mastermind.marketplace.months import begin_of, end_of
from waldur_mastermind.marketplace.units import Unit

BillingType = OfferingComponent.BillingType
TEN_DIGITS = Decimal("1e-10")
MONTHS_IN_A_YEAR = 12
Terms = tuple[Decimal, int]  # the price of a component, how much of it is included


@dataclass(frozen=True)
class Charge:
    """One line of an invoice. `amount` is in measured units, `number` how many of the price's units of time."""

    plan: Plan
    component: OfferingComponent | None
    billing_type: str
    unit: str
    start: datetime
    end: datetime
    unit_price: Decimal
    amount: Fraction
    number: Fraction = Fraction(1)

    @property
    def component_type(self) -> str:
        return self.component.type if self.component else ""

    @property
    def quantity(self) -> Decimal:
        return rounded(self.amount * self.number)

    @property
    def price(self) -> Decimal:
        return rounded(Fraction(self.unit_price) * self.amount * self.number)


@dataclass
class PriceList:
    """What is in a plan: its components, and what each costs when."""

    components: list[OfferingComponent] = field(default_factory=list)
    terms: dict[int | None, Steps[Terms]] = field(default_factory=dict)

    def timed(self) -> Iterator[OfferingComponent | None]:
        """Whatever is paid by time; the plan itself when none of its components is fixed."""
        if not any(component.billing_type == BillingType.FIXED for component in self.components):
            yield None
        for component in self.components:
            if component.billing_type in (BillingType.FIXED, BillingType.LIMIT):
                yield component

    def terms_at(self, component: OfferingComponent | None, moment: datetime, grain: Any = None) -> Terms:
        steps = self.terms.get(component.pk if component else None)
        return (steps.at(moment, grain) if steps else None) or (Decimal(0), 0)


@dataclass
class Facts:
    """All that decides about the cost of a resource."""

    resource: Resource
    periods: list[PlanPeriod] = field(default_factory=list)
    limits: Steps[Mapping[str, int]] = field(default_factory=Steps)
    usages: list[ComponentUsage] = field(default_factory=list)
    prices: dict[int, PriceList] = field(default_factory=dict)  # by plan

    def of(self, plan: Plan) -> PriceList:
        return self.prices.get(plan.pk) or PriceList()


def charges(facts: Facts, month: date) -> list[Charge]:
    """The lines of one month; nothing when the offering is not billed. What is still running is charged to the end."""
    if not facts.resource.offering.billable:
        return []
    lines = [*_by_time(facts, month), *_at_once(facts, month), *_by_usage(facts, month)]
    return [line for line in lines if line.amount * line.number > 0 and (line.component or line.unit_price)]


def rounded(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(TEN_DIGITS)


def _by_time(facts: Facts, month: date) -> Iterator[Charge]:
    for stay in stays(facts.periods):
        start, end = max(stay.start, begin_of(month)), min(stay.end or end_of(month), end_of(month))
        if start >= end:
            continue
        prices = facts.of(stay.plan)
        for component in prices.timed():
            if units.unit_of(component, stay.plan) != Unit.QUANTITY:
                yield from _runs(facts, prices, stay, component, start, end)


def _runs(
    facts: Facts, prices: PriceList, stay: Stay, component: OfferingComponent | None, start: datetime, end: datetime
) -> Iterator[Charge]:
    """One line for each stretch in which neither price nor amount changed."""
    grain, terms = stay.grain, prices.terms.get(component.pk if component else None)
    cuts = {start, *facts.limits.cuts(start, end, grain), *(terms.cuts(start, end, grain) if terms else ())}
    line: Charge | None = None
    ordered = sorted(cuts)
    for begin, stop in zip(ordered, [*ordered[1:], end], strict=True):
        price, included = prices.terms_at(component, begin, grain)
        amount = _limit(component, facts.limits.at(begin, grain)) if _is_limit(component) else Fraction(included)
        if line is not None and (line.amount, line.unit_price) == (amount, _monthly(component, stay.plan, price)):
            line = _timed(stay.plan, component, line.start, stop, price, amount)
            continue
        if line is not None:
            yield line
        line = _timed(stay.plan, component, begin, stop, price, amount)
    if line is not None:
        yield line


def _timed(
    plan: Plan,
    component: OfferingComponent | None,
    start: datetime,
    end: datetime,
    price: Decimal,
    amount: Fraction,
) -> Charge:
    unit = units.unit_of(component, plan)
    shown = Unit.MONTH if unit == units.YEAR else unit
    return Charge(
        plan=plan,
        component=component,
        billing_type=component.billing_type if component else BillingType.FIXED,
        unit=shown,
        start=start,
        end=end,
        unit_price=_monthly(component, plan, price),
        amount=amount,
        number=units.between(shown, start, end),
    )


def _monthly(component: OfferingComponent | None, plan: Plan, price: Decimal) -> Decimal:
    """Invoices know no years: what is paid by the year is charged by the month."""
    return rounded(Fraction(price) / MONTHS_IN_A_YEAR) if units.unit_of(component, plan) == units.YEAR else price


def _at_once(facts: Facts, month: date) -> Iterator[Charge]:
    """What is paid when it begins: with the resource, with a plan, with the growth of a limit."""
    periods = sorted(facts.periods, key=lambda period: period.start)
    for number, period in enumerate(periods):
        prices = facts.of(period.plan)
        for component in (None, *prices.components):
            for moment, amount in _moments(facts, prices, periods, number, component):
                if begin_of(month) <= moment < end_of(month):
                    price, _ = prices.terms_at(component, moment)
                    kind = component.billing_type if component else BillingType.FIXED
                    yield Charge(period.plan, component, kind, Unit.QUANTITY, moment, moment, price, amount)


def _moments(
    facts: Facts, prices: PriceList, periods: list[PlanPeriod], number: int, component: OfferingComponent | None
) -> Iterator[tuple[datetime, Fraction]]:
    """When something of a component is paid at once in a plan period, and how much of it."""
    period = periods[number]
    kind = component.billing_type if component else BillingType.FIXED
    once = kind == (BillingType.FEW if number else BillingType.ONE)
    bought = units.unit_of(component, period.plan) == Unit.QUANTITY and component in prices.timed()
    if once or (bought and kind == BillingType.FIXED):
        yield period.start, Fraction(prices.terms_at(component, period.start)[1])
    elif bought:
        assert component is not None
        total = component.limit_period == OfferingComponent.LimitPeriod.TOTAL
        since = periods[0].start if total else period.start
        for moment, amount in _growth(facts, component, since, period.end):
            if moment >= period.start:
                yield moment, amount


def _growth(
    facts: Facts, component: OfferingComponent, since: datetime, until: datetime | None
) -> Iterator[tuple[datetime, Fraction]]:
    """Each time that a limit became higher than it ever was since then, and by how much."""
    highest = Fraction(0)
    for moment, limits in facts.limits.since(since):
        amount = _limit(component, limits)
        if amount > highest and (until is None or moment < until):
            yield moment, amount - highest
            highest = amount


def _by_usage(facts: Facts, month: date) -> Iterator[Charge]:
    lives = {stay.period.pk: stay for stay in stays(facts.periods)}
    for usage in facts.usages:
        period = usage.plan_period
        if period is None or usage.component.billing_type != BillingType.USAGE:
            continue
        stay = lives.get(period.pk)
        start = max(stay.start if stay else period.start, begin_of(month))
        end = min(stay.end or end_of(month), end_of(month)) if stay else start
        price, _ = facts.of(period.plan).terms_at(usage.component, start)
        amount = Fraction(usage.usage) / usage.component.factor
        yield Charge(
            period.plan, usage.component, BillingType.USAGE, Unit.QUANTITY, start, max(start, end), price, amount
        )


def _is_limit(component: OfferingComponent | None) -> bool:
    return component is not None and component.billing_type == BillingType.LIMIT


def _limit(component: OfferingComponent | None, limits: Mapping[str, int] | None) -> Fraction:
    """In measured units. No limit (-1) costs nothing: there is no number to multiply by."""
    assert component is not None
    return Fraction(max((limits or {}).get(component.type) or 0, 0), component.factor)
