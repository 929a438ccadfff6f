"""An order on its way: reviews, waiting for a date, execution. Rows only; the cloud is a worker's business."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import APIException

from waldur_core.rest.errors import Conflict
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace.orders.outcomes import KIND, complete, fail, set_resource_state, tell
from waldur_mastermind.marketplace.plugins import OfferingPlugin, plugin_for


@transaction.atomic
def approve_by_consumer(order: Order, user: Any) -> None:
    order.consumer_reviewed_by, order.consumer_reviewed_at = user, timezone.now()
    order.save(update_fields=["consumer_reviewed_by", "consumer_reviewed_at", "auto_approved", "modified"])
    tell(order, "marketplace_order_approved", "has been approved", user)
    proceed(order)


@transaction.atomic
def approve_by_provider(order: Order, user: Any, attributes: dict[str, Any] | None = None) -> None:
    order.provider_reviewed_by, order.provider_reviewed_at = user, timezone.now()
    order.attributes = {**order.attributes, **(attributes or {})}
    order.save(update_fields=["provider_reviewed_by", "provider_reviewed_at", "attributes", "modified"])
    tell(order, "marketplace_order_approved", "has been accepted", user)
    proceed(order)


def proceed(order: Order) -> None:
    """Bring an approved order to its next stage."""
    stage = _next_stage(order)
    if stage == Order.State.EXECUTING:
        execute(order)
    elif order.state != stage:
        order.enter(stage)


def _next_stage(order: Order) -> str:
    today = timezone.localdate()
    if plugin_for(order.offering).needs_provider_review and order.provider_reviewed_at is None:
        return Order.State.PENDING_PROVIDER
    if order.project.start_date and order.project.start_date > today:
        return Order.State.PENDING_PROJECT
    if order.start_date and order.start_date > today:
        return Order.State.PENDING_START_DATE
    return Order.State.EXECUTING


@transaction.atomic
def execute(order: Order) -> None:
    """Let the plug-in begin. What it refuses is rolled back and told: the order is erred, the resource as before."""
    before = order.resource.state
    order.enter(Order.State.EXECUTING, error_message="", error_traceback="")
    try:
        with transaction.atomic():
            _BEGIN[Order.Type(order.type)](plugin_for(order.offering), order)
    except (APIException, DjangoValidationError) as error:
        order.refresh_from_db()
        untouched = Resource.State.TERMINATED if order.type == Order.Type.CREATE else before
        fail(order, in_words(error), resource_state=untouched)


def _begin_create(plugin: OfferingPlugin, order: Order) -> None:
    scope = plugin.create(order)
    if scope is None:
        return
    resource = order.resource
    resource.scope = scope
    resource.save(update_fields=["content_type", "object_id", "modified"])


def _begin_update(plugin: OfferingPlugin, order: Order) -> None:
    set_resource_state(order.resource, Resource.State.UPDATING)
    if plugin.update(order):
        complete(order)


def _begin_terminate(plugin: OfferingPlugin, order: Order) -> None:
    plugin.check_terminate(order.resource, order.all_attributes())
    set_resource_state(order.resource, Resource.State.TERMINATING)
    plugin.terminate(order)


def _begin_restore(plugin: OfferingPlugin, order: Order) -> None:
    set_resource_state(order.resource, Resource.State.CREATING)
    plugin.restore(order)


_BEGIN = {
    Order.Type.CREATE: _begin_create,
    Order.Type.UPDATE: _begin_update,
    Order.Type.TERMINATE: _begin_terminate,
    Order.Type.RESTORE: _begin_restore,
}


@transaction.atomic
def reject(order: Order, user: Any, **comments: str) -> None:
    """Somebody who had to approve said no."""
    order.enter(Order.State.REJECTED, completed_at=timezone.now(), **comments)
    _give_up(order)
    tell(order, "marketplace_order_rejected", "has been rejected", user)


@transaction.atomic
def cancel(order: Order, user: Any) -> None:
    """The consumer withdraws: any time before execution, later only where nothing runs that would have to stop."""
    if order.state == Order.State.EXECUTING and not plugin_for(order.offering).manual:
        raise Conflict("The order is being executed: cancel its operation, or terminate the resource afterwards.")
    order.enter(Order.State.CANCELED, completed_at=timezone.now())
    _give_up(order)
    tell(order, f"marketplace_resource_{KIND[Order.Type(order.type)]}_canceled", "has been canceled", user)


def _give_up(order: Order) -> None:
    if order.type == Order.Type.CREATE:
        set_resource_state(order.resource, Resource.State.TERMINATED)
    elif order.type == Order.Type.RESTORE:
        if order.resource.state == Resource.State.CREATING:
            set_resource_state(order.resource, Resource.State.TERMINATED)
    elif order.resource.state in (Resource.State.UPDATING, Resource.State.TERMINATING):
        set_resource_state(order.resource, Resource.State.OK)


def in_words(error: APIException | DjangoValidationError) -> str:
    """A refusal as one line of text: `field: reason`, joined by semicolons."""
    if isinstance(error, DjangoValidationError):
        return "; ".join(error.messages)
    return "; ".join(_lines(error.detail))


def _lines(detail: Any, field: str = "") -> list[str]:
    if isinstance(detail, dict):
        return [line for key, value in detail.items() for line in _lines(value, _joined(field, str(key)))]
    if isinstance(detail, list):
        return [line for value in detail for line in _lines(value, field)]
    return [f"{field}: {detail}" if field else str(detail)]


def _joined(outer: str, key: str) -> str:
    return outer if key in ("non_field_errors", "detail") else f"{outer}.{key}".lstrip(".")
