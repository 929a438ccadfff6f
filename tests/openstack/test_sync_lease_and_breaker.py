"""Two workers, dead workers, and clouds that do not answer."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.openstack.behind import cloud_of
from tests.openstack.orders import connect
from tests.openstack.syncing import crowd, synced
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.operations.leases import LeaseLost
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import CloudSync, Network, Port, SyncRun, Tenant
from waldur_openstack.sync import breaker, whole
from waldur_openstack.sync.cycle import synchronise
from waldur_openstack.sync.leases import Busy, leased
from waldur_openstack.sync.plans import spread
from waldur_openstack.sync.tasks import synchronise_cloud


def state_of(service_settings: ServiceSettings) -> CloudSync:
    return CloudSync.objects.get(service_settings=service_settings)


def let_time_pass(service_settings: ServiceSettings, **columns: Any) -> None:
    CloudSync.objects.filter(service_settings=service_settings).update(**columns)


def test_two_workers_never_look_at_the_same_cloud(tenant: Tenant) -> None:
    with leased(tenant.service_settings):
        with pytest.raises(Busy):
            synchronise(tenant.service_settings)
        assert not SyncRun.objects.exists()
    synced(tenant.service_settings)


def test_the_lease_of_a_dead_worker_ends_and_its_run_is_closed(tenant: Tenant) -> None:
    dead = SyncRun.objects.create(service_settings=tenant.service_settings, task="sync_changes", state="running")
    CloudSync.objects.create(
        service_settings=tenant.service_settings,
        lease_token="0" * 32,
        lease_until=timezone.now() + timedelta(seconds=30),
    )
    with pytest.raises(Busy):
        synchronise(tenant.service_settings)
    let_time_pass(tenant.service_settings, lease_until=timezone.now() - timedelta(seconds=1))
    synced(tenant.service_settings)
    dead.refresh_from_db()
    assert (dead.state, dead.error) == ("erred", "The worker ended before the run did.")


def test_who_has_been_silent_too_long_stops(
    service_settings: ServiceSettings, running_twin: OpenStackTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker has taken over in the middle: the first writes nothing more."""
    crowd(service_settings, running_twin, 2)
    settle, written = whole.settle, []

    def robbed(kind: Any, *arguments: Any, **options: Any) -> Any:
        written.append(kind.word)
        let_time_pass(service_settings, lease_token="1" * 32)
        return settle(kind, *arguments, **options)

    monkeypatch.setattr(whole, "settle", robbed)
    with pytest.raises(LeaseLost):
        synchronise(service_settings)
    assert written == ["security_group"]
    assert not Network.objects.exists()


def test_a_cycle_that_was_killed_is_finished_by_the_next(
    service_settings: ServiceSettings, running_twin: OpenStackTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(service_settings, running_twin, 3)
    settle = whole.settle

    class Killed(BaseException):
        """Nothing catches it, nothing is tidied up."""

    def dies(kind: Any, *arguments: Any, **options: Any) -> Any:
        found = settle(kind, *arguments, **options)
        if kind.word == "subnet":
            raise Killed
        return found

    with monkeypatch.context() as patched:
        patched.setattr(whole, "settle", dies)
        patched.setattr("waldur_openstack.sync.leases.CloudLease.let_go", lambda self: None)
        with pytest.raises(Killed):
            synchronise(service_settings)
    assert (Network.objects.count(), Port.objects.count()) == (3, 0)
    let_time_pass(service_settings, lease_until=timezone.now() - timedelta(seconds=1))
    synced(service_settings)
    assert (Network.objects.count(), Port.objects.count()) == (3, 3)
    assert SyncRun.objects.filter(state="erred", error="The worker ended before the run did.").count() == 1


def test_a_dark_cloud_opens_the_breaker_which_closes_by_itself(tenant: Tenant, twin: TwinClient) -> None:
    service_settings = tenant.service_settings
    synced(service_settings)
    twin.go_dark(mode="refuse")
    assert synchronise(service_settings).state == "erred"
    assert state_of(service_settings).breaker == "closed"  # once is no reason
    pauses = []
    for _ in range(3):
        run = synchronise(service_settings)
        assert "cannot be reached" in run.error
        found = state_of(service_settings)
        assert (found.breaker, "cannot be reached" in found.reason) == ("open", True)
        assert found.next_try
        pauses.append(round((found.next_try - timezone.now()).total_seconds() / 60))
    assert pauses == [1, 2, 4]
    service_settings.refresh_from_db()
    assert (service_settings.state, "cannot be reached" in service_settings.error_message) == ("ERRED", True)
    assert Network.objects.count() == 1
    let_time_pass(service_settings, next_try=timezone.now())
    assert state_of(service_settings).breaker == "half-open"
    twin.light()
    synced(service_settings)
    assert state_of(service_settings).breaker == "closed"
    service_settings.refresh_from_db()
    assert (service_settings.state, service_settings.error_message) == ("OK", "")


def test_an_open_breaker_spares_the_cloud_unless_a_person_asks(tenant: Tenant, twin: TwinClient) -> None:
    service_settings = tenant.service_settings
    CloudSync.objects.create(
        service_settings=service_settings,
        failures=3,
        open_since=timezone.now(),
        next_try=timezone.now() + timedelta(minutes=5),
    )
    before = twin.call_count()
    assert spread("sync_changes", 60) == 0
    synchronise_cloud(service_settings.uuid.hex, "sync_changes")
    assert (twin.call_count(), SyncRun.objects.count()) == (before, 0)
    run = SyncRun.objects.create(service_settings=service_settings, task="pull_resources")
    synchronise_cloud(service_settings.uuid.hex, "pull_resources", run.uuid.hex)
    run.refresh_from_db()
    assert (run.state, state_of(service_settings).breaker) == ("done", "closed")


def test_pauses_grow_and_have_an_end() -> None:
    assert [breaker.pause(times).total_seconds() / 60 for times in (0, 1, 2, 5, 50)] == [1, 2, 4, 30, 30]


@pytest.mark.django_db(transaction=True)
def test_a_silent_cloud_does_not_delay_another(running_twin: OpenStackTwin, twin: TwinClient) -> None:
    """Two messages, two workers: one waits for a cloud that never answers, the other is done."""
    with OpenStackTwin(port=0, latency="instant") as silent:
        slow, quick = connect(silent), connect(running_twin)
        silent.client.go_dark()
        waiting = threading.Thread(target=in_thread, args=(slow,), daemon=True)
        waiting.start()
        end = time.monotonic() + 10
        while not SyncRun.objects.filter(service_settings=slow, state="running").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        synchronise_cloud(quick.uuid.hex, "pull_resources")
        assert SyncRun.objects.get(service_settings=quick).state == "done"
        assert SyncRun.objects.get(service_settings=slow).state == "running"
        silent.client.go_dark(mode="refuse")
        silent.client.light()
        waiting.join(timeout=30)
        assert not waiting.is_alive()


def in_thread(service_settings: ServiceSettings) -> None:
    try:
        synchronise_cloud(service_settings.uuid.hex, "pull_resources")
    finally:
        connection.close()


def test_a_cloud_that_shows_nothing_of_ours_is_asked_again_for_each(tenant: Tenant, twin: TwinClient) -> None:
    synced(tenant.service_settings)
    cloud = cloud_of(tenant)
    assert cloud.network.list("network", project_id=tenant.backend_id)
    twin.add_fault("status", service="network", method="GET", path="/networks$", body={"networks": []}, status=200)
    synced(tenant.service_settings, full=True)
    assert Network.objects.count() == 1
