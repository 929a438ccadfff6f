"""Calendar months, the steps in which usages and invoices go. A month is its first day; all times are UTC."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone


def month_of(moment: datetime | date) -> date:
    """The month in which a moment lies."""
    day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
    return day.replace(day=1)


def this_month() -> date:
    return month_of(timezone.now())


def following(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def begin_of(day: date) -> datetime:
    """The first moment of a day, or of a month."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def end_of(month: date) -> datetime:
    """The moment at which a month is over."""
    return begin_of(following(month))


def months(first: date, last: date) -> Iterator[date]:
    """From `first` to `last`, both included."""
    while first <= last:
        yield first
        first = following(first)
