"""Orders to terminate that nobody works on any more (states-and-flows §6.1).

An operation that is still at work is left alone: it has deadlines of its own. Where there is none, a worker's end or a
forgotten operation has left the order behind; the cloud says what became of the object. Nothing is concluded from time.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from waldur_core.operations.errors import OperationError
from waldur_core.operations.models import Operation
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.models import Order
from waldur_mastermind.marketplace.orders import complete
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, SyncRun, Tenant, Volume
from waldur_openstack.removal import Removal
from waldur_openstack.sync.errands import is_silent, note, told

TASK = "end_stuck_terminations"
TYPES = tuple(model.resource_type for model in (Tenant, Instance, Volume))
STUCK_AFTER = timedelta(hours=2)
SHOW: dict[type, Any] = {
    Tenant: lambda cloud, key: cloud.identity.find_project(key),
    Instance: lambda cloud, key: cloud.compute.server(key),
    Volume: lambda cloud, key: cloud.block_storage.volume(key),
}


def end_stuck_terminations(service: ServiceSettings, run: SyncRun | None = None) -> int:
    """Look at each of a cloud and end it, well or badly; returns how many. One that gets no answer waits."""
    with told(service, TASK, run) as run:
        for order in stuck().filter(offering__scope_uuid__in=[service.uuid, *tenants(service_settings=service)]):
            run.rows_seen += 1
            try:
                run.rows_changed += _end(order)
            except OperationError as error:
                note(run, str(order.resource), error)
                if is_silent(error):
                    break
    return run.rows_changed


def end_those_of_no_cloud() -> int:
    """The cloud or the tenant of the offering is gone, and whatever it sold with it; returns how many."""
    clouds = ServiceSettings.objects.filter(type="OpenStack").values_list("uuid", flat=True)
    scopeless = stuck().exclude(offering__scope_uuid__in=clouds).exclude(offering__scope_uuid__in=tenants())
    return sum(_end(order) for order in scopeless)


def stuck() -> QuerySet[Order]:
    return Order.objects.filter(
        type=Order.Type.TERMINATE,
        state=Order.State.EXECUTING,
        offering__type__in=TYPES,
        modified__lt=timezone.now() - STUCK_AFTER,
    ).select_related("resource", "offering")


def tenants(**filters: Any) -> QuerySet[Any, UUID]:
    return Tenant.objects.filter(**filters).values_list("uuid", flat=True)


def _end(order: Order) -> bool:
    """Whether it has ended. Raises OperationError when the cloud does not tell."""
    scope: Any = order.resource.scope
    if scope is not None and Operation.objects.filter(subject_uuid=scope.uuid, state__in=Operation.LIVE).exists():
        return False
    there = scope is not None and _exists(scope)
    with transaction.atomic():
        order = Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
        if order.state != Order.State.EXECUTING:
            return False
        if scope is None:
            complete(order)
        elif there:
            scope.enter(CoreState.ERRED, error_message=f"{scope} was to be deleted, but is still in the cloud.")
        else:
            Removal([scope]).carry_out()
    return True


def _exists(scope: Any) -> bool:
    """Whether the cloud still has it; what never was in the cloud is not there."""
    return bool(scope.backend_id) and SHOW[type(scope)](Cloud.of(scope.service_settings), scope.backend_id) is not None
