"""Schedules: when they come next, what they make, what they leave, and when they stop."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import limit, post, refused, url_of
from tests.openstack.copies import storage_of
from tests.openstack.orders import build_volume
from waldur_core.operations.models import Operation
from waldur_openstack.copies.crontab import next_time
from waldur_openstack.models import Backup, BackupSchedule, Instance, Snapshot, SnapshotSchedule, Tenant, Volume
from waldur_openstack.tasks import run_due_schedules

DAILY = {"name": "daily", "schedule": "30 2 * * *", "timezone": "Europe/Tallinn"}


@pytest.mark.parametrize(
    ("line", "zone", "after", "expected"),
    [
        ("30 2 * * *", "UTC", "2026-01-01T02:29", "2026-01-01T02:30"),
        ("30 2 * * *", "UTC", "2026-01-01T02:30", "2026-01-02T02:30"),
        ("0 0 1 1 *", "Europe/Tallinn", "2026-06-01T00:00", "2026-12-31T22:00"),
        ("30 3 * * *", "Europe/Tallinn", "2026-03-28T12:00", "2026-03-29T01:30"),  # skipped: an hour later
        ("30 3 * * *", "Europe/Tallinn", "2026-03-29T01:30", "2026-03-30T00:30"),
        ("30 3 * * *", "Europe/Tallinn", "2026-10-24T12:00", "2026-10-25T00:30"),  # twice: the first time
        ("30 3 * * *", "Europe/Tallinn", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("0 0 29 2 *", "UTC", "2097-01-01T00:00", "2104-02-29T00:00"),
        ("0 12 * * 7", "UTC", "2026-01-01T00:00", "2026-01-04T12:00"),
        ("0 12 13 * 5", "UTC", "2026-01-01T00:00", "2026-01-02T12:00"),  # the 13th, or a Friday
        ("0 12 */2 * fri", "UTC", "2026-01-03T00:00", "2026-01-09T12:00"),
    ],
)
def test_the_next_time(line: str, zone: str, after: str, expected: str) -> None:
    found = next_time(line, ZoneInfo(zone), datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.fixture
def volume(cast: Cast, tenant: Tenant) -> Volume:
    return build_volume(tenant, cast.owner)


def schedule_of(cast: Cast, volume: Volume, **body: Any) -> SnapshotSchedule:
    answer = post(cast.admin, volume, "create_snapshot_schedule", {**DAILY, **body})
    assert answer.status_code == 201, answer.content
    return SnapshotSchedule.objects.get(uuid=answer.json()["uuid"])


def make_due(schedule: Any) -> None:
    type(schedule).objects.filter(pk=schedule.pk).update(next_trigger_at=timezone.now() - timedelta(minutes=1))


def run(schedule: Any) -> int:
    """As if its time had come."""
    make_due(schedule)
    made = run_due_schedules()
    drain()
    schedule.refresh_from_db()
    return made


@pytest.mark.django_db
def test_a_schedule_is_made_changed_rested_and_removed(cast: Cast, volume: Volume) -> None:
    client, schedule = client_of(cast.admin), schedule_of(cast, volume)
    row = client.get(url_of(schedule)).json()
    assert (row["is_active"], row["call_count"], row["state"]) == (True, 0, "OK")
    local = datetime.fromisoformat(row["next_trigger_at"]).astimezone(ZoneInfo("Europe/Tallinn"))
    assert (local.hour, local.minute, local > timezone.now()) == (2, 30, True)
    body = {"source_volume": f"http://testserver{url_of(volume)}", **DAILY}
    assert client.post("/api/openstack-snapshot-schedules/", body).status_code == 201

    changed = client.patch(url_of(schedule), {"schedule": " 15  5 * * * ", "timezone": "UTC"}).json()
    assert (changed["schedule"], changed["next_trigger_at"][11:16]) == ("15 5 * * *", "05:15")
    schedule.refresh_from_db()
    refused(post(cast.admin, schedule, "activate"), 409, schedule)
    rest = post(cast.admin, schedule, "deactivate")
    assert (rest.status_code, rest.json()["is_active"], rest.json()["next_trigger_at"]) == (200, False, None)
    schedule.refresh_from_db()
    refused(post(cast.admin, schedule, "deactivate"), 409, schedule)
    assert post(cast.admin, schedule, "activate").json()["next_trigger_at"]
    assert client.get("/api/openstack-snapshot-schedules/", {"source_volume_uuid": volume.uuid.hex}).json()
    assert client.delete(url_of(schedule)).status_code == 204
    assert not Operation.objects.exclude(workflow__contains=".create").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"schedule": "daily"}, "schedule"),
        ({"schedule": "60 * * * *"}, "schedule"),
        ({"schedule": "0 0 30 2 *"}, "schedule"),
        ({"schedule": "*/0 * * * *"}, "schedule"),
        ({"schedule": "a b c d e"}, "schedule"),
        ({"schedule": ""}, "schedule"),
        ({"schedule": 5}, "schedule"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../UTC"}, "timezone"),
        ({"retention_time": -1}, "retention_time"),
        ({"retention_time": 10**9}, "retention_time"),
        ({"maximal_number_of_resources": 40000}, "maximal_number_of_resources"),
        ({"name": ""}, "name"),
    ],
)
def test_what_makes_no_sense_is_refused(cast: Cast, volume: Volume, body: Any, key: str) -> None:
    answer = post(cast.admin, volume, "create_snapshot_schedule", {**DAILY, **body})
    refused(answer, 400, volume, word=key)
    assert not SnapshotSchedule.objects.exists()


@pytest.mark.django_db
def test_a_copy_is_made_when_due_and_the_oldest_goes(cast: Cast, volume: Volume) -> None:
    schedule = schedule_of(cast, volume, retention_time=7, maximal_number_of_resources=2)
    assert run_due_schedules() == 0
    for _ in range(3):
        assert run(schedule) == 1
    assert run_due_schedules() == 0
    kept = list(schedule.snapshots.order_by("pk"))
    assert (schedule.call_count, len(kept), len(storage_of(volume).snapshots())) == (3, 2, 2)
    assert all(snapshot.kept_until - snapshot.created > timedelta(days=6) for snapshot in kept if snapshot.kept_until)
    assert {snapshot.kept_until is None for snapshot in kept} == {False}
    assert schedule.next_trigger_at and schedule.next_trigger_at > timezone.now()


@pytest.mark.django_db
def test_backups_are_made_too(cast: Cast, instance: Instance) -> None:
    answer = post(cast.admin, instance, "create_backup_schedule", {**DAILY, "maximal_number_of_resources": 1})
    assert answer.status_code == 201, answer.content
    schedule = BackupSchedule.objects.get(uuid=answer.json()["uuid"])
    assert [run(schedule), run(schedule)] == [1, 1]
    backup = Backup.objects.get()
    assert (backup.backup_schedule, backup.state, Snapshot.objects.count()) == (schedule, "OK", 2)
    assert Operation.objects.filter(workflow="openstack.backup.delete").count() == 1


@pytest.mark.django_db
def test_a_schedule_that_cannot_go_on_stops_and_says_why(cast: Cast, volume: Volume) -> None:
    schedule = schedule_of(cast, volume)
    limit(volume.tenant, snapshots=0)
    assert run(schedule) == 0
    assert (schedule.is_active, schedule.state, schedule.next_trigger_at) == (False, "ERRED", None)
    assert "Quota snapshots" in schedule.error_message
    assert not Snapshot.objects.exists()

    limit(volume.tenant, snapshots=-1)
    assert post(cast.admin, schedule, "activate").json()["error_message"] == ""
    Volume.objects.filter(pk=volume.pk).update(state="UPDATING")
    assert run(schedule) == 0
    assert schedule.is_active  # only busy: the next run copies it
    Volume.objects.filter(pk=volume.pk).update(state="ERRED")
    assert run(schedule) == 0
    assert (schedule.is_active, "must be OK" in schedule.error_message) == (False, True)


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_copy(cast: Cast, volume: Volume) -> None:
    schedule, made, barrier = schedule_of(cast, volume), [], Barrier(2)
    make_due(schedule)

    def work() -> None:
        barrier.wait()
        made.append(run_due_schedules())
        close_old_connections()
        connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (sorted(made), Snapshot.objects.count()) == ([0, 1], 1)


@pytest.mark.django_db(transaction=True)
def test_one_that_another_worker_holds_is_passed_over(cast: Cast, volume: Volume) -> None:
    schedule, made = schedule_of(cast, volume), []
    make_due(schedule)

    def work() -> None:
        made.append(run_due_schedules())
        connection.close()

    with transaction.atomic():
        SnapshotSchedule.objects.select_for_update().get(pk=schedule.pk)
        worker = Thread(target=work)
        worker.start()
        worker.join()
    assert (made, Snapshot.objects.count()) == ([0], 0)
