"""Writing an order that has passed its checks, with the resource it is for, and sending it on its way."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import transaction

from waldur_core.rest.errors import Conflict
from waldur_mastermind.marketplace import pricing
from waldur_mastermind.marketplace.models import Order, Plan, Resource
from waldur_mastermind.marketplace.orders import checks
from waldur_mastermind.marketplace.orders.approval import is_approved_by_asking
from waldur_mastermind.marketplace.orders.limits import check_limits, in_components, with_defaults
from waldur_mastermind.marketplace.orders.outcomes import KIND, tell
from waldur_mastermind.marketplace.orders.processing import approve_by_consumer
from waldur_mastermind.marketplace.plugins import OrderRequest, plugin_for

MOST_COST = Decimal(10**12)  # what the column of the cost holds


@transaction.atomic
def order_create(asked: OrderRequest, *, accepts_terms: bool = False, **fields: Any) -> Order:
    """Order a new resource; raises ValidationError when that makes no sense. `fields` are columns of the order."""
    if plugin_for(asked.offering).needs_plan:
        asked = replace(asked, limits=with_defaults(asked.offering, in_components(asked.offering, asked.limits)))
    checks.check_create(asked, accepts_terms=accepts_terms)
    public, secret = _split(asked)
    resource = Resource.objects.create(
        name=asked.attributes.get("name") or asked.offering.name,
        description=str(asked.attributes.get("description") or "")[:2000],
        offering=asked.offering,
        plan=asked.plan,
        project=asked.project,
        parent=_parent_of(asked),
        attributes=public,
        limits=dict(asked.limits),
    )
    cost = pricing.monthly_price(asked.plan, asked.limits)
    return _launch(
        Order(
            type=Order.Type.CREATE,
            resource=resource,
            plan=asked.plan,
            attributes=public,
            secret_attributes=secret,
            limits=dict(asked.limits),
            cost=cost + pricing.init_price(asked.plan) if asked.plan else cost,
            created_by=asked.user,
            **fields,
        )
    )


@transaction.atomic
def order_limits(resource: Resource, limits: Mapping[str, int], user: Any, **fields: Any) -> Order:
    """Order other limits; those not named stay."""
    checks.check_state(resource, Resource.State.OK)
    checks.check_on_sale(resource.offering, Order.Type.UPDATE)
    checks.check_consumer(resource.project)
    checks.check_no_unfinished_order(resource)
    limits = in_components(resource.offering, limits)
    wanted = {**resource.limits, **limits}
    if wanted == resource.limits:
        raise checks.refuse("limits", "These are the limits it has.")
    check_limits(resource.offering, limits, resource)
    plugin_for(resource.offering).validate_update(resource, limits=wanted, plan=None)
    return _launch(
        Order(
            type=Order.Type.UPDATE,
            resource=resource,
            plan=resource.plan,
            old_plan=resource.plan,
            attributes={"old_limits": resource.limits, "name": resource.name},
            limits=wanted,
            cost=pricing.monthly_price(resource.plan, wanted),
            created_by=user,
            **fields,
        )
    )


@transaction.atomic
def replace_limits(resource: Resource, limits: Mapping[str, int], reason: str) -> Order:
    """Wholly other limits, because the offering has other components now: nobody asks, and nobody has to approve."""
    checks.check_state(resource, Resource.State.OK)
    checks.check_no_unfinished_order(resource)
    return _launch(
        Order(
            type=Order.Type.UPDATE,
            resource=resource,
            plan=resource.plan,
            old_plan=resource.plan,
            attributes={"old_limits": resource.limits, "name": resource.name, "reason": reason},
            limits=dict(limits),
            cost=pricing.monthly_price(resource.plan, limits),
            created_by=None,
        )
    )


@transaction.atomic
def order_plan(resource: Resource, plan: Plan, user: Any) -> Order:
    """Order another plan of the same offering."""
    checks.check_state(resource, Resource.State.OK)
    plugin = plugin_for(resource.offering)
    checks.check_on_sale(resource.offering, Order.Type.UPDATE)
    checks.check_consumer(resource.project)
    checks.check_no_unfinished_order(resource)
    if plan == resource.plan:
        raise checks.refuse("plan", "This is the plan it has.")
    checks.check_plan(resource.offering, plan, plugin)
    plugin.validate_update(resource, limits=None, plan=plan)
    return _launch(
        Order(
            type=Order.Type.UPDATE,
            resource=resource,
            plan=plan,
            old_plan=resource.plan,
            attributes={"name": resource.name},
            cost=pricing.switch_price(plan) + pricing.monthly_price(plan, resource.limits),
            created_by=user,
        )
    )


@transaction.atomic
def order_termination(resource: Resource, attributes: Mapping[str, Any], user: Any, **fields: Any) -> Order:
    """Order the end of a resource; Conflict (409) when it is in use. No user: its time has come."""
    checks.check_state(resource, Resource.State.OK, Resource.State.ERRED)
    checks.check_no_unfinished_order(resource)
    plugin_for(resource.offering).check_terminate(resource, attributes)
    return _launch(
        Order(
            type=Order.Type.TERMINATE,
            resource=resource,
            plan=resource.plan,
            attributes={**attributes, "name": resource.name},
            created_by=user,
            **fields,
        )
    )


@transaction.atomic
def order_restoration(resource: Resource, user: Any) -> Order:
    """Order back what was ended, as it was last."""
    checks.check_state(resource, Resource.State.TERMINATED)
    plugin = plugin_for(resource.offering)
    if not plugin.restorable:
        raise Conflict("Resources of this offering type cannot be restored: order a new one.")
    checks.check_on_sale(resource.offering, Order.Type.UPDATE)
    checks.check_consumer(resource.project)
    checks.check_plan(resource.offering, resource.plan, plugin)
    checks.check_no_unfinished_order(resource)
    check_limits(resource.offering, resource.limits, resource)
    return _launch(
        Order(
            type=Order.Type.RESTORE,
            resource=resource,
            plan=resource.plan,
            attributes={"name": resource.name},
            limits=resource.limits,
            cost=pricing.monthly_price(resource.plan, resource.limits),
            created_by=user,
        )
    )


def _launch(order: Order) -> Order:
    """Write the order and let it go as far as it may without another person."""
    order.offering, order.project = order.resource.offering, order.resource.project
    user = order.created_by
    if order.cost and order.cost >= MOST_COST:
        raise checks.refuse("limits", f"This would cost {order.cost:.0f} a month, more than can be ordered.")
    order.auto_approved = user is None or is_approved_by_asking(order, user)
    order.save()
    tell(order, "marketplace_order_created", "has been placed", user)
    tell(order, f"marketplace_resource_{KIND[Order.Type(order.type)]}_requested", "has been requested", user)
    if order.auto_approved:
        approve_by_consumer(order, user)
    return order


def _split(asked: OrderRequest) -> tuple[dict[str, Any], Any]:
    """Attributes that may be shown, and those that may not."""
    hidden = plugin_for(asked.offering).secret_attributes
    public = {key: value for key, value in asked.attributes.items() if key not in hidden}
    return public, {key: value for key, value in asked.attributes.items() if key in hidden}


def _parent_of(asked: OrderRequest) -> Resource | None:
    """The resource whose scope the offering stands on: the tenant of a server."""
    if not asked.offering.scope_uuid:
        return None
    return (
        Resource.objects.filter(scope_uuid=asked.offering.scope_uuid).exclude(state=Resource.State.TERMINATED).first()
    )
