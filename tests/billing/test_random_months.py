"""Random months of real orders, with runs at random moments that are killed half-way: in the end the charges are what
the days cost, and nothing is charged twice."""

from calendar import monthrange
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.billing.test_closing import Killed, killing
from tests.marketplace.metering import at
from tests.marketplace.stage import Stage
from waldur_mastermind.billing.audit import double_billed
from waldur_mastermind.billing.closing import bring_up_to_date
from waldur_mastermind.billing.models import Invoice, InvoiceItem
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Plan, Resource
from waldur_mastermind.marketplace.orders import complete
from waldur_mastermind.marketplace.orders.requests import order_limits, order_plan, order_termination

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
FIRST = datetime(2024, 1, 5, tzinfo=UTC)
UNTIL = datetime(2024, 4, 15, tzinfo=UTC)
PRICES = {"Plan of Shared machines": (10, 4), "Other": (3, 7)}  # cores, GB of RAM

steps = st.lists(
    st.tuples(
        st.integers(1, 20 * 24 * 60),  # minutes since the last step
        st.sampled_from(["limits", "plan", "run", "killed", "end"]),
        st.integers(1, 12),
    ),
    min_size=2,
    max_size=12,
)


class Rolled(Exception):
    """Undoes an example."""


class Machine:
    """A resource, what is done to it, and what each of its days should cost."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.now = stage, FIRST
        with self.clock():
            order = stage.placed(stage.owner)
            complete(order)
            self.other = catalogue.create_plan(stage.offering, {"name": "Other", "prices": {"cores": 3, "ram": 7}})
        self.pk, self.ended = order.resource_id, datetime.max.replace(tzinfo=UTC)
        self.history = [(self.now, stage.plan.name, 2)]

    def clock(self) -> Any:
        return at(self.now.year, self.now.month, self.now.day, self.now.hour, self.now.minute)

    @property
    def resource(self) -> Resource:
        return Resource.objects.select_related("plan", "offering", "project__customer").get(pk=self.pk)

    def do(self, action: str, number: int) -> None:
        with self.clock():
            getattr(self, action)(number)

    def limits(self, number: int) -> None:
        resource = self.resource
        if resource.state == "OK" and resource.limits["cores"] != number:
            order_limits(resource, {"cores": number}, self.stage.owner)
            self.note()

    def plan(self, number: int) -> None:
        resource = self.resource
        if resource.state == "OK":
            target: Plan = self.stage.plan if resource.plan == self.other else self.other
            order_plan(resource, target, self.stage.owner)
            self.note()

    def end(self, number: int) -> None:
        if self.resource.state == "OK":
            complete(order_termination(self.resource, {}, self.stage.owner))
            self.ended = self.now

    def run(self, number: int) -> None:
        bring_up_to_date()

    def killed(self, number: int) -> None:
        """Dies at one of the first statements that write; what was under way is rolled back, as a server would."""
        with suppress(Killed), transaction.atomic(), connection.execute_wrapper(killing(number)):
            bring_up_to_date()

    def note(self) -> None:
        resource = self.resource
        assert resource.plan is not None
        self.history.append((self.now, resource.plan.name, resource.limits["cores"]))

    def cost(self) -> Fraction:
        """Day by day, at the plan and the limits it ended with; RAM is 2 GB all the time."""
        total, day = Fraction(0), FIRST
        last = (UNTIL.replace(day=1) + timedelta(days=31)).replace(day=1)  # the running month is charged to its end
        while day < min(self.ended, last):
            _, plan, cores = [state for state in self.history if state[0] < day + timedelta(days=1)][-1]
            of_core, of_gb = PRICES[plan]
            total += Fraction(of_core * cores + of_gb * 2, monthrange(day.year, day.month)[1])
            day += timedelta(days=1)
        return total


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_what_is_charged_is_what_the_days_cost(stage: Stage, steps: list[tuple[int, str, int]]) -> None:
    with pytest.raises(Rolled), transaction.atomic():
        machine = Machine(stage)
        for minutes, action, number in steps:
            machine.now = min(machine.now + timedelta(minutes=minutes), UNTIL)
            machine.do(action, number)
        machine.now = UNTIL
        machine.do("run", 0)
        charged = sum((item.price for item in InvoiceItem.objects.all()), Decimal(0))
        assert abs(Fraction(charged) - machine.cost()) <= Fraction(InvoiceItem.objects.count(), 10**9)
        assert double_billed(stage.offering) == []
        assert set(Invoice.objects.exclude(month=4).values_list("state", flat=True)) <= {"created"}
        raise Rolled
