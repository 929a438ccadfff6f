"""What holds when: values that change in steps, and the stays of a resource on its plans, in whole days or hours."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from waldur_mastermind.marketplace import units
from waldur_mastermind.marketplace.models import Plan, PlanPeriod

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Steps(Generic[T]):
    """Values, each from its moment on. Before the first moment the first value holds: nothing older is known."""

    def __init__(self, steps: Iterable[tuple[datetime, T]] = ()) -> None:
        self.steps = sorted(steps, key=lambda step: step[0])  # stable: of two at one moment the later written holds

    def at(self, moment: datetime, grain: timedelta | None = None) -> T | None:
        """The value at a moment; with a grain, the one that the day or hour ends with, whose beginning `moment` is."""
        starts = [_floor(start, grain) if grain else start for start, _ in self.steps]
        index = bisect_right(starts, moment)
        return self.steps[max(index - 1, 0)][1] if self.steps else None

    def cuts(self, start: datetime, end: datetime, grain: timedelta) -> Iterator[datetime]:
        """The beginnings of days or hours, between two moments, from which another value counts."""
        for moment, _ in self.steps:
            if start < (cut := _floor(moment, grain)) < end:
                yield cut

    def since(self, moment: datetime) -> Iterator[tuple[datetime, T]]:
        """The value at a moment, and those after it."""
        if self.steps:
            first = self.at(moment)
            assert first is not None
            yield moment, first
            yield from (step for step in self.steps if step[0] > moment)


@dataclass(frozen=True)
class Stay:
    """The time that a plan period is charged: whole days or hours. No end: it goes on."""

    period: PlanPeriod
    plan: Plan
    start: datetime
    end: datetime | None
    grain: timedelta


def stays(periods: Iterable[PlanPeriod]) -> Iterator[Stay]:
    """One after the other without overlap; plans that were left within the hour or day they began are passed over."""
    ordered = sorted(periods, key=lambda period: period.start)
    for number, period in enumerate(ordered):
        grain = units.grain(period.plan)
        before = units.grain(ordered[number - 1].plan) if number else grain
        start = _floor(period.start, min(grain, before))
        end = _ceiling(period.end, grain) if period.end else None
        if number + 1 < len(ordered):
            follower = ordered[number + 1]
            begin = _floor(follower.start, min(grain, units.grain(follower.plan)))
            end = min(end, begin) if end else begin
        if end is None or start < end:
            yield Stay(period, period.plan, start, end, grain)


def _floor(moment: datetime, grain: timedelta) -> datetime:
    return moment - (moment - EPOCH) % grain


def _ceiling(moment: datetime, grain: timedelta) -> datetime:
    return moment + (EPOCH - moment) % grain
