"""How an order ends, and what its resource becomes. Plug-ins call these from their workers; no HTTP here."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from waldur_core.events.log import record, record_many
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace.models.bases import state_entered
from waldur_mastermind.marketplace.orders import periods

KIND = {
    Order.Type.CREATE: "create",
    Order.Type.UPDATE: "update",
    Order.Type.TERMINATE: "terminate",
    Order.Type.RESTORE: "restore",
}


@transaction.atomic
def complete(order: Order, *, actor: Any = None) -> None:
    """The order is done: its resource is OK with what was ordered, or Terminated. Conflict unless it is executing."""
    order.refresh_from_db(fields=["state"])
    order.enter(Order.State.DONE, completed_at=timezone.now())
    resource = order.resource
    if order.type == Order.Type.UPDATE:
        _apply_update(order, resource, actor)
    ended = order.type == Order.Type.TERMINATE
    set_resource_state(resource, Resource.State.TERMINATED if ended else Resource.State.OK)
    tell(order, "marketplace_order_completed", "has been completed", actor)
    tell(order, f"marketplace_resource_{KIND[Order.Type(order.type)]}_succeeded", "has succeeded", actor)
    if order.type == Order.Type.UPDATE and order.limits:
        tell(order, "marketplace_resource_update_limits_succeeded", "has given it new limits", actor)


@transaction.atomic
def fail(
    order: Order, message: str, traceback: str = "", *, resource_state: str | None = None, actor: Any = None
) -> None:
    """The order is erred and says why, as does its resource. Conflict unless it is executing.

    The resource becomes Erred; Terminated when an order to create it has left nothing behind (neither a scope nor a
    backend id), or when it was to be restored. A caller that knows better names `resource_state`.
    """
    order.refresh_from_db(fields=["state"])
    order.enter(Order.State.ERRED, error_message=message, error_traceback=traceback, completed_at=timezone.now())
    resource = order.resource
    nothing_made = order.type == Order.Type.CREATE and not resource.scope_uuid and not resource.backend_id
    nothing_made = nothing_made or order.type == Order.Type.RESTORE
    default = Resource.State.TERMINATED if nothing_made else Resource.State.ERRED
    set_resource_state(resource, resource_state or default, message, traceback)
    tell(order, "marketplace_order_failed", f"has failed: {message}", actor)
    tell(order, f"marketplace_resource_{KIND[Order.Type(order.type)]}_failed", f"has failed: {message}", actor)
    if order.type == Order.Type.UPDATE and order.limits:
        tell(order, "marketplace_resource_update_limits_failed", f"leaves its limits as they were: {message}", actor)


@transaction.atomic
def resume(order: Order, *, actor: Any = None) -> None:
    """A failed order is executing again, because its operation is tried again. Conflict in any other state."""
    order.refresh_from_db(fields=["state"])
    order.enter(Order.State.EXECUTING, error_message="", error_traceback="", completed_at=None)
    running = {
        Order.Type.CREATE: Resource.State.CREATING,
        Order.Type.UPDATE: Resource.State.UPDATING,
        Order.Type.TERMINATE: Resource.State.TERMINATING,
        Order.Type.RESTORE: Resource.State.CREATING,
    }
    set_resource_state(order.resource, running[Order.Type(order.type)])


@transaction.atomic
def set_resource_state(resource: Resource, state: str, message: str = "", traceback: str = "") -> bool:
    """Move a resource to `state`; False when it is there already. Conflict (409) when it cannot go there.

    The error texts are those of an Erred resource; entering OK clears them.
    """
    resource.refresh_from_db(fields=["state"])
    if resource.state == state:
        return False
    before, texts = resource.state, {"error_message": message, "error_traceback": traceback}
    if not message and state not in (Resource.State.OK, Resource.State.CREATING):
        texts = {}
    resource.enter(state, **texts)
    if state == Resource.State.TERMINATED:
        periods.end(resource)
    elif state == Resource.State.OK:
        periods.ensure([resource])
    if state == Resource.State.ERRED and before == Resource.State.OK:
        record("marketplace_resource_erred_on_backend", f"{resource} has failed: {message}", scope=resource)
    return True


@transaction.atomic
def set_resource_states(messages: Mapping[int, str]) -> None:
    """Resources by primary key become Erred with these messages, or OK where the message is empty.

    Those that are there already, or cannot go there, are left alone. The same statements for any number.
    """
    rows = Resource.objects.select_for_update(of=("self",)).filter(pk__in=messages).select_related("project__customer")
    told, working, written = [], [], []
    for resource in rows.select_related("plan", "offering__customer").order_by("pk"):
        before, message = resource.state, messages[resource.pk]
        new = Resource.State.ERRED if message else Resource.State.OK
        if before == new or before not in Resource.allowed[new]:
            continue
        resource.state, resource.error_message, resource.error_traceback = new, message, ""
        resource.modified = timezone.now()
        written.append((resource, before))
        if not message:
            working.append(resource)
        elif before == Resource.State.OK:
            told.append(("marketplace_resource_erred_on_backend", f"{resource} has failed: {message}", resource))
    columns = ["state", "error_message", "error_traceback", "modified"]
    Resource.objects.bulk_update([resource for resource, _ in written], columns, batch_size=500)
    for resource, before in written:
        state_entered.send(sender=Resource, instance=resource, old=before, new=resource.state)
    periods.ensure(working)
    record_many(told)


def unfinished_order(resource: Resource) -> Order | None:
    """The order at work on a resource: at most one, by constraint."""
    return resource.orders.filter(state__in=Order.UNFINISHED).select_related("resource", "offering", "project").first()


def tell(order: Order, event_type: str, what: str, actor: Any = None) -> None:
    """Record an event about an order; it is filed under the resource."""
    who = f" by {actor}" if actor is not None else ""
    record(
        event_type,
        f"The order to {KIND[Order.Type(order.type)]} {order.resource} {what}{who}.",
        scope=order.resource,
        actor=actor,
        order_uuid=order.uuid.hex,
        order_type=order.type,
    )


def _apply_update(order: Order, resource: Resource, actor: Any) -> None:
    switched = order.plan is not None and order.plan != resource.plan
    if order.limits:
        resource.limits = order.limits
    if order.plan and switched:
        resource.plan = order.plan
        periods.begin(resource, order.plan)
        record(
            "marketplace_resource_plan_switched",
            f"The plan of {resource} is now {order.plan}.",
            scope=resource,
            actor=actor,
        )
    resource.save(update_fields=["plan", "limits", "modified"])
    periods.limits_changed(resource)
