"""What a report of usages must fulfil. Each failure names its field."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import ValidationError

from waldur_core.rest.errors import Conflict
from waldur_mastermind.marketplace.models import OfferingComponent, PlanPeriod, Resource
from waldur_mastermind.marketplace.months import month_of
from waldur_mastermind.marketplace.usages import Measured, is_closed

BillingType = OfferingComponent.BillingType
ONCE = (BillingType.ONE, BillingType.FEW)  # paid once, whatever is used
METERED = (Resource.State.OK, Resource.State.ERRED, Resource.State.UPDATING, Resource.State.TERMINATING)
CLOCKS_DIFFER = timedelta(minutes=5)


def check_metered(resource: Resource) -> None:
    """409 when it does not exist yet, or no more."""
    if resource.state not in METERED:
        raise Conflict(f"The resource is {resource.state}; usage is reported of one that is {', '.join(METERED)}.")


def check_date(resource: Resource, at: datetime, period: PlanPeriod | None = None) -> None:
    """Within the life of the resource, not in the future, and in a month that has not been billed."""
    if at > timezone.now() + CLOCKS_DIFFER:
        raise _refused("date", "This lies in the future.")
    if month_of(at) < month_of(resource.created):
        raise _refused("date", f"The resource was created on {resource.created.date()}, after this month.")
    if resource.end_date and at.date() > resource.end_date:
        raise _refused("date", f"The resource ended on {resource.end_date}.")
    if period and (month_of(at) < month_of(period.start) or (period.end and at > period.end + CLOCKS_DIFFER)):
        raise _refused("date", "The plan period does not reach to this date.")
    if is_closed(month_of(at)):
        raise _refused("date", f"{at:%B %Y} has been billed: its usages cannot change any more.")


def check_components(resource: Resource, items: Iterable[Mapping[str, Any]]) -> dict[OfferingComponent, Measured]:
    """The components that a report names, each once."""
    components = {component.type: component for component in resource.offering.components.all()}
    found: dict[OfferingComponent, Measured] = {}
    problems = []
    for item in items:
        component = components.get(item["type"])
        if component is None:
            problems.append(f"The offering has no component {item['type']}.")
        elif component.billing_type in ONCE:
            problems.append(f"{component.name} is billed once ({component.billing_type}): it has no usage.")
        elif component in found:
            problems.append(f"{component.name} stands here twice.")
        else:
            found[component] = Measured(item["amount"], item["description"], item["missing_usage_policy"])
    if problems:
        raise _refused("usages", *problems)
    return found


def _refused(field: str, *reasons: str) -> ValidationError:
    return ValidationError({field: list(reasons)})
