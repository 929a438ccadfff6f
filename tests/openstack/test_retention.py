"""Copies go when their day has come; what is needed, busy or part of a backup stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.drive import drain
from tests.factories import Cast
from tests.openstack.actions import post
from tests.openstack.copies import storage_of, take_backup, take_snapshot
from tests.openstack.orders import build_volume
from tests.openstack.syncing import looked_after
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_openstack.models import Backup, Instance, Snapshot, SyncRun, Tenant
from waldur_openstack.tasks import delete_expired_backups, delete_expired_snapshots

pytestmark = pytest.mark.django_db


def expire(copy: Any) -> None:
    type(copy).objects.filter(pk=copy.pk).update(kept_until=timezone.now() - timedelta(seconds=1))


def test_snapshots_go_on_their_day_and_no_sooner(cast: Cast, tenant: Tenant) -> None:
    volume = build_volume(tenant, cast.owner)
    old, new, for_ever = (take_snapshot(cast.admin, volume, name=name) for name in ("old", "new", "for ever"))
    Snapshot.objects.filter(pk=new.pk).update(kept_until=timezone.now() + timedelta(hours=1))
    assert delete_expired_snapshots() == 0
    expire(old)
    assert delete_expired_snapshots() == 1
    assert delete_expired_snapshots() == 0  # it is on its way
    drain()
    assert list(Snapshot.objects.order_by("pk")) == [new, for_ever]
    assert len(storage_of(volume).snapshots()) == 2


def test_what_goes_is_told_of_its_cloud_and_can_be_asked_for_by_hand(cast: Cast, tenant: Tenant) -> None:
    volume = build_volume(tenant, cast.owner)
    copies = [take_snapshot(cast.admin, volume, name=name) for name in ("one", "two")]
    assert delete_expired_snapshots() == 0
    assert not SyncRun.objects.exists()  # nothing to tell
    expire(copies[0])
    assert delete_expired_snapshots() == 1
    drain()
    expire(copies[1])
    runs = looked_after("delete_expired_snapshots")
    assert [(run.state, run.rows_changed, run.cloud_calls) for run in runs] == [("done", 1, 0)] * 2
    drain()
    assert not Snapshot.objects.exists()


def test_one_that_is_needed_stays_until_it_is_not(cast: Cast, tenant: Tenant) -> None:
    snapshot = take_snapshot(cast.admin, build_volume(tenant, cast.owner))
    expire(snapshot)
    assert post(cast.admin, snapshot, "restore", {"name": "again"}).status_code == 200
    assert delete_expired_snapshots() == 0
    drain()
    Tenant.objects.filter(pk=tenant.pk).update(state="UPDATING")
    assert delete_expired_snapshots() == 0
    Tenant.objects.filter(pk=tenant.pk).update(state="OK")
    assert delete_expired_snapshots() == 1


def test_one_that_the_cloud_failed_to_delete_is_tried_again(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    snapshot = take_snapshot(cast.admin, build_volume(tenant, cast.owner))
    expire(snapshot)
    twin.fail_next("snapshot.delete")
    for _ in range(2):
        assert delete_expired_snapshots() == 1
        drain()
    assert not Snapshot.objects.exists()


def test_backups_take_their_snapshots_along(cast: Cast, instance: Instance) -> None:
    backup = take_backup(cast.admin, instance)
    for snapshot in backup.snapshots.all():
        expire(snapshot)
    assert (delete_expired_snapshots(), delete_expired_backups()) == (0, 0)
    expire(backup)
    assert (delete_expired_backups(), delete_expired_backups()) == (1, 0)
    drain()
    assert (Backup.objects.count(), Snapshot.objects.count(), storage_of(instance).snapshots()) == (0, 0, [])
    assert Operation.objects.filter(workflow="openstack.backup.delete").count() == 1
