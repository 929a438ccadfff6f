"""For how long a price pays. Plans say it by their unit; limits renewed each quarter or year say it themselves.

A month counts as a whole one, however many days it has; its parts count by the day (by the hour in plans by the hour).
A quarter is three months, a year twelve.
"""

from datetime import datetime, timedelta
from fractions import Fraction

from waldur_mastermind.marketplace.models import OfferingComponent, Plan
from waldur_mastermind.marketplace.months import begin_of, end_of, month_of

Unit = Plan.Unit
YEAR = "year"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECOND_HALF = timedelta(days=15)

# of a whole month; of one with thirty days where the unit is shorter
IN_A_MONTH: dict[str, Fraction] = {
    Unit.MONTH: Fraction(1),
    Unit.QUARTER: Fraction(1, 3),
    YEAR: Fraction(1, 12),
    Unit.HALF_MONTH: Fraction(2),
    Unit.DAY: Fraction(30),
    Unit.HOUR: Fraction(720),
    Unit.QUANTITY: Fraction(1),  # paid once, with the first month
}

_OF_LIMITS: dict[str | None, str] = {
    OfferingComponent.LimitPeriod.QUARTERLY: Unit.QUARTER,
    OfferingComponent.LimitPeriod.ANNUAL: YEAR,
    OfferingComponent.LimitPeriod.TOTAL: Unit.QUANTITY,
}


def unit_of(component: OfferingComponent | None, plan: Plan) -> str:
    """What the price of a component pays for in a plan; no component: the price of the plan itself."""
    if component is not None and component.billing_type == OfferingComponent.BillingType.LIMIT:
        return _OF_LIMITS.get(component.limit_period, plan.unit)
    return plan.unit


def between(unit: str, start: datetime, end: datetime) -> Fraction:
    """How many units there are from `start` to `end`, which lie in one month."""
    if unit in (Unit.HOUR, Unit.DAY):
        return _share(start, end, HOUR if unit == Unit.HOUR else DAY)
    first, last = begin_of(month_of(start)), end_of(month_of(start))
    if unit != Unit.HALF_MONTH:
        return _share(start, end, last - first) * IN_A_MONTH[unit]
    middle = first + SECOND_HALF
    return _share(start, min(end, middle), SECOND_HALF) + _share(max(start, middle), end, last - middle)


def grain(plan: Plan) -> timedelta:
    """The shortest time that is charged."""
    return HOUR if plan.unit == Unit.HOUR else DAY


def _share(start: datetime, end: datetime, whole: timedelta) -> Fraction:
    return Fraction(max(end - start, timedelta(0)) // timedelta(microseconds=1), whole // timedelta(microseconds=1))
