"""A cloud that loses objects, locks them, breaks them or goes away: we say so, and recover by ourselves."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import failed, post, usages
from tests.openstack.behind import ask, cloud_of, path_of, pull, pulled
from tests.openstack.orders import build_volume, operation_of, order_deletion
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.session import connection_pool
from waldur_openstack.models import FloatingIP, Instance, SecurityGroup, Tenant, Volume

LOST = "0" * 32


@pytest.fixture
def short_timeout(settings: Any) -> Any:
    """Calls to the cloud give up soon."""
    settings.WALDUR_OPENSTACK = {**settings.WALDUR_OPENSTACK, "API_TIMEOUT": 0.3}
    connection_pool.cache_clear()
    yield
    connection_pool.cache_clear()


def advance(obj: Any) -> Operation:
    """One go of a worker."""
    operation = operation_of(obj)
    Operation.objects.filter(pk=operation.pk).update(next_run_at=operation.created)
    Runner().advance(operation.uuid.hex)
    operation.refresh_from_db()
    return operation


@pytest.mark.parametrize("mode", ["refuse", pytest.param("silent", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["tenant", "instance", "volume", "network", "floatingip"])
def test_a_pull_waits_for_a_cloud_that_is_dark(
    cast: Cast, instance: Instance, twin: TwinClient, short_timeout: None, kind: str, mode: str
) -> None:
    tenant = instance.tenant
    obj = {"tenant": tenant, "instance": instance}.get(kind) or getattr(tenant, f"{kind}s").first()
    before = usages(tenant)
    twin.go_dark(mode=mode)
    assert ask(cast, obj).status_code == 202
    operation = advance(obj)
    assert (operation.state, operation.attempts) == (Operation.State.RUNNING, 1)
    assert "cannot be reached" in operation.error_message
    obj.refresh_from_db()
    assert obj.state == "UPDATING"
    assert ask(cast, obj).status_code == 409
    twin.light()
    drain()
    obj.refresh_from_db()
    assert (operation_of(obj).state, obj.state, obj.error_message) == (Operation.State.DONE, "OK", "")
    assert before.keys() <= usages(tenant).keys()


def test_a_cloud_that_stays_dark_erres_the_object_and_the_next_pull_mends_it(
    cast: Cast, instance: Instance, twin: TwinClient
) -> None:
    twin.go_dark(mode="refuse")
    ask(cast, instance)
    operation = operation_of(instance)
    Operation.objects.filter(pk=operation.pk).update(deadline=operation.created)
    drain()
    instance.refresh_from_db()
    assert (instance.state, instance.runtime_state) == ("ERRED", "ACTIVE")  # not said to be lost
    assert "cannot be reached" in instance.error_message
    twin.light()
    found = pulled(cast, instance)
    assert (found.state, found.error_message) == ("OK", "")


def test_an_action_on_a_lost_object_says_that_it_is_lost(cast: Cast, instance: Instance) -> None:
    volume = build_volume(instance.tenant, cast.owner)
    Instance.objects.update(backend_id=LOST)
    post(cast.admin, instance, "stop")
    assert failed(instance).error_code == "not_found"
    Volume.objects.filter(pk=volume.pk).update(backend_id=LOST)
    post(cast.admin, volume, "extend", {"disk_size": volume.size + 1024})
    assert failed(volume).error_code == "not_found"


def test_what_is_lost_can_be_deleted(cast: Cast, instance: Instance) -> None:
    """Deleting asks for an absence, and it is absent."""
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    volume = build_volume(tenant, cast.owner)
    address, group = tenant.floatingips.get(), tenant.securitygroups.get(name="web")
    cloud.block_storage.delete_volume(volume.backend_id)
    cloud.network.remove("floatingip", address.backend_id)
    cloud.network.remove("security_group", group.backend_id)
    for obj in (address, group, volume):
        assert client_of(cast.admin).delete(path_of(obj)).status_code == 204
        drain()
        assert not type(obj).objects.filter(pk=obj.pk).exists()
    cloud.compute.delete_server(instance.backend_id)
    order_deletion(instance, cast.owner)
    drain()
    assert (Instance.objects.count(), Volume.objects.count(), FloatingIP.objects.count()) == (0, 0, 0)
    pulled(cast, tenant, "pull_quotas")
    assert min(usages(tenant).values()) >= 0


@pytest.mark.slow
def test_a_lost_server_that_was_pulled_can_be_deleted_too(cast: Cast, instance: Instance) -> None:
    tenant = instance.tenant
    cloud_of(tenant).compute.delete_server(instance.backend_id)
    pulled(cast, tenant)
    instance.refresh_from_db()
    assert instance.state == "ERRED"
    order_deletion(instance, cast.owner)
    drain()
    assert not Instance.objects.exists()
    pulled(cast, tenant)
    used = usages(tenant)
    assert (used["instances"], used["vcpu"], used["volumes"]) == (0, 0, 0)


def test_a_busy_object_is_tried_again(cast: Cast, instance: Instance, twin: TwinClient) -> None:
    twin.add_fault(action="status", status=409, method="POST", path=r"/servers/[^/]+/action", times=2)
    post(cast.admin, instance, "stop")
    drain()
    instance.refresh_from_db()
    assert (instance.state, instance.runtime_state) == ("OK", "SHUTOFF")


def test_an_object_that_stays_locked_says_so_and_a_pull_brings_it_back(
    cast: Cast, instance: Instance, twin: TwinClient
) -> None:
    reason = "Instance is locked"
    twin.add_fault(action="status", status=409, method="POST", path=r"/servers/[^/]+/action", times=0, message=reason)
    post(cast.admin, instance, "stop")
    operation = failed(instance)
    assert (operation.error_code, reason in instance.error_message) == ("conflict", True)
    found = pulled(cast, instance)
    assert (found.state, found.runtime_state) == ("OK", "ACTIVE")


def test_a_volume_that_cannot_be_deleted_stays_with_its_reason(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    volume = build_volume(tenant, cast.owner)
    before = usages(tenant)
    twin.fail_next("volume.delete")
    assert client_of(cast.admin).delete(path_of(volume)).status_code == 204
    assert "could not delete" in failed(volume).error_message
    assert usages(tenant) == before
    found = pulled(cast, volume)
    assert (found.state, found.runtime_state) == ("ERRED", "error_deleting")
    assert found.error_message == "The cloud reports its state as error_deleting."
    cloud_of(tenant).block_storage.post(
        f"/volumes/{volume.backend_id}/action", {"os-reset_status": {"status": "available"}}
    )
    assert pulled(cast, volume).state == "OK"
    assert client_of(cast.admin).delete(path_of(volume)).status_code == 204
    drain()
    assert not Volume.objects.exists()


def test_a_server_in_error_is_shown_as_broken_until_it_is_mended(cast: Cast, instance: Instance) -> None:
    cloud = cloud_of(instance.tenant)
    for state, expected in (("error", "ERRED"), ("active", "OK")):
        cloud.compute.act(instance.backend_id, "os-resetState", {"state": state})
        pulled(cast, instance.tenant)
        instance.refresh_from_db()
        assert instance.state == expected
        found = pulled(cast, instance)
        assert (found.state, "in state ERROR" in found.error_message) == (expected, expected == "ERRED")


@pytest.mark.parametrize(
    "status", [503, pytest.param(500, marks=pytest.mark.slow), pytest.param(429, marks=pytest.mark.slow)]
)
def test_a_cloud_that_stumbles_is_asked_again(cast: Cast, instance: Instance, twin: TwinClient, status: int) -> None:
    twin.add_fault(action="status", status=status, method="GET", path="/v2.0/security-groups", times=2)
    assert pulled(cast, instance.tenant).state == "OK"
    assert SecurityGroup.objects.filter(tenant=instance.tenant).exists()


def test_a_deleted_project_takes_nothing_away_here(cast: Cast, instance: Instance) -> None:
    tenant = instance.tenant
    Cloud.of(tenant.service_settings).identity.delete_project(tenant.backend_id)
    for obj in (tenant, instance, instance.volumes.first(), tenant.networks.get(), tenant.floatingips.get()):
        operation = pull(cast, obj)
        assert operation.state == Operation.State.ERRED
        row = type(obj).objects.get(pk=obj.pk)
        assert (row.state, row.error_message) == ("ERRED", operation.error_message)
        assert "does not exist" in row.error_message or f"in project {tenant.backend_id}" in row.error_message
    assert (Instance.objects.count(), Volume.objects.count()) == (1, 2)
