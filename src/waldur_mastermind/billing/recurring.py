"""Usages that are the same every month until another is reported."""

from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef

from waldur_mastermind.marketplace.models import ComponentUsage, OfferingComponent, PlanPeriod
from waldur_mastermind.marketplace.months import begin_of, month_of, this_month

Policy = ComponentUsage.MissingUsagePolicy


def carry_over(month: date) -> int:
    """Where nothing was reported for a month: what was reported for the month before, or zero, as that report said.
    Returns how many usages that made; a second run finds them and makes none."""
    if month > this_month():
        return 0
    before = month_of(month - timedelta(days=1))
    reported = ComponentUsage.objects.filter(
        resource=OuterRef("resource"), component=OuterRef("component"), billing_period=month
    )
    running = PlanPeriod.objects.filter(resource=OuterRef("resource"), start__lt=begin_of(month))
    known = ComponentUsage.objects.filter(billing_period=before).filter(
        ~Exists(reported), Exists(running.exclude(end__lt=begin_of(month)))
    )
    last: dict[tuple[int, int], ComponentUsage] = {}
    amounts: dict[tuple[int, int], Decimal] = {}
    for row in known.select_related("component").order_by("plan_period__start", "pk"):
        key = (row.resource_id, row.component_id)
        flows = row.component.billing_type == OfferingComponent.BillingType.USAGE
        amounts[key] = row.usage + (amounts.get(key, Decimal(0)) if flows else 0)
        last[key] = row
    wanted = {key: row for key, row in last.items() if row.missing_usage_policy in (Policy.REUSE, Policy.ZERO)}
    begun = PlanPeriod.objects.filter(resource__in={pk for pk, _ in wanted}, start__lt=begin_of(month))
    periods = {period.resource_id: period for period in begun.order_by("start")}
    new = [
        ComponentUsage(
            resource_id=key[0],
            component_id=key[1],
            plan_period=periods.get(key[0]),
            billing_period=month,
            date=begin_of(month),
            usage=amounts[key] if row.recurring else 0,
            description=row.description,
            missing_usage_policy=row.missing_usage_policy,
        )
        for key, row in wanted.items()
    ]
    return len(ComponentUsage.objects.bulk_create(new, ignore_conflicts=True, batch_size=1000))
