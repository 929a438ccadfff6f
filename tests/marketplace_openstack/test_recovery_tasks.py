"""The tasks of the seed's second table, and orders to terminate that nobody works on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from tests.e2e.estate import Estate
from tests.marketplace_openstack.strangers import inside
from tests.openstack.behind import cloud_of
from tests.openstack.syncing import looked_after, synced
from waldur_core.operations.models import Operation
from waldur_core.server.celery import app
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_mastermind.marketplace_openstack import tasks
from waldur_mastermind.marketplace_openstack.recovery.clouds import recover
from waldur_openstack.models import Instance, SyncRun, Volume
from waldur_openstack.sync.leases import Busy, leased
from waldur_openstack.sync.tasks import synchronise_cloud

DEFAULTS = {
    "create_resources_for_lost_instances_and_volumes": 6 * 3600,
    "refresh_instance_backend_metadata": 24 * 3600,
    "end_stuck_terminations": 2 * 3600,
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_task_runs_as_often_as_the_seed_says(name: str) -> None:
    task = f"marketplace_openstack.{name}"
    (entry,) = [entry for entry in settings.CELERY_BEAT_SCHEDULE.values() if entry["task"] == task]
    assert entry["schedule"] == DEFAULTS[name]
    assert getattr(tasks, name).name == task


def test_the_task_takes_in_what_was_made_outside_and_logs_its_look(estate: Estate) -> None:
    volume = inside(estate.tenant).add_volume()
    Resource.objects.filter(scope_uuid=estate.server.uuid).update(state="Terminated")
    made = tasks.recover_cloud(estate.tenant.service_settings.uuid.hex)
    row = Volume.objects.get(backend_id=volume)
    assert made == 1
    for scope in (row, estate.server):
        assert Resource.objects.exclude(state="Terminated").get(scope_uuid=scope.uuid).state == "OK"
    assert SyncRun.objects.get().task == "lost_resources"


@pytest.fixture
def at_once() -> Iterator[None]:
    """Celery runs a task that is sent right away."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def test_every_cloud_is_looked_at(estate: Estate, at_once: None) -> None:
    volume = inside(estate.tenant).add_volume()
    assert tasks.create_resources_for_lost_instances_and_volumes() == 1
    assert Resource.objects.get(backend_id=volume).state == "OK"


def test_a_cloud_somebody_looks_at_still_gets_the_resources_of_known_objects(estate: Estate) -> None:
    service = estate.tenant.service_settings
    Resource.objects.filter(scope_uuid=estate.volume.uuid).update(state="Terminated")
    with leased(service):
        assert recover(service) == 1


def test_a_dark_cloud_ends_the_look_and_nothing_else(estate: Estate) -> None:
    Resource.objects.filter(scope_uuid=estate.volume.uuid).update(state="Terminated")
    before = dict(Instance.objects.values_list("pk", "state"))
    estate.cloud.go_dark(mode="refuse")
    try:
        assert recover(estate.tenant.service_settings) == 1
    finally:
        estate.cloud.light()
    assert SyncRun.objects.get().state == "erred"
    assert dict(Instance.objects.values_list("pk", "state")) == before


def test_metadata_of_servers_is_refreshed_in_a_fixed_number_of_statements(
    estate: Estate, django_assert_max_num_queries: Any
) -> None:
    resource = estate.resource_of(estate.server)
    whole = resource.backend_metadata
    Resource.objects.filter(pk=resource.pk).update(backend_metadata={"state": "OK"}, name="old")
    with django_assert_max_num_queries(12):  # the clouds, and the run of one
        assert tasks.refresh_instance_backend_metadata() == 1
    resource.refresh_from_db()
    assert (resource.name, resource.backend_metadata["runtime_state"]) == ("sequencer", "ACTIVE")
    assert resource.backend_metadata["internal_ips"] == estate.server.internal_ips != []
    assert resource.backend_metadata.keys() >= whole.keys()
    assert tasks.refresh_instance_backend_metadata() == 0


# by hand ------------------------------------------------------------------------------------------------------------


def asked_for(estate: Estate, task: str) -> dict[str, Any]:
    """The run, when the worker has taken up what the provider has asked for."""
    service = estate.tenant.service_settings
    body = {"service_settings": estate.link("service-settings", service), "task": task}
    made = estate.done(estate.post(estate.provider_owner, "/api/sync-runs/", body))
    assert (made["state"], made["task"]) == ("scheduled", task)
    synchronise_cloud(service.uuid.hex, task, made["uuid"])
    run: dict[str, Any] = estate.get(estate.provider_owner, f"/api/sync-runs/{made['uuid']}/")
    assert run["ended"] and SyncRun.objects.filter(task=task).count() == 1
    return run


def test_lost_resources_are_looked_for_by_hand(estate: Estate) -> None:
    volume = inside(estate.tenant).add_volume()
    Resource.objects.filter(scope_uuid=estate.server.uuid).update(state="Terminated")
    run = asked_for(estate, "lost_resources")
    assert (run["state"], run["user_username"], run["details"]["resource"]["new"]) == ("done", "provider", 1)
    assert Resource.objects.get(backend_id=volume).state == "OK"
    assert Resource.objects.exclude(state="Terminated").get(scope_uuid=estate.server.uuid).state == "OK"


def test_asked_for_while_another_worker_looks_it_waits_for_its_turn(estate: Estate) -> None:
    service = estate.tenant.service_settings
    run = SyncRun.objects.create(service_settings=service, task="lost_resources")
    with leased(service), pytest.raises(Busy):
        synchronise_cloud(service.uuid.hex, run.task, run.uuid.hex)
    synchronise_cloud(service.uuid.hex, run.task, run.uuid.hex)
    run.refresh_from_db()
    assert run.state == "done"


def test_metadata_is_refreshed_by_hand(estate: Estate) -> None:
    resource = estate.resource_of(estate.server)
    Resource.objects.filter(pk=resource.pk).update(name="old")
    run = asked_for(estate, "refresh_instance_backend_metadata")
    assert (run["state"], run["rows_changed"], run["cloud_calls"]) == ("done", 1, 0)
    resource.refresh_from_db()
    assert resource.name == "sequencer"


def test_stuck_terminations_are_ended_by_hand_and_those_of_a_silent_cloud_are_told(
    estate: Estate, stuck: Order
) -> None:
    cloud_of(estate.tenant).block_storage.delete_volume(estate.volume.backend_id)
    estate.cloud.add_fault("status", operation="volume.show", status=503, times=0)
    run = asked_for(estate, "end_stuck_terminations")
    assert (run["state"], run["rows_seen"], run["rows_changed"]) == ("erred", 1, 0)
    assert run["error"].startswith("dataset: ")
    estate.cloud.clear_faults()
    SyncRun.objects.all().delete()
    run = asked_for(estate, "end_stuck_terminations")
    assert (run["state"], run["rows_changed"], run["cloud_calls"] > 0) == ("done", 1, True)
    stuck.refresh_from_db()
    assert stuck.state == "done"


def test_a_look_leaves_a_run_without_a_lease_alone_and_the_next_one_buries_a_dead_one(estate: Estate) -> None:
    service, task = estate.tenant.service_settings, "refresh_instance_backend_metadata"
    hours = {"alive": 0.1, "dead": 2.0}
    runs = {
        name: SyncRun.objects.create(
            service_settings=service, task=task, state="running", started=timezone.now() - timedelta(hours=ago)
        )
        for name, ago in hours.items()
    }
    synced(service)
    assert set(SyncRun.objects.filter(task=task).values_list("state", flat=True)) == {"running"}
    tasks.refresh_instance_backend_metadata()
    for name, state in (("alive", "running"), ("dead", "erred")):
        runs[name].refresh_from_db()
        assert runs[name].state == state


def test_others_ask_for_nothing(estate: Estate) -> None:
    body = {"service_settings": estate.link("service-settings", estate.tenant.service_settings)}
    for task in ("lost_resources", "refresh_instance_backend_metadata", "end_stuck_terminations"):
        for user in (estate.owner, estate.support):
            assert estate.post(user, "/api/sync-runs/", {**body, "task": task}).status_code in (400, 403)
    assert not SyncRun.objects.exists()


# stuck terminations -------------------------------------------------------------------------------------------------


@pytest.fixture
def stuck(estate: Estate) -> Order:
    """An order to terminate the volume whose operation has been lost, three hours ago."""
    uuid = estate.done(estate.ask_to_terminate(estate.resource_of(estate.volume)), 200)["order_uuid"]
    Operation.objects.filter(state__in=Operation.LIVE).delete()
    Order.objects.filter(uuid=uuid).update(modified=timezone.now() - timedelta(hours=3))
    return Order.objects.get(uuid=uuid)


def ended(order: Order) -> tuple[int, str, str]:
    (run,) = looked_after("end_stuck_terminations")
    number = run.rows_changed + tasks.end_stuck_terminations()
    SyncRun.objects.all().delete()
    order.refresh_from_db()
    return number, order.state, Resource.objects.get(pk=order.resource_id).state


def test_gone_in_the_cloud_the_order_is_done(estate: Estate, stuck: Order) -> None:
    cloud_of(estate.tenant).block_storage.delete_volume(estate.volume.backend_id)
    assert ended(stuck) == (1, "done", "Terminated")
    assert not Volume.objects.filter(name="dataset").exists()


def test_still_there_the_order_is_erred_and_can_be_asked_for_again(estate: Estate, stuck: Order) -> None:
    assert ended(stuck) == (1, "erred", "Erred")
    assert "still in the cloud" in stuck.error_message
    assert estate.volume.state == "ERRED"
    assert estate.terminate(estate.resource_of(estate.volume)).state == "Terminated"


def test_with_no_answer_the_order_waits(estate: Estate, stuck: Order) -> None:
    estate.cloud.add_fault("status", operation="volume.show", status=503, times=0)
    assert ended(stuck) == (0, "executing", "Terminating")


def test_without_a_tenant_the_order_is_done(estate: Estate, stuck: Order) -> None:
    Offering.objects.filter(pk=stuck.offering_id).update(scope_uuid=uuid4())
    Volume.objects.filter(name="dataset")._raw_delete("default")
    assert ended(stuck) == (1, "done", "Terminated")


def test_without_an_object_the_order_is_done(estate: Estate, stuck: Order) -> None:
    Volume.objects.filter(name="dataset")._raw_delete("default")
    assert ended(stuck) == (1, "done", "Terminated")


def test_an_order_at_work_or_not_old_enough_is_left_alone(estate: Estate) -> None:
    uuid = estate.done(estate.ask_to_terminate(estate.resource_of(estate.volume)), 200)["order_uuid"]
    order = Order.objects.get(uuid=uuid)
    assert ended(order) == (0, "executing", "Terminating")
    Order.objects.filter(uuid=uuid).update(modified=timezone.now() - timedelta(hours=3))
    assert ended(order) == (0, "executing", "Terminating")
