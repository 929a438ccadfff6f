"""Forgetting: rows go, the cloud is not asked. For staff, when records and reality have parted."""

from typing import Any

from django.db import transaction

from waldur_core.events.log import record
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace.orders import periods
from waldur_mastermind.marketplace.orders.outcomes import set_resource_state, tell
from waldur_mastermind.marketplace.signals import forgotten

IN_PROGRESS = (Resource.State.CREATING, Resource.State.UPDATING, Resource.State.TERMINATING)


@transaction.atomic
def unlink_order(order: Order, user: Any) -> None:
    """The order goes; a resource it was at work on is Erred, for nothing will end that work."""
    resource, unfinished = order.resource, order.is_unfinished
    tell(order, "marketplace_order_unlinked", "has been removed", user)
    order.delete()
    if unfinished and resource.state in IN_PROGRESS:
        set_resource_state(resource, Resource.State.ERRED, "Its order has been removed.")


@transaction.atomic
def unlink_resource(resource: Resource, user: Any) -> None:
    """The resource, its orders and its scope go; what exists in the cloud stays there."""
    text = f"The resource {resource} has been unlinked from its service."
    record("marketplace_resource_unlinked", text, scope=resource, actor=user)
    scope: Any = resource.scope
    periods.end(resource)
    forgotten.send(Resource, resources=[resource])
    resource.delete()
    if scope is not None:
        scope.delete()


@transaction.atomic
def withdraw(order: Order, user: Any) -> None:
    """An order nobody has approved goes without a trace but the event; so does the resource it would have made."""
    tell(order, "marketplace_order_terminated", "has been withdrawn", user)
    if order.type == Order.Type.CREATE:
        order.resource.delete()
    else:
        order.delete()
