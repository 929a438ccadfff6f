"""What time itself sets going."""

from celery import shared_task
from django.conf import settings

from waldur_mastermind.billing.closing import bring_up_to_date


@shared_task(name="billing.bring_up_to_date")
def bring_invoices_up_to_date() -> int:
    """Keep pending invoices and estimates current; make out those of the past month. May run at any hour."""
    return bring_up_to_date() if settings.WALDUR_INVOICES["ENABLED"] else 0
