"""What the marketplace does when a tenant, server or volume changes its state (states-and-flows §2.1)."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from waldur_core.operations.models import Operation
from waldur_core.structure.models import ServiceResource, ServiceSettings
from waldur_core.structure.states import CoreState, state_changed, states_changed
from waldur_mastermind.marketplace.catalogue import sync_components
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace.orders import (
    complete,
    fail,
    resume,
    set_resource_state,
    set_resource_states,
    unfinished_order,
)
from waldur_mastermind.marketplace.orders.processing import cancel
from waldur_mastermind.marketplace_openstack.importing import finish_import
from waldur_mastermind.marketplace_openstack.metadata import refresh_metadata
from waldur_mastermind.marketplace_openstack.private_offerings import (
    archive_private_offerings,
    create_private_offerings,
    rename_private_offerings,
)
from waldur_mastermind.marketplace_openstack.recovery.metadata import refresh
from waldur_mastermind.marketplace_openstack.recovery.resources import create_missing_resources
from waldur_mastermind.marketplace_openstack.states import RESOURCE_STATES
from waldur_mastermind.marketplace_openstack.storage_modes import follow_cloud
from waldur_openstack.models import Instance, Tenant, Volume, VolumeType
from waldur_openstack.sync.signals import offer_changed, pulled, taken_in

INTERRUPTED = "The change of limits was interrupted. Ask for it again."
SCOPES = (Tenant, Instance, Volume)
S, R = CoreState, Resource.State

# core state of the scope: the type of the order that brings it there
TRIED_AGAIN = {
    S.CREATION_SCHEDULED: Order.Type.CREATE,
    S.UPDATE_SCHEDULED: Order.Type.UPDATE,
    S.DELETION_SCHEDULED: Order.Type.TERMINATE,
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
    executing = order is not None and order.state == Order.State.EXECUTING
    if new == S.OK:
        _on_ok(resource, instance, order if executing else None)
    elif new == S.ERRED and order is not None and executing:
        fail(order, instance.error_message, instance.error_traceback, resource_state=R.ERRED)
    elif order is None and old == S.ERRED and (failed := _order_tried_again(resource, new)):
        resume(failed)
    else:
        set_resource_state(resource, RESOURCE_STATES[S(new)], instance.error_message, instance.error_traceback)


@receiver(states_changed)
def follow_states(sender: type, instances: list[Any], new: str, **_: Any) -> None:
    """The same for many that a look at the cloud has found well or broken. With an order at work, one by one."""
    if sender not in (Instance, Volume):
        return
    scopes = {scope.uuid: scope for scope in instances}
    if new == S.OK:
        create_missing_resources(pk__in=[scope.pk for scope in instances], kinds=(sender,))
    resources = Resource.objects.filter(scope_uuid__in=scopes).exclude(state=R.TERMINATED)
    ordered = set(resources.filter(orders__state__in=Order.UNFINISHED).values_list("scope_uuid", flat=True))
    for uuid in ordered:
        follow_state(sender, scopes[uuid], old="", new=new)
    rest = [scope for scope in instances if scope.uuid not in ordered]
    if new == S.OK:
        refresh(sender, pk__in=[scope.pk for scope in rest])
    known = resources.exclude(scope_uuid__in=ordered).values_list("pk", "scope_uuid")
    set_resource_states({pk: scopes[uuid].error_message if new == S.ERRED else "" for pk, uuid in known})


def _on_ok(resource: Resource, scope: Any, order: Order | None) -> None:
    refresh_metadata(resource, scope)
    imported = order is None and resource.state == R.CREATING and isinstance(scope, Tenant)
    if order is not None and _was_interrupted(order, scope):
        fail(order, INTERRUPTED, resource_state=R.OK)
    elif order is not None:
        complete(order)
        if order.type == Order.Type.UPDATE and "reason" in order.attributes:
            sync_components(order.offering)  # the last resource with limits on a former component may have gone
    elif imported:
        finish_import(resource, scope)
    else:
        set_resource_state(resource, R.OK)
    if isinstance(scope, Tenant):
        create_private_offerings(scope, resource)
        rename_private_offerings(scope)
    if imported:
        create_missing_resources(tenant=scope)


def _was_interrupted(order: Order, scope: Any) -> bool:
    """New limits are the tenant's when the operation that tells the cloud says so, not when it is found without one."""
    tells = order.type == Order.Type.UPDATE and order.limits and isinstance(scope, Tenant)
    return bool(tells) and not Operation.objects.filter(subject_uuid=scope.uuid, state__in=Operation.LIVE).exists()


def _order_tried_again(resource: Resource, new: str) -> Order | None:
    """The last order, when it failed and its scope now begins the same anew: somebody retries its operation."""
    order = resource.orders.order_by("-pk").first()
    failed = order is not None and order.state == Order.State.ERRED and order.type == TRIED_AGAIN.get(S(new))
    return order if failed else None


def _adopt(scope: Any, state: str) -> Resource | None:
    """A server or volume without an order (a server's own volumes, direct requests) gets a resource once it is OK."""
    if isinstance(scope, Tenant) or state != S.OK:
        return None
    create_missing_resources(pk=scope.pk, kinds=(type(scope),))
    return resource_of(scope)


@receiver(post_save, sender=Volume)
def follow_attachment(instance: Volume, update_fields: Any, **_: Any) -> None:
    """A volume that was attached, detached or renamed with its server says so; its state need not have changed."""
    if update_fields and {"instance", "name"} & set(update_fields) and (resource := resource_of(instance)):
        refresh_metadata(resource, instance)


@receiver(pulled)
def follow_pull(sender: type, instances: list[Any], **_: Any) -> None:
    """What was changed in the cloud shows in the resource: its name, its addresses. As many statements for all."""
    if sender not in SCOPES:
        return
    refresh(sender, pk__in=[scope.pk for scope in instances])  # read anew: what was pulled has not all columns


@receiver(offer_changed, sender=VolumeType)
def follow_volume_types(service: ServiceSettings, **_: Any) -> None:
    """Volume types that came or went are components that come or go."""
    follow_cloud(service)


@receiver(taken_in)
def follow_adoption(sender: type, instances: list[Any], **_: Any) -> None:
    """Servers and volumes that were found get a resource; those of a tenant being imported get theirs with it."""
    ready = [scope for scope in instances if sender in (Instance, Volume) and scope.tenant.state != S.CREATING]
    if ready:
        create_missing_resources(pk__in=[scope.pk for scope in ready], kinds=(sender,))


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
    if order is not None:
        _end_order(order)
    set_resource_state(resource, R.TERMINATED)


def _end_order(order: Order) -> None:
    """What its resource stood for is gone."""
    if order.state != Order.State.EXECUTING:
        cancel(order, None)
    elif order.type == Order.Type.TERMINATE:
        complete(order)
    else:
        fail(order, "The object was removed while the order was being executed.", "", resource_state=R.TERMINATED)
