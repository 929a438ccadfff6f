"""What must hold before an order is written, in the order of marketplace-api §5. Each failure is a 400 on its field."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import ValidationError

from waldur_core.rest.errors import Conflict
from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.models import Offering, Order, Plan, Resource
from waldur_mastermind.marketplace.orders.forms import check_form
from waldur_mastermind.marketplace.orders.limits import check_limits, lock
from waldur_mastermind.marketplace.plugins import OfferingPlugin, OrderRequest, plugin_for


def refuse(field: str, reason: str) -> ValidationError:
    return ValidationError({field: [reason]})


def check_create(asked: OrderRequest, *, accepts_terms: bool = False) -> None:
    """Everything that can be known before the order exists."""
    plugin = plugin_for(asked.offering)
    check_on_sale(asked.offering, Order.Type.CREATE)
    check_plan(asked.offering, asked.plan, plugin)
    check_form(asked.offering.options, asked.attributes)
    _check_name(asked.attributes)
    if asked.limits and not plugin.needs_plan:
        raise refuse("limits", "This offering has no limits.")
    check_limits(asked.offering, asked.limits)
    check_consumer(asked.project)
    check_audience(asked.offering, asked.project)
    check_resource_count(asked.offering, asked.project)
    plugin.validate_create(asked)
    check_terms(asked.offering, accepts_terms)


def check_on_sale(offering: Offering, order_type: str) -> None:
    """New orders need an Active offering; changes also go when it is Paused; ending goes always."""
    State = Offering.State
    allowed = {Order.Type.CREATE: {State.ACTIVE}, Order.Type.UPDATE: {State.ACTIVE, State.PAUSED}}
    if order_type in allowed and offering.state not in allowed[Order.Type(order_type)]:
        reason = f" {offering.paused_reason}" if offering.state == State.PAUSED and offering.paused_reason else ""
        raise refuse("offering", f"The offering is {offering.state}: it cannot be ordered now.{reason}")


def check_plan(offering: Offering, plan: Plan | None, plugin: OfferingPlugin) -> None:
    if plan is None:
        if plugin.needs_plan:
            raise refuse("plan", "Choose a plan.")
        return
    if plan.offering_id != offering.pk:
        raise refuse("plan", "This plan belongs to another offering.")
    if plan.archived:
        raise refuse("plan", "This plan is archived: it takes no new orders.")
    if plan.max_amount is None:
        return
    lock(plan)
    if plan.resources.filter(state__in=Resource.ALIVE).count() >= plan.max_amount:
        raise refuse("plan", f"This plan is used by {plan.max_amount} resources already, the most it allows.")


def check_consumer(project: Project) -> None:
    """The customer is in business and the project has not ended."""
    customer = project.customer
    if customer.blocked or customer.archived:
        word = "blocked" if customer.blocked else "archived"
        raise refuse("project", f"The customer {customer} is {word}: nothing can be ordered for it.")
    if project.end_date and project.end_date < timezone.localdate():
        raise refuse("project", f"The project ended on {project.end_date}: nothing can be ordered for it.")


def check_audience(offering: Offering, project: Project) -> None:
    """A private offering is for its project, or else for the projects of its customer."""
    if offering.shared:
        return
    if offering.project_id and offering.project_id != project.pk:
        raise refuse("project", "This offering is private to another project.")
    if not offering.project_id and offering.customer_id != project.customer_id:
        raise refuse("project", "This offering is private to another customer.")


def check_resource_count(offering: Offering, project: Project) -> None:
    most = offering.plugin_options.get("maximal_resource_count_per_project")
    if most is None:
        return
    lock(offering)
    if offering.resources.filter(project=project, state__in=Resource.ALIVE).count() >= most:
        raise refuse("project", f"The project has {most} resources of this offering already, the most it allows.")


def check_terms(offering: Offering, accepted: bool) -> None:
    if offering.shared and offering.terms_of_service and not accepted:
        raise refuse("accepting_terms_of_service", "Accept the terms of service of the offering.")


def check_state(resource: Resource, *states: str) -> None:
    if resource.state not in states:
        raise Conflict(f"The resource is {resource.state}; this is possible only in {' or '.join(states)}.")


def check_no_unfinished_order(resource: Resource) -> None:
    if resource.orders.filter(state__in=Order.UNFINISHED).exists():
        raise refuse("resource", "Another order for this resource is not finished yet.")


def check_still_possible(order: Order) -> None:
    """What may have changed while an order waited for approval. Ending a resource is always possible."""
    if order.type == Order.Type.TERMINATE:
        return
    check_on_sale(order.offering, order.type)
    check_consumer(order.project)


def _check_name(attributes: Mapping[str, Any]) -> None:
    name = attributes.get("name", "")
    if not isinstance(name, str) or len(name) > 255:
        raise refuse("attributes", "name: give a text of at most 255 characters.")
