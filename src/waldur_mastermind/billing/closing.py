"""The course of the months: lines are kept up to date, and when a month is over its invoices are made out.

`bring_up_to_date` looks at what stands in the database and goes on from there, whenever it runs and wherever the run
before it was killed.
"""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Min, OuterRef
from django.utils import timezone

from waldur_core.events.log import record
from waldur_core.structure.countries import COUNTRIES
from waldur_core.structure.models import Customer
from waldur_mastermind.billing.invoicing import refresh
from waldur_mastermind.billing.locks import lock_month
from waldur_mastermind.billing.models import BilledMonth, Invoice
from waldur_mastermind.billing.recurring import carry_over
from waldur_mastermind.marketplace.models import PlanPeriod, Resource
from waldur_mastermind.marketplace.months import end_of, following, month_of, months, this_month
from waldur_mastermind.marketplace.orders import periods

BATCH = 100  # invoices in one transaction
ON_PLAN = (Resource.State.OK, Resource.State.UPDATING, Resource.State.TERMINATING)


def bring_up_to_date() -> int:
    """Every month that is not billed yet up to this one; those whose time has come are billed. Returns how many lines
    and invoices were written."""
    _catch_up()
    return sum(_advance(month) for month in months(first_open_month(), this_month()))


def create_invoices(month: date) -> int:
    """Bring one month up to date, and make out its invoices when it is over. Returns what was written."""
    return _advance(month)


def first_open_month() -> date:
    """Where to begin: the oldest month of which something is still to be done."""
    last = BilledMonth.objects.filter(done_at__isnull=False).order_by("-month").first()
    pending = Invoice.objects.filter(state=Invoice.State.PENDING).order_by("year", "month").first()
    begun = PlanPeriod.objects.aggregate(first=Min("start"))["first"]
    known = [date(pending.year, pending.month, 1)] if pending else []
    if last is not None:
        known.append(following(last.month))
    elif begun is not None:
        known.append(month_of(begun))
    return min([*known, this_month()])


def is_due(month: date) -> bool:
    """Whether a month is over, and so are the days in which usages may still be reported for it."""
    grace = timedelta(days=settings.WALDUR_INVOICES["GRACE_DAYS"])
    return timezone.now() >= end_of(month) + grace


def _advance(month: date) -> int:
    carry_over(month)
    if not is_due(month):
        return refresh(month)
    with transaction.atomic():
        lock_month(month)
        billed, _ = BilledMonth.objects.get_or_create(month=month)
    written = refresh(month, closing=True) + _make_out(month)
    BilledMonth.objects.filter(pk=billed.pk, done_at=None).update(done_at=timezone.now())
    return written


def _make_out(month: date) -> int:
    """Give the pending invoices of a month their date and address; nothing of them changes any more."""
    number = 0
    while made := _make_out_some(month):
        number += made
    return number


@transaction.atomic
def _make_out_some(month: date) -> int:
    pending = Invoice.objects.filter(year=month.year, month=month.month, state=Invoice.State.PENDING)
    pending.filter(items=None).delete()  # whose lines have all been taken back
    locked = pending.order_by("pk").select_for_update(of=("self",), no_key=True).select_related("customer")
    invoices = list(locked[:BATCH])
    today = timezone.localdate()
    for invoice in invoices:
        customer = invoice.customer
        invoice.state, invoice.modified = Invoice.State.CREATED, timezone.now()
        invoice.invoice_date = today
        invoice.due_date = today + timedelta(days=settings.WALDUR_INVOICES["PAYMENT_INTERVAL"])
        invoice.tax_percent = customer.default_tax_percent
        invoice.customer_details = address_of(customer)
        invoice.issuer_details = settings.WALDUR_INVOICES["ISSUER_DETAILS"]
    columns = ["state", "invoice_date", "due_date", "tax_percent", "customer_details", "issuer_details", "modified"]
    Invoice.objects.bulk_update(invoices, columns)
    for invoice in invoices:
        text = f"The invoice of {invoice.customer} for {month:%B %Y} has been created."
        record("invoice_created", text, scope=invoice, invoice_uuid=invoice.uuid.hex)
    return len(invoices)


def address_of(customer: Customer) -> dict[str, str]:
    """What stands on an invoice about a customer."""
    names = ("name", "address", "country", "email", "postal", "phone_number", "bank_name", "bank_account", "vat_code")
    return {**{name: getattr(customer, name) for name in names}, "country_name": COUNTRIES.get(customer.country, "")}


def _catch_up() -> None:
    """Whoever changed resources without saying so: plans and limits count from now on."""
    running = PlanPeriod.objects.filter(resource=OuterRef("pk"), end=None)
    planned = Resource.objects.filter(state__in=ON_PLAN, plan__isnull=False).select_related("plan")
    with transaction.atomic():
        periods.ensure(planned.filter(~Exists(running)).select_for_update(of=("self",), no_key=True))
        moved = planned.filter(Exists(running.exclude(plan=OuterRef("plan"))))
        for resource in moved.select_for_update(of=("self",), no_key=True):
            assert resource.plan is not None
            periods.begin(resource, resource.plan)
    on_plan = planned.filter(Exists(running)).order_by("pk")
    pks = list(on_plan.values_list("pk", flat=True))
    for start in range(0, len(pks), 1000):
        periods.note_limits(Resource.objects.filter(pk__in=pks[start : start + 1000]))
