"""Keeps the lines of pending invoices in step with what happened. May run at any time, any number of times, and die
anywhere: it compares what is charged with what should be, and writes the difference."""

import logging
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from waldur_mastermind.billing import leftovers
from waldur_mastermind.billing.charges import Charge, charges
from waldur_mastermind.billing.estimates import update_estimates
from waldur_mastermind.billing.facts import facts_of
from waldur_mastermind.billing.leftovers import is_left_over
from waldur_mastermind.billing.models import BilledMonth, Invoice, InvoiceItem
from waldur_mastermind.marketplace.models import PlanPeriod, Resource
from waldur_mastermind.marketplace.months import begin_of, end_of, this_month

logger = logging.getLogger(__name__)

BATCH = 500  # resources in one transaction
FOLLOWS = ("end", "unit", "unit_price", "quantity", "price", "name", "details", "project_id", "plan_id")
Key = tuple[int, int, str, str, Any]  # invoice, resource, component type, billing type, start


def refresh(month: date, resources: Iterable[Resource] | None = None, *, closing: bool = False) -> int:
    """Bring the lines of a month in step: of `resources`, or of all that cost something in it. Returns how many lines
    were written. A month that has been billed is left alone, except by its `closing`."""
    if not closing and BilledMonth.objects.filter(month=month).exists():
        return 0
    pks = [resource.pk for resource in resources] if resources is not None else list(_concerned(month))
    return sum(_refresh(month, pks[start : start + BATCH]) for start in range(0, len(pks), BATCH))


def _concerned(month: date) -> QuerySet[Any]:
    """Resources that were on a plan in a month, or have lines in it."""
    lived = PlanPeriod.objects.filter(start__lt=end_of(month)).filter(Q(end=None) | Q(end__gte=begin_of(month)))
    lines = InvoiceItem.objects.filter(invoice__year=month.year, invoice__month=month.month, resource__isnull=False)
    wanted = Q(pk__in=lived.values("resource")) | Q(pk__in=lines.values("resource"))
    return Resource.objects.filter(wanted).order_by("pk").values_list("pk", flat=True)


@transaction.atomic
def _refresh(month: date, pks: Sequence[int]) -> int:
    locked = Resource.objects.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",), no_key=True)
    resources = list(locked.select_related("offering__customer", "project__customer"))
    wanted = [(facts.resource, charge) for facts in facts_of(resources, month) for charge in charges(facts, month)]
    invoices = _pending_invoices(month, {resource.project.customer_id for resource, _ in wanted})
    items = [
        _item(invoice, resource, charge)
        for resource, charge in wanted
        if (invoice := invoices.get(resource.project.customer_id))
    ]
    known = InvoiceItem.objects.filter(resource__in=resources, invoice__in=_pending(month))
    left, current = _apart(known.select_for_update(of=("self",)))
    now = month == this_month()
    ended = leftovers.shorten(left) if now else []
    InvoiceItem.objects.bulk_update(ended, leftovers.COLUMNS, batch_size=BATCH)
    written = _write(leftovers.beside(items, left), current) + len(ended)
    if now:
        update_estimates(month, resources)
    return written


def _apart(items: Iterable[InvoiceItem]) -> tuple[list[InvoiceItem], list[InvoiceItem]]:
    """The lines of components that are gone, and all others."""
    found = list(items)
    return [item for item in found if is_left_over(item)], [item for item in found if not is_left_over(item)]


def _pending(month: date) -> QuerySet[Invoice]:
    return Invoice.objects.filter(year=month.year, month=month.month, state=Invoice.State.PENDING)


def _pending_invoices(month: date, customers: set[int]) -> dict[int, Invoice]:
    """By customer: the invoice that takes the lines; none where it has been made out already."""
    pending = _pending(month).filter(customer__in=customers)
    Invoice.objects.bulk_create(
        [Invoice(customer_id=pk, year=month.year, month=month.month) for pk in sorted(customers)],
        ignore_conflicts=True,
    )
    return {invoice.customer_id: invoice for invoice in pending.order_by("pk").select_for_update(no_key=True)}


def _write(wanted: list[InvoiceItem], known: list[InvoiceItem]) -> int:
    """Remove, then shorten and lengthen, then add: in this order no two lines overlap even for a moment."""
    old = {_key(item): item for item in known}
    new = {_key(item): item for item in wanted}
    gone = [item.pk for key, item in old.items() if key not in new]
    changed = [old[key] for key, item in new.items() if key in old and _follow(old[key], item)]
    added = [item for key, item in new.items() if key not in old]
    if gone:
        InvoiceItem.objects.filter(pk__in=gone).delete()
    InvoiceItem.objects.bulk_update(changed, FOLLOWS_COLUMNS, batch_size=BATCH)
    InvoiceItem.objects.bulk_create(added, batch_size=BATCH)
    return len(gone) + len(changed) + len(added)


def _key(item: InvoiceItem) -> Key:
    assert item.resource_id is not None
    return (item.invoice_id, item.resource_id, item.component_type, item.billing_type, item.start)


FOLLOWS_COLUMNS = tuple(name.removesuffix("_id") for name in FOLLOWS)


def _follow(old: InvoiceItem, new: InvoiceItem) -> bool:
    if all(getattr(old, name) == getattr(new, name) for name in FOLLOWS):
        return False
    for name in FOLLOWS:
        setattr(old, name, getattr(new, name))
    return True


def _item(invoice: Invoice, resource: Resource, charge: Charge) -> InvoiceItem:
    component, offering = charge.component, resource.offering
    parts = [f"{resource.name} ({offering.name} / {charge.plan.name})", *([component.name] if component else [])]
    return InvoiceItem(
        invoice=invoice,
        resource=resource,
        project=resource.project,
        offering=offering,
        plan=charge.plan,
        component=component,
        component_type=charge.component_type,
        billing_type=charge.billing_type,
        name=" / ".join(parts),
        article_code=(component.article_code if component else "") or charge.plan.article_code,
        measured_unit=component.measured_unit if component else "",
        unit=charge.unit,
        unit_price=charge.unit_price,
        quantity=charge.quantity,
        price=charge.price,
        start=charge.start,
        end=charge.end,
        details=_details(resource, charge),
    )


def _details(resource: Resource, charge: Charge) -> dict[str, Any]:
    """The names of now, for a line outlives what it is for."""
    offering, component = resource.offering, charge.component
    return {
        "resource_name": resource.name,
        "resource_uuid": resource.uuid.hex,
        "project_name": resource.project.name,
        "project_uuid": resource.project.uuid.hex,
        "plan_name": charge.plan.name,
        "plan_uuid": charge.plan.uuid.hex,
        "offering_type": offering.type,
        "offering_name": offering.name,
        "offering_uuid": offering.uuid.hex,
        "service_provider_name": offering.customer.name,
        "service_provider_uuid": offering.customer.uuid.hex,
        "offering_component_type": charge.component_type,
        "offering_component_name": component.name if component else "",
        "amount": str(charge.amount.numerator) if charge.amount.denominator == 1 else str(float(charge.amount)),
    }
