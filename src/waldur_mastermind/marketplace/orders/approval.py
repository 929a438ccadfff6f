"""Who need not wait for approval: the consumer's side of an order, in the order of marketplace-api §5."""

from typing import Any

from waldur_core.permissions.checks import has_permission
from waldur_core.permissions.strings import Permission
from waldur_mastermind.marketplace.models import Order


def may_approve(order: Order, user: Any) -> bool:
    """A private offering is the project's own affair, a shared one that of whoever pays."""
    consumer = (order.project, order.project.customer)
    if has_permission(user, Permission.ORDER_APPROVE, consumer):
        return True
    return not order.offering.shared and has_permission(user, Permission.ORDER_APPROVE_PRIVATE, consumer)


def is_approved_by_asking(order: Order, user: Any) -> bool:
    """Whether the order of `user` needs no further word from the consumer's side. The first rule that fits decides."""
    offering, project = order.offering, order.project
    consumer = (project, project.customer)
    if user.is_staff:
        return True
    if not offering.shared:
        return has_permission(user, Permission.ORDER_APPROVE_PRIVATE, consumer)
    if offering.customer == project.customer and offering.plugin_options.get(
        "auto_approve_in_service_provider_projects"
    ):
        return True
    if order.type == Order.Type.TERMINATE and has_permission(user, Permission.ORDER_APPROVE, [offering.customer]):
        return True
    return has_permission(user, Permission.ORDER_APPROVE, consumer)
