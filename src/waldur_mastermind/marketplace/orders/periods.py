"""When a resource was on which plan, with which limits."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from waldur_mastermind.marketplace.models import LimitChange, Plan, PlanPeriod, Resource
from waldur_mastermind.marketplace.signals import metered


def begin(resource: Resource, plan: Plan) -> None:
    """The resource is on `plan` from now on."""
    now = timezone.now()
    _end(resource, now)
    PlanPeriod.objects.create(resource=resource, plan=plan, start=now)
    note_limits([resource], now)
    metered.send(Resource, resources=[resource])


def ensure(resources: Iterable[Resource]) -> None:
    """What works and has a plan is on it: begin the periods that are missing. One query where none is."""
    planned = [resource for resource in resources if resource.plan_id]
    running = PlanPeriod.objects.filter(resource__in=planned, end=None) if planned else PlanPeriod.objects.none()
    known = set(running.values_list("resource", flat=True))
    for resource in planned:
        if resource.pk not in known and resource.plan:
            begin(resource, resource.plan)


def end(resource: Resource) -> None:
    """The resource is on no plan any more."""
    if _end(resource, timezone.now()):
        metered.send(Resource, resources=[resource])


def limits_changed(resource: Resource) -> None:
    """The limits of a resource are others from now on."""
    if note_limits([resource]):
        metered.send(Resource, resources=[resource])


def note_limits(resources: Iterable[Resource], now: datetime | None = None) -> int:
    """Write down the limits that are not what was noted last; returns of how many resources. Two queries."""
    resources = list(resources)
    changes = LimitChange.objects.filter(resource__in=resources).order_by("resource", "-start", "-pk")
    noted = dict(changes.distinct("resource").values_list("resource", "limits"))
    new = [
        LimitChange(resource=resource, limits=resource.limits, start=now or timezone.now())
        for resource in resources
        if noted.get(resource.pk, {}) != resource.limits
    ]
    LimitChange.objects.bulk_create(new)
    return len(new)


def _end(resource: Resource, now: datetime) -> int:
    return PlanPeriod.objects.filter(resource=resource, end=None).update(end=now, modified=now)
