"""Orders to terminate that nobody works on any more (states-and-flows §6.1).

An operation that is still at work is left alone: it has deadlines of its own. Where there is none, a worker's end or a
forgotten operation has left the order behind; the cloud says what became of the object. Nothing is concluded from time.
"""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from waldur_core.operations.errors import OperationError
from waldur_core.operations.models import Operation
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.models import Order
from waldur_mastermind.marketplace.orders import complete
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, Tenant, Volume
from waldur_openstack.removal import Removal

logger = logging.getLogger(__name__)

TYPES = tuple(model.resource_type for model in (Tenant, Instance, Volume))
STUCK_AFTER = timedelta(hours=2)
SHOW: dict[type, Any] = {
    Tenant: lambda cloud, key: cloud.identity.find_project(key),
    Instance: lambda cloud, key: cloud.compute.server(key),
    Volume: lambda cloud, key: cloud.block_storage.volume(key),
}


def end_stuck_terminations(after: timedelta = STUCK_AFTER) -> int:
    """Look at each and end it, well or badly; returns how many. One whose cloud does not answer waits."""
    stuck = Order.objects.filter(
        type=Order.Type.TERMINATE,
        state=Order.State.EXECUTING,
        offering__type__in=TYPES,
        modified__lt=timezone.now() - after,
    )
    return sum(_end(order) for order in stuck.select_related("resource", "offering"))


def _end(order: Order) -> bool:
    scope: Any = order.resource.scope
    if scope is not None and Operation.objects.filter(subject_uuid=scope.uuid, state__in=Operation.LIVE).exists():
        return False
    try:
        there = scope is not None and _exists(scope)
    except OperationError as error:
        logger.warning("The order to terminate %s waits: %s", order.resource, error.message)
        return False
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
