"""Writing down what was used. A report replaces the one before it: it says how much it is, not how much more."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from waldur_mastermind.marketplace.models import ComponentUsage, OfferingComponent, PlanPeriod, Resource
from waldur_mastermind.marketplace.months import month_of
from waldur_mastermind.marketplace.signals import metered

BillingType = OfferingComponent.BillingType
Amounts = Mapping[str, Decimal | int]
WRITTEN = ("usage", "date", "description", "missing_usage_policy", "modified_by", "modified")

_closings: list[Callable[[date], bool]] = []


@dataclass(frozen=True)
class Measured:
    """How much of one component was used, in its units."""

    amount: Decimal
    description: str = ""
    policy: str = ComponentUsage.MissingUsagePolicy.NONE


def register_closing(is_closed: Callable[[date], bool]) -> None:
    """`is_closed(month)` says whether the usages of a month cannot change any more, because it has been billed."""
    _closings.append(is_closed)


def is_closed(month: date) -> bool:
    return any(closing(month) for closing in _closings)


def number(amount: Decimal) -> int | float:
    """For JSON: whole when it is whole."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


@transaction.atomic
def report(
    resource: Resource,
    measured: Mapping[OfferingComponent, Measured],
    at: datetime,
    *,
    of_period: PlanPeriod | None = None,
    actor: Any = None,
) -> None:
    """A provider tells what a resource used, in the month of `at` up to then, or in one plan period of that month."""
    Resource.objects.select_for_update(of=("self",), no_key=True).get(pk=resource.pk)
    month = month_of(at)
    period = of_period or period_at(resource.plan_periods.all(), at)
    rows = resource.usages.filter(billing_period=month, component__in=measured).select_related("plan_period")
    ledger = _Ledger(rows, at, actor)
    for component, value in measured.items():
        whole_month = of_period is None and component.billing_type == BillingType.USAGE
        ledger.enter(resource, component, period, value, whole_month)
    ledger.save()
    if month == month_of(timezone.now()):
        amounts = {component.type: number(value.amount) for component, value in measured.items()}
        resource.current_usages = {**resource.current_usages, **amounts}
        resource.save(update_fields=["current_usages", "modified"])
    metered.send(Resource, resources=[resource], month=month)


def record_usages(resource: Resource, amounts: Amounts) -> None:
    """What a resource uses now, by component type; types the offering does not have are left out."""
    record_all({resource: amounts})


@transaction.atomic
def record_all(found: Mapping[Resource, Amounts]) -> None:
    """The same for many resources, in a fixed number of queries; where nothing has changed nothing is locked either."""
    now = timezone.now()
    found = _changed(found, now)
    if not found:
        return
    locked = Resource.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    resources = list(locked.filter(pk__in=[resource.pk for resource in found]))
    amounts = {resource.pk: values for resource, values in found.items()}
    of_offering = _components(resources)
    open_periods = PlanPeriod.objects.filter(resource__in=resources, end=None)
    periods = {period.resource_id: period for period in open_periods}
    rows = ComponentUsage.objects.filter(resource__in=resources, billing_period=month_of(now))
    ledger = _Ledger(rows.select_related("plan_period"), now)
    changed = []
    for resource in resources:
        components = of_offering.get(resource.offering_id, {})
        known = {name: Decimal(amount) for name, amount in amounts[resource.pk].items() if name in components}
        for name, amount in known.items():
            component = components[name]
            whole_month = component.billing_type == BillingType.USAGE
            ledger.enter(resource, component, periods.get(resource.pk), Measured(amount), whole_month)
        current = {**resource.current_usages, **{name: number(amount) for name, amount in known.items()}}
        if current != resource.current_usages:
            resource.current_usages, resource.modified = current, now
            changed.append(resource)
    ledger.save()
    Resource.objects.bulk_update(changed, ["current_usages", "modified"], batch_size=500)
    if ledger.billed:
        metered.send(Resource, resources=[resource for resource in resources if resource.pk in ledger.billed])


def _components(resources: Iterable[Resource]) -> dict[int, dict[str, OfferingComponent]]:
    """By offering and type."""
    found: dict[int, dict[str, OfferingComponent]] = {}
    for component in OfferingComponent.objects.filter(offering__in={resource.offering_id for resource in resources}):
        found.setdefault(component.offering_id, {})[component.type] = component
    return found


def _changed(found: Mapping[Resource, Amounts], now: datetime) -> dict[Resource, Amounts]:
    """Those whose amounts are not the ones known, or not known of this month yet."""
    of_offering = _components(found)
    rows = ComponentUsage.objects.filter(resource__in=list(found), billing_period=month_of(now))
    known = set(rows.values_list("resource", "component"))
    return {
        resource: amounts
        for resource, amounts in found.items()
        if any(
            resource.current_usages.get(name) != number(Decimal(amount)) or (resource.pk, component.pk) not in known
            for name, amount in amounts.items()
            if (component := of_offering.get(resource.offering_id, {}).get(name))
        )
    }


def period_at(periods: Iterable[PlanPeriod], at: datetime) -> PlanPeriod | None:
    """The plan period at a moment: the last to begin before it, else the first of all."""
    ordered = sorted(periods, key=lambda period: period.start)
    begun = [period for period in ordered if period.start <= at]
    return begun[-1] if begun else ordered[0] if ordered else None


class _Ledger:
    """The usages of one month, as they are and as they are to be."""

    def __init__(self, rows: Iterable[ComponentUsage], at: datetime, actor: Any = None) -> None:
        self.at, self.actor = at, actor
        self.rows: dict[tuple[int, int], list[ComponentUsage]] = {}
        for row in rows:
            self.rows.setdefault((row.resource_id, row.component_id), []).append(row)
        self.new: list[ComponentUsage] = []
        self.changed: list[ComponentUsage] = []
        self.billed: set[int] = set()  # resources whose price depends on what was entered

    def enter(
        self,
        resource: Resource,
        component: OfferingComponent,
        period: PlanPeriod | None,
        value: Measured,
        whole_month: bool,
    ) -> None:
        """With `whole_month`, the value includes what was used under earlier plans of the month: only the rest is new,
        so that no unit is counted twice."""
        rest = value.amount
        rows = self.rows.setdefault((resource.pk, component.pk), [])
        for row in _before(period, rows) if whole_month else ():
            self._write(row, min(row.usage, rest))
            rest -= row.usage
        own = next((row for row in rows if row.plan_period_id == (period.pk if period else None)), None)
        if own is not None:
            self._write(own, rest, value)
        else:
            self._add(resource, component, period, rest, value)

    def save(self) -> None:
        ComponentUsage.objects.bulk_create(self.new, batch_size=500)
        ComponentUsage.objects.bulk_update(self.changed, WRITTEN, batch_size=500)

    def _add(
        self,
        resource: Resource,
        component: OfferingComponent,
        period: PlanPeriod | None,
        amount: Decimal,
        value: Measured,
    ) -> None:
        row = ComponentUsage(
            resource=resource,
            component=component,
            plan_period=period,
            billing_period=month_of(self.at),
            date=self.at,
            usage=amount,
            description=value.description,
            missing_usage_policy=value.policy,
            modified_by=self.actor,
        )
        self.rows[resource.pk, component.pk].append(row)
        self.new.append(row)
        self._note(row)

    def _write(self, row: ComponentUsage, amount: Decimal, value: Measured | None = None) -> None:
        new = (
            (amount, value.description, value.policy) if value else (amount, row.description, row.missing_usage_policy)
        )
        if (row.usage, row.description, row.missing_usage_policy) == new:
            return
        row.usage, row.description, row.missing_usage_policy = new
        row.date, row.modified_by, row.modified = self.at, self.actor, timezone.now()
        self.changed.append(row)
        self._note(row)

    def _note(self, row: ComponentUsage) -> None:
        if row.component.billing_type == BillingType.USAGE:
            self.billed.add(row.resource_id)


def _before(period: PlanPeriod | None, rows: Iterable[ComponentUsage]) -> list[ComponentUsage]:
    """The usages of earlier plan periods, oldest first."""
    known = [(row.plan_period.start, row) for row in rows if row.plan_period]
    earlier = [pair for pair in known if period and pair[0] < period.start]
    return [row for _, row in sorted(earlier, key=lambda pair: pair[0])]
