"""Whatever happens to a resource: the lines come to the price of each day of its life, taken once.

The expectation is counted day by day (hour by hour), without any of the arithmetic of the product.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.billing.histories import CORES, FLAT, RAM, Life
from waldur_mastermind.billing.charges import charges
from waldur_mastermind.marketplace.models import Plan
from waldur_mastermind.marketplace.months import months

FIRST = datetime(2023, 12, 20, tzinfo=UTC)
MONTHS = list(months(date(2023, 12, 1), date(2024, 5, 1)))
DAILY = {"m": "month", "q": "quarter", "h": "half_month", "d": "day"}
PRICES: Mapping[str, Mapping[str, int]] = {
    "m": {"cores": 7, "ram": 3, "flat": 11},
    "q": {"cores": 13, "ram": 5, "flat": 2},
    "h": {"cores": 1, "ram": 8, "flat": 3},
    "d": {"cores": 2, "ram": 1, "flat": 1},
    "x": {"cores": 3, "ram": 2, "flat": 1},
    "y": {"cores": 1, "ram": 1, "flat": 4},
}
minutes = st.integers(0, 120 * 24 * 60)
limits = st.fixed_dictionaries({"cores": st.integers(0, 5), "ram": st.integers(0, 8).map(lambda gb: gb * 512)})


def life_of(units: Mapping[str, str]) -> Life:
    life = Life()
    for name, unit in units.items():
        prices = PRICES[name]
        life.plan(name, {CORES: prices["cores"], RAM: prices["ram"], FLAT: (prices["flat"], 2)}, unit)
    return life


@st.composite
def lives(draw: st.DrawFn, units: Mapping[str, str]) -> Life:
    """A beginning, changes of plan and limits, perhaps an end; at any minute, several on one day among them."""
    life, names = life_of(units), st.sampled_from(sorted(units))
    times = sorted(draw(st.lists(minutes, min_size=1, max_size=8)))
    now = FIRST + timedelta(minutes=times[0])
    life.begin(life.plans[draw(names)], now, draw(limits))
    for minute in times[1:]:
        now = FIRST + timedelta(minutes=minute)
        if draw(st.booleans()):
            life.begin(life.plans[draw(names)], now, {})
        else:
            life.limits.append((now, draw(limits)))
    if draw(st.booleans()):
        life.periods[-1].end = now + timedelta(minutes=draw(st.integers(1, 60 * 24 * 20)))
    return life


def units_in(plan: Plan, when: datetime) -> Fraction:
    """How many units of a plan's price a day, or an hour, is."""
    length = monthrange(when.year, when.month)[1]
    return {
        "month": Fraction(1, length),
        "quarter": Fraction(1, 3 * length),
        "half_month": Fraction(1, 15) if when.day <= 15 else Fraction(1, length - 15),
        "day": Fraction(1),
        "hour": Fraction(1),
    }[plan.unit]


def expected(life: Life, step: timedelta) -> Fraction:
    """The sum over all days (hours), each at the plan and the limits it ended with."""
    until = datetime(2024, 6, 1, tzinfo=UTC)
    end = min(life.periods[-1].end or until, until)
    total, begin = (
        Fraction(0),
        life.periods[0].start.replace(minute=0, hour=0 if step.days else life.periods[0].start.hour),
    )
    while begin < end:
        plan = [period.plan for period in life.periods if period.start < begin + step][-1]
        held = [limits for start, limits in life.limits if start < begin + step][-1]
        prices = PRICES[plan.name]
        price = prices["cores"] * held["cores"] + Fraction(prices["ram"] * held["ram"], 1024) + prices["flat"] * 2
        total += price * units_in(plan, begin)
        begin += step
    return total


def charged(life: Life) -> tuple[Decimal, int]:
    lines = [line for month in MONTHS for line in charges(life.facts(), month)]
    return sum((line.price for line in lines), Decimal(0)), len(lines)


@settings(max_examples=60, deadline=None)
@given(lives(DAILY))
def test_each_day_is_paid_exactly_once(life: Life) -> None:
    total, lines = charged(life)
    assert abs(Fraction(total) - expected(life, timedelta(days=1))) <= Fraction(lines, 10**9)


@settings(max_examples=15, deadline=None)
@given(lives({"x": "hour", "y": "hour"}))
def test_each_hour_is_paid_exactly_once(life: Life) -> None:
    total, lines = charged(life)
    assert abs(Fraction(total) - expected(life, timedelta(hours=1))) <= Fraction(lines, 10**9)


@settings(max_examples=40, deadline=None)
@given(lives({**DAILY, "x": "hour"}))
def test_no_two_lines_of_a_component_overlap_and_none_is_missing(life: Life) -> None:
    stretches = sorted(
        (line.start, line.end)
        for month in MONTHS
        for line in charges(life.facts(), month)
        if line.component_type == "flat"
    )
    for (_, end), (start, _) in pairwise(stretches):
        assert end == start
    assert stretches[0][0] <= life.periods[0].start < stretches[0][0] + timedelta(days=1)
