"""What holds when: values that change in steps, and the stays of a resource on its plans, in whole days or hours."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
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
    starts = _starts(ordered)
    for number, (period, start) in enumerate(zip(ordered, starts, strict=True)):
        grain = units.grain(period.plan)
        end = _ceiling(period.end, grain) if period.end else None
        if number + 1 < len(ordered):
            end = min(end, starts[number + 1]) if end else starts[number + 1]
        if end is None or start < end:
            yield Stay(period, period.plan, start, end, grain)


def _starts(ordered: Sequence[PlanPeriod]) -> list[datetime]:
    """The beginning of the day or hour of each start, the shorter of both where plans change; never before the last."""
    starts: list[datetime] = []
    grains = [units.grain(period.plan) for period in ordered]
    for number, period in enumerate(ordered):
        start = _floor(period.start, min(grains[max(number - 1, 0) : number + 1]))
        starts.append(max(start, starts[-1]) if starts else start)
    return starts


def _floor(moment: datetime, grain: timedelta) -> datetime:
    return moment - (moment - EPOCH) % grain


def _ceiling(moment: datetime, grain: timedelta) -> datetime:
    return moment + (EPOCH - moment) % grain
