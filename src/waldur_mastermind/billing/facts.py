"""Reads what decides about the cost of many resources in a month, in a fixed number of queries."""

from collections.abc import Iterable
from datetime import date

from waldur_mastermind.billing.charges import Facts, PriceList
from waldur_mastermind.billing.steps import Steps
from waldur_mastermind.marketplace.models import (
    ComponentUsage,
    LimitChange,
    OfferingComponent,
    PlanComponent,
    PlanPeriod,
    PriceChange,
    Resource,
)


def facts_of(resources: Iterable[Resource], month: date) -> list[Facts]:
    """The facts of each resource. Its offering and project should come with it."""
    found = {resource.pk: Facts(resource) for resource in resources}
    for period in PlanPeriod.objects.filter(resource__in=found).select_related("plan").order_by("start", "pk"):
        found[period.resource_id].periods.append(period)
    steps: dict[int, list[LimitChange]] = {}
    for change in LimitChange.objects.filter(resource__in=found).order_by("start", "pk"):
        steps.setdefault(change.resource_id, []).append(change)
    usages = ComponentUsage.objects.filter(resource__in=found, billing_period=month, usage__gt=0)
    for usage in usages.select_related("component", "plan_period__plan"):
        found[usage.resource_id].usages.append(usage)
    prices = price_lists({period.plan_id for facts in found.values() for period in facts.periods})
    for pk, facts in found.items():
        known = [(change.start, change.limits) for change in steps.get(pk, ())]
        facts.limits = Steps(known or [(facts.resource.created, facts.resource.limits)])
        facts.prices = prices
    return list(found.values())


def price_lists(plans: Iterable[int]) -> dict[int, PriceList]:
    """By plan: its components with their prices as they were. What was never noted is what it is now."""
    plans = set(plans)
    lists = {plan: PriceList() for plan in plans}
    changes: dict[tuple[int, int | None], list[PriceChange]] = {}
    for change in PriceChange.objects.filter(plan__in=plans).order_by("start", "pk"):
        changes.setdefault((change.plan_id, change.component_id), []).append(change)
    for (plan, key), noted in changes.items():
        lists[plan].terms[key] = Steps((change.start, (change.price, change.amount)) for change in noted)
    components: dict[int, OfferingComponent] = {}
    for item in PlanComponent.objects.filter(plan__in=plans).select_related("component"):
        component = components.setdefault(item.component_id, item.component)
        lists[item.plan_id].components.append(component)
        if component.pk not in lists[item.plan_id].terms:
            lists[item.plan_id].terms[component.pk] = Steps([(item.created, (item.price, item.amount))])
    return lists
