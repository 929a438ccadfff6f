"""When a resource was on which plan."""

from django.utils import timezone

from waldur_mastermind.marketplace.models import Plan, PlanPeriod, Resource


def begin(resource: Resource, plan: Plan) -> None:
    end(resource)
    PlanPeriod.objects.create(resource=resource, plan=plan)


def end(resource: Resource) -> None:
    PlanPeriod.objects.filter(resource=resource, end=None).update(end=timezone.now(), modified=timezone.now())
