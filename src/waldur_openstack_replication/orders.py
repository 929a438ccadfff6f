"""The order that a migration leaves, so that what it made has an origin (seed: Migration Lifecycle)."""

from django.utils import timezone

from waldur_mastermind.marketplace import pricing
from waldur_mastermind.marketplace.models import Order
from waldur_mastermind.marketplace.orders import unfinished_order
from waldur_mastermind.marketplace.orders.outcomes import tell
from waldur_openstack_replication.models import Migration


def open_order(migration: Migration) -> None:
    """An order that is being executed, unless there is one: the state of the tenant, which follows, ends it."""
    resource = migration.dst_resource
    if unfinished_order(resource) is not None:
        return
    cost = pricing.monthly_price(resource.plan, resource.limits)
    order = Order.objects.create(
        type=Order.Type.CREATE,
        state=Order.State.EXECUTING,
        resource=resource,
        offering=resource.offering,
        project=resource.project,
        plan=resource.plan,
        limits=resource.limits,
        attributes={"name": resource.name, "migration": migration.uuid.hex},
        cost=cost + pricing.init_price(resource.plan) if resource.plan else cost,
        created_by=migration.created_by,
        consumer_reviewed_by=migration.created_by,
        consumer_reviewed_at=timezone.now(),
        auto_approved=True,
    )
    tell(order, "marketplace_order_created", "has been placed by a migration", migration.created_by)
