"""At most so many servers and volumes of a cloud are made at a time; the others wait for their turn."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.drive import drain
from tests.factories import Cast
from tests.openstack.orders import operation_of, order_volume
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_core.operations.start import cancel
from waldur_core.operations.tasks import sweep
from waldur_openstack.models import Tenant, Volume

pytestmark = pytest.mark.django_db
State = Operation.State


@pytest.fixture(autouse=True)
def two_at_a_time(settings: Any) -> None:
    limits = {**settings.WALDUR_OPENSTACK["MAX_CONCURRENT_PROVISION"], "OpenStack.Volume": 2}
    settings.WALDUR_OPENSTACK = {**settings.WALDUR_OPENSTACK, "MAX_CONCURRENT_PROVISION": limits}


class HeldRunner(Runner):
    """A worker that dies once its operation has begun: the operation stays RUNNING, its lease too."""

    def before_effect(self, operation: Operation, step: Any) -> None:
        raise KeyboardInterrupt


def begin(operation: Operation) -> None:
    with pytest.raises(KeyboardInterrupt):
        HeldRunner().advance(operation.uuid.hex)


def try_to(operation: Operation) -> Operation:
    """A worker that dies as above, if the operation is admitted at all."""
    Operation.objects.filter(pk=operation.pk).update(next_run_at=timezone.now())
    Runner().advance(operation.uuid.hex)
    operation.refresh_from_db()
    return operation


def orders(cast: Cast, tenant: Tenant, number: int = 4) -> list[Operation]:
    return [operation_of(order_volume(tenant, cast.owner, name=f"v{place}")) for place in range(number)]


def test_those_above_the_limit_wait_without_a_worker_in_the_order_they_came(cast: Cast, tenant: Tenant) -> None:
    first, second, third, fourth = orders(cast, tenant)
    begin(first)
    assert try_to(fourth).state == State.SCHEDULED  # others came before it
    begin(second)
    waiting = try_to(third)
    assert (waiting.state, waiting.lease_token, waiting.polls) == (State.SCHEDULED, None, 1)
    assert Volume.objects.get(uuid=third.subject_uuid).state == "CREATION_SCHEDULED"
    assert waiting.next_run_at > timezone.now()

    dead = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(pk=first.pk).update(lease_until=dead, next_run_at=dead - timedelta(minutes=1))
    assert sweep() >= 1  # the lease of a dead worker ends, and another goes on
    drain_one(first)
    third.refresh_from_db()
    assert third.next_run_at <= timezone.now()  # woken
    Operation.objects.filter(pk=second.pk).update(lease_until=dead)
    drain()
    assert set(Volume.objects.values_list("state", flat=True)) == {"OK"}


def drain_one(operation: Operation) -> None:
    while operation.is_live:
        try_to(operation)


def test_time_spent_waiting_is_not_counted(cast: Cast, tenant: Tenant, settings: Any) -> None:
    first, second, third = orders(cast, tenant, 3)
    begin(first)
    begin(second)
    Operation.objects.filter(pk=third.pk).update(deadline=timezone.now() - timedelta(hours=1))
    try_to(third)
    Operation.objects.filter(pk=first.pk).update(lease_until=None)
    drain_one(first)
    assert try_to(third).deadline > timezone.now()


def test_one_that_waits_can_be_cancelled(cast: Cast, tenant: Tenant) -> None:
    first, second, third = orders(cast, tenant, 3)
    begin(first)
    begin(second)
    assert try_to(third).state == State.SCHEDULED
    cancel(third, user=cast.owner)
    drain_one(third)
    assert third.state == State.CANCELLED
    assert Volume.objects.get(uuid=third.subject_uuid).backend_id == ""


def test_an_offering_may_have_a_limit_of_its_own(cast: Cast, tenant: Tenant) -> None:
    service = tenant.service_settings
    service.options = {**service.options, "max_concurrent_provision_volume": 1}
    service.save()
    first, second = orders(cast, tenant, 2)
    begin(first)
    assert try_to(second).state == State.SCHEDULED
