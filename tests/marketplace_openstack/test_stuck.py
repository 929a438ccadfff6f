"""Rows left in creation without an operation, as after a database was restored: what comes of their orders."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.audit.clean import assert_in_step
from tests.e2e.estate import Estate
from tests.marketplace_openstack.strangers import administrator
from tests.marketplace_openstack.watching import events, last_event, quotas_in_the_cloud, shown, states
from tests.openstack.behind import cloud_of
from tests.openstack.syncing import looked_after
from waldur_core.operations.models import Operation
from waldur_mastermind.marketplace.models import Order, PlanPeriod, Resource

pytestmark = pytest.mark.slow

SCOPES = ("tenant", "server", "volume")


def left_in_creation(scope: Any, minutes: float = 11) -> Order:
    """Nothing of what came after the cloud was asked is known; nor is the plan in force."""
    Operation.objects.filter(subject_uuid=scope.uuid).delete()
    resource = Resource.objects.get(scope_uuid=scope.uuid)
    PlanPeriod.objects.filter(resource=resource).delete()
    Resource.objects.filter(pk=resource.pk).update(state="Creating", backend_id="", backend_metadata={})
    resource.orders.filter(type=Order.Type.CREATE).update(state="executing", completed_at=None)
    modified = timezone.now() - timedelta(minutes=minutes)
    type(scope).objects.filter(pk=scope.pk).update(state="CREATING", backend_id="", modified=modified)
    return resource.orders.get(type=Order.Type.CREATE)


@pytest.mark.parametrize("name", SCOPES)
def test_found_healthy_in_the_cloud_the_order_is_done_and_its_resource_ok(estate: Estate, name: str) -> None:
    scope, since = getattr(estate, name), last_event()
    order, known = left_in_creation(scope), scope.backend_id
    before = dict(estate.resource_of(scope).limits)
    for _ in range(2):  # again, nothing more comes of it
        looked_after("resolve_stuck_resources")
    assert states(estate, order) == ("done", "OK")
    told = shown(estate, order.resource)
    assert (told["backend_id"], told["backend_metadata"]["state"], told["error_message"]) == (known, "OK", "")
    assert told["limits"] == before
    kinds = [kind for kind, _ in events(estate, since)]
    assert kinds.count("marketplace_resource_create_succeeded") == 1
    paid = PlanPeriod.objects.filter(resource=order.resource, end=None).count()
    assert paid == (1 if name == "tenant" else 0)
    order.refresh_from_db()
    assert order.completed_at


def test_a_tenant_cut_off_early_gets_its_limits_and_its_user_access(estate: Estate) -> None:
    tenant, admin = estate.tenant, administrator(estate)
    limits, roles = quotas_in_the_cloud(tenant), admin.identity.roles_of(tenant.backend_id, tenant.user_id)
    for role in roles:
        admin.identity.revoke_role(tenant.backend_id, tenant.user_id, role)
    for service in (admin.compute, admin.block_storage, admin.network):
        service.delete_quotas(tenant.backend_id)
    assert (quotas_in_the_cloud(tenant) != limits, bool(roles)) == (True, True)
    order = left_in_creation(tenant)
    estate.cloud.add_fault("status", operation="volume_quota.update", status=503, times=0)
    looked_after("resolve_stuck_resources")
    assert estate.tenant.state == "CREATING"  # not before it has its limits
    estate.cloud.clear_faults()
    looked_after("resolve_stuck_resources")
    assert states(estate, order) == ("done", "OK")
    assert quotas_in_the_cloud(tenant) == limits
    assert admin.identity.roles_of(tenant.backend_id, tenant.user_id) == roles
    assert_in_step()


def test_never_made_and_out_of_time_the_order_fails_and_can_be_ended(estate: Estate) -> None:
    volume = estate.volume
    order, known = left_in_creation(volume, minutes=181), volume.backend_id
    cloud_of(estate.tenant).block_storage.delete_volume(known)
    looked_after("resolve_stuck_resources")
    assert states(estate, order) == ("erred", "Erred")
    order.refresh_from_db()
    assert order.error_message.startswith("Timed out: ")
    assert estate.terminate(estate.resource_of(volume)).state == "Terminated"
