"""What the marketplace does when a tenant, server or volume changes its state (states-and-flows §2.1)."""

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from waldur_core.structure.models import ServiceResource
from waldur_core.structure.states import CoreState, state_changed
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace.orders import complete, fail, resume, set_resource_state, unfinished_order
from waldur_mastermind.marketplace_openstack.metadata import refresh_metadata
from waldur_mastermind.marketplace_openstack.private_offerings import (
    archive_private_offerings,
    create_private_offerings,
    private_offerings,
)
from waldur_openstack.models import Instance, Tenant, Volume

SCOPES = (Tenant, Instance, Volume)
S, R = CoreState, Resource.State

# core state of the scope: state of the resource
RESOURCE_STATES = {
    S.CREATION_SCHEDULED: R.CREATING,
    S.CREATING: R.CREATING,
    S.OK: R.OK,
    S.ERRED: R.ERRED,
    S.UPDATE_SCHEDULED: R.UPDATING,
    S.UPDATING: R.UPDATING,
    S.DELETION_SCHEDULED: R.TERMINATING,
    S.DELETING: R.TERMINATING,
}


def resource_of(scope: ServiceResource) -> Resource | None:
    return Resource.objects.filter(scope_uuid=scope.uuid).exclude(state=R.TERMINATED).first()


@receiver(state_changed)
def follow_state(sender: type, instance: Any, old: str, new: str, **_: Any) -> None:
    """The order ends, or the resource follows."""
    if sender not in SCOPES:
        return
    resource = resource_of(instance) or _adopt(instance, new)
    if resource is None:
        return
    order = unfinished_order(resource)
    if new == S.OK:
        _on_ok(resource, instance, order)
    elif new == S.ERRED and order is not None:
        fail(order, instance.error_message, instance.error_traceback, resource_state=R.ERRED)
    elif new == S.CREATION_SCHEDULED and (failed := _failed_creation(resource)):
        resume(failed)
    else:
        set_resource_state(resource, RESOURCE_STATES[S(new)], instance.error_message, instance.error_traceback)


def _on_ok(resource: Resource, scope: Any, order: Order | None) -> None:
    refresh_metadata(resource, scope)
    if order is not None and order.state == Order.State.EXECUTING:
        complete(order)
    else:
        set_resource_state(resource, R.OK)
    if isinstance(scope, Tenant):
        create_private_offerings(scope, resource)


def _failed_creation(resource: Resource) -> Order | None:
    return resource.orders.filter(type=Order.Type.CREATE, state=Order.State.ERRED).order_by("-pk").first()


def _adopt(scope: Any, state: str) -> Resource | None:
    """A server or volume without an order (a server's own volumes, direct requests) gets a resource once it is OK."""
    if isinstance(scope, Tenant) or state != S.OK:
        return None
    offering = private_offerings(scope.tenant).filter(type=scope.resource_type).first()
    if offering is None:
        return None
    parent = resource_of(scope.tenant)
    resource = Resource(
        name=scope.name, description=scope.description, offering=offering, project=scope.project, parent=parent
    )
    resource.scope = scope
    resource.save()
    return resource


@receiver(post_delete)
def end_resource(sender: type, instance: Any, **_: Any) -> None:
    """The row is gone: the order is done, the resource terminated."""
    if sender not in SCOPES:
        return
    if isinstance(instance, Tenant):
        archive_private_offerings(instance)
    resource = resource_of(instance)
    if resource is None:
        return
    resource.backend_metadata = {**resource.backend_metadata, "state": "Deleted"}
    resource.save(update_fields=["backend_metadata", "modified"])
    order = unfinished_order(resource)
    if order is not None and order.type == Order.Type.TERMINATE and order.state == Order.State.EXECUTING:
        complete(order)
    elif order is not None:
        fail(order, "The object was removed while the order was being executed.", "", resource_state=R.TERMINATED)
    else:
        set_resource_state(resource, R.TERMINATED)
