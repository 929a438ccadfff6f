"""`waldur create_invoices [--month 2026-10]`: what the hourly task does, now; or of one month only."""

from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Sum

from waldur_mastermind.billing.closing import bring_up_to_date, create_invoices, first_open_month
from waldur_mastermind.billing.models import Invoice, InvoiceItem
from waldur_mastermind.marketplace.months import months, this_month


class Command(BaseCommand):
    help = (
        "Bring the invoices of every month that is not billed yet up to date, and make out those of past months. "
        "May be run at any time and any number of times."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", help="only this month, as YYYY-MM")

    def handle(self, *args: Any, month: str | None = None, **options: Any) -> None:
        if month:
            only = _month(month)
            create_invoices(only)
            self._tell(only)
            return
        first = first_open_month()
        bring_up_to_date()
        for each in months(first, this_month()):
            self._tell(each)

    def _tell(self, month: date) -> None:
        invoices = Invoice.objects.filter(year=month.year, month=month.month)
        total = InvoiceItem.objects.filter(invoice__in=invoices).aggregate(total=Sum("price"))["total"] or 0
        number = invoices.count()
        self.stdout.write(f"{month:%B %Y}: {number} invoice{'' if number == 1 else 's'}, {total:.2f} without tax")


def _month(text: str) -> date:
    try:
        month = datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise CommandError(f"{text} is no month: give it as YYYY-MM.") from None
    if month > this_month():
        raise CommandError(f"{text} has not begun.")
    return month
