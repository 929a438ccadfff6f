"""Crontab lines: when they come next. Celery reads the line; the calendar is the zone's own."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from celery.schedules import ParseException, crontab

SEARCHED_DAYS = 366 * 8  # 29 February comes at least once in eight years


def parse(line: str) -> crontab:
    """The line as Celery understands it; ValueError says what is wrong. Sunday is 0 or 7."""
    fields = line.split()
    if len(fields) != 5:
        raise ValueError("five fields are needed: minute, hour, day of the month, month, day of the week")
    if fields[4] == "7":
        fields[4] = "0"
    try:
        return crontab.from_string(" ".join(fields))
    except ParseException as error:
        raise ValueError(str(error)) from error


def next_time(line: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first moment after `after` that the line names, in UTC; None: never.

    A time that the zone skips in spring comes as much later as the clock is put forward; one that comes twice in
    autumn counts the first time.
    """
    schedule = parse(line)
    first = after.astimezone(zone).date() - timedelta(days=1)  # a skipped time may end up on the next day
    for day in (first + timedelta(days=number) for number in range(SEARCHED_DAYS)):
        if _names(schedule, line, day):
            moments = [moment for moment in _moments(schedule, day, zone) if moment > after]
            if moments:
                return min(moments)
    return None


def _names(schedule: crontab, line: str, day: date) -> bool:
    """As crontab(5) has it: where both kinds of days are restricted, either will do."""
    of_month, of_week = day.day in schedule.day_of_month, day.isoweekday() % 7 in schedule.day_of_week
    _, _, month_days, _, week_days = line.split()
    either = not month_days.startswith("*") and not week_days.startswith("*")
    return day.month in schedule.month_of_year and (of_month or of_week if either else of_month and of_week)


def _moments(schedule: crontab, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    for hour in schedule.hour:
        for minute in schedule.minute:
            yield datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)
