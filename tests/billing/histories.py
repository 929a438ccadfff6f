"""Lives of resources on paper: plans, prices and limits that change at given moments. Nothing is in the database."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from waldur_mastermind.billing.charges import Charge, Facts, PriceList, charges
from waldur_mastermind.billing.steps import Steps
from waldur_mastermind.marketplace.models import (
    ComponentUsage,
    Offering,
    OfferingComponent,
    Plan,
    PlanPeriod,
    Resource,
)

CORES = OfferingComponent(pk=1, type="cores", name="Cores", billing_type="limit", limit_period="month")
RAM = OfferingComponent(
    pk=2, type="ram", name="RAM", billing_type="limit", limit_period="month", unit_factor=1024, is_builtin=True
)
FLAT = OfferingComponent(pk=3, type="flat", name="Flat", billing_type="fixed")
SETUP = OfferingComponent(pk=4, type="setup", name="Setup", billing_type="one")
SWITCH = OfferingComponent(pk=5, type="switch", name="Switch", billing_type="few")
TRAFFIC = OfferingComponent(pk=6, type="traffic", name="Traffic", billing_type="usage")
QUARTERLY = OfferingComponent(pk=7, type="support", name="Support", billing_type="limit", limit_period="quarterly")
ANNUAL = OfferingComponent(pk=8, type="licence", name="Licence", billing_type="limit", limit_period="annual")
TOTAL = OfferingComponent(pk=9, type="archive", name="Archive", billing_type="limit", limit_period="total")
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Life:
    """One resource. Prices: {component: price} or {component: (price, included amount)}."""

    def __init__(self) -> None:
        self.resource = Resource(pk=1, name="machine", offering=Offering(pk=1, billable=True))
        self.plans: dict[str, Plan] = {}
        self.prices: dict[int, PriceList] = {}
        self.periods: list[PlanPeriod] = []
        self.limits: list[tuple[datetime, Mapping[str, int]]] = []
        self.usages: list[ComponentUsage] = []

    def plan(self, name: str, prices: Mapping[OfferingComponent, Any], unit: str = "month", flat: Any = 0) -> "Life":
        plan = self.plans[name] = Plan(pk=len(self.plans) + 1, name=name, unit=unit)
        terms: dict[int | None, Steps[tuple[Decimal, int]]] = {None: Steps([(BEGINNING, (Decimal(flat), 1))])}
        for component, value in prices.items():
            price, amount = value if isinstance(value, tuple) else (value, 0)
            terms[component.pk] = Steps([(BEGINNING, (Decimal(price), amount))])
        self.prices[plan.pk] = PriceList(list(prices), terms)
        return self

    def costs(self, plan: str, component: OfferingComponent, price: Any, since: str, amount: int = 0) -> "Life":
        terms = self.prices[self.plans[plan].pk].terms
        steps = terms[component.pk].steps
        terms[component.pk] = Steps([*steps, (moment(since), (Decimal(price), amount))])
        return self

    def begins(self, plan: str, when: str, **limits: int) -> "Life":
        """On a plan from then on; the plan before ends."""
        return self.begin(self.plans[plan], moment(when), limits)

    def begin(self, plan: Plan, when: datetime, limits: Mapping[str, int]) -> "Life":
        if self.periods and self.periods[-1].end is None:
            self.periods[-1].end = when
        self.periods.append(PlanPeriod(pk=len(self.periods) + 1, plan=plan, start=when))
        if limits:
            self.limits.append((when, dict(limits)))
        return self

    def has(self, when: str, **limits: int) -> "Life":
        self.limits.append((moment(when), limits))
        return self

    def ends(self, when: str) -> "Life":
        self.periods[-1].end = moment(when)
        return self

    def uses(self, component: OfferingComponent, amount: Any, period: int = 0) -> "Life":
        plan_period = self.periods[period]
        self.usages.append(ComponentUsage(component=component, usage=Decimal(amount), plan_period=plan_period))
        return self

    def facts(self) -> Facts:
        return Facts(self.resource, self.periods, Steps(self.limits), self.usages, self.prices)

    def charges(self, month: str) -> list[Charge]:
        return charges(self.facts(), date.fromisoformat(f"{month}-01"))

    def lines(self, month: str) -> list[tuple[str, str, str, str]]:
        """(component, from, to, price) of each line, in the order of time."""
        return sorted(
            ((c.component_type, short(c.start), short(c.end), money(c.price)) for c in self.charges(month)),
            key=lambda line: (line[1], line[0]),
        )

    def total(self, *months: str) -> str:
        return money(sum((c.price for month in months for c in self.charges(month)), Decimal(0)))


def short(when: datetime) -> str:
    """Day of the month and, unless it is midnight, the hour."""
    return when.strftime("%m-%d" if when.hour == when.minute == 0 else "%m-%d %H:%M")


def money(value: Decimal) -> str:
    return f"{value:.2f}"


def total_of(charges: Iterable[Charge]) -> Decimal:
    return sum((charge.price for charge in charges), Decimal(0))
