"""Billing a month and changing what it is billed by exclude each other, by locks that end with the transaction."""

from datetime import date

from django.db import connection

from waldur_mastermind.billing.models import BilledMonth

NAMESPACE = 0x62696C6C  # of the advisory locks of this app: "bill"


def counts_no_more(month: date) -> bool:
    """Whether a month is being billed or has been. While it is not, it will not be until the transaction ends."""
    _lock("pg_advisory_xact_lock_shared", month)
    return BilledMonth.objects.filter(month=month).exists()


def lock_month(month: date) -> None:
    """Wait until nobody changes what a month is billed by, and let nobody begin to."""
    _lock("pg_advisory_xact_lock", month)


def _lock(function: str, month: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [NAMESPACE, month.toordinal()])
