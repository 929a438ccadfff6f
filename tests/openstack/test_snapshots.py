"""Snapshots of volumes: made, changed, restored, removed; and clouds that do not play along."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import failed, limit, post, refused, url_of, usages
from tests.openstack.copies import delete, finished, storage_of, take_snapshot
from tests.openstack.orders import build_volume
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_openstack.models import Instance, Snapshot, Tenant, Volume, VolumeType

pytestmark = pytest.mark.django_db
SNAPSHOTS = "/api/openstack-snapshots/"


@pytest.fixture
def volume(cast: Cast, tenant: Tenant) -> Volume:
    kind = VolumeType.objects.get(settings=tenant.service_settings, name="ssd").uuid.hex
    return build_volume(tenant, cast.owner, size=2048, type=kind)


@pytest.fixture
def snapshot(cast: Cast, volume: Volume) -> Snapshot:
    return take_snapshot(cast.admin, volume)


def test_a_snapshot_is_made_at_both_doors_and_counts(cast: Cast, volume: Volume) -> None:
    limit(volume.tenant, gigabytes_ssd=-1)
    before = usages(volume.tenant)
    first = take_snapshot(cast.admin, volume, description="text", metadata={"a": "b"})
    body = {"source_volume": f"http://testserver{url_of(volume)}", "name": "second"}
    answer = client_of(cast.admin).post(SNAPSHOTS, body)
    assert answer.status_code == 201, answer.content
    finished(Snapshot.objects.get(uuid=answer.json()["uuid"]))

    found = storage_of(volume).snapshot(first.backend_id)
    assert found and (found["name"], found["description"]) == ("snapshot", "text")
    assert found["metadata"] == {"a": "b", "waldur_uuid": first.uuid.hex}
    assert (first.runtime_state, first.size, first.type) == ("available", 2048, volume.type)
    counted = {"snapshots": 2, "snapshots_size": 4096, "storage": 4096, "gigabytes_ssd": 4}
    assert usages(volume.tenant) == {**before, **{name: before[name] + delta for name, delta in counted.items()}}
    assert {"resource_creation_scheduled", "resource_creation_succeeded"} <= set(
        Event.objects.filter(scope_uuid=first.uuid).values_list("event_type", flat=True)
    )


def test_a_volume_in_use_is_copied_too(cast: Cast, instance: Instance) -> None:
    assert take_snapshot(cast.admin, instance.volumes.get(bootable=True)).bootable


def test_what_is_shown_costs_the_same_for_many(cast: Cast, volume: Volume, snapshot: Snapshot) -> None:
    client = client_of(cast.admin)
    row = client.get(url_of(snapshot)).json()
    assert row["source_volume"].endswith(url_of(volume))
    assert (row["source_volume_name"], row["size"], row["kept_until"]) == ("volume", 2048, None)
    assert (row["restorations"], row["backups"]) == ([], [])
    assert "source_volume_marketplace_uuid" not in row  # clients cannot parse a null here

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(SNAPSHOTS, {"source_volume_uuid": volume.uuid.hex}).status_code == 200
        return len(captured)

    queries()
    before = queries()
    for number in range(5):
        Snapshot.objects.create(name=f"s{number}", tenant=volume.tenant, source_volume=volume, size=1024, state="OK")
    assert queries() == before


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"name": "a", "kept_until": "soon"}, "kept_until"),
        ({"name": "a", "metadata": ["a"]}, "metadata"),
        ({"name": "a", "metadata": {"": "b"}}, "metadata"),
        ({"name": "a", "metadata": {"a": {"b": "c"}}}, "metadata"),
        ({"name": "a", "metadata": {"a": "x" * 256}}, "metadata"),
    ],
)
def test_bad_bodies_are_refused(cast: Cast, volume: Volume, body: Any, key: str) -> None:
    refused(post(cast.admin, volume, "snapshot", body), 400, volume, word=key)
    assert not Snapshot.objects.exists()


def test_who_may_and_when(cast: Cast, volume: Volume) -> None:
    body = {"source_volume": url_of(volume), "name": "a"}
    for person, at_volume, at_collection in ((cast.member, 403, 403), (cast.stranger, 404, 400), (None, 401, 401)):
        refused(post(person, volume, "snapshot", body), at_volume, volume)
        refused(client_of(person).post(SNAPSHOTS, body), at_collection, volume)
    refused(client_of(cast.admin).post(SNAPSHOTS, {"name": "a"}), 400, volume, word="source_volume")
    limit(volume.tenant, snapshots=0)
    refused(post(cast.admin, volume, "snapshot", body), 400, volume, word="Quota snapshots")
    for values in ({"runtime_state": "error"}, {"state": "ERRED"}):
        Volume.objects.filter(pk=volume.pk).update(**values)
        volume.refresh_from_db()
        refused(post(cast.admin, volume, "snapshot", {}), 409, volume)
        refused(client_of(cast.admin).post(SNAPSHOTS, body), 409, volume)
    assert not Snapshot.objects.exists()


def test_changes_reach_the_cloud_but_for_those_that_are_ours(cast: Cast, snapshot: Snapshot) -> None:
    client = client_of(cast.admin)
    body = {"name": "other", "description": "new", "metadata": {"k": "v"}}
    assert client.patch(url_of(snapshot), body).status_code == 200
    finished(snapshot)
    found = storage_of(snapshot).snapshot(snapshot.backend_id)
    assert found and (found["name"], found["description"], found["metadata"]["k"]) == ("other", "new", "v")
    assert found["metadata"]["waldur_uuid"] == snapshot.uuid.hex

    operations = Operation.objects.count()
    answer = client.put(url_of(snapshot), {"name": "other", "kept_until": "2100-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["kept_until"]) == (200, "2100-01-01T00:00:00Z")
    assert Operation.objects.count() == operations
    assert client.put(url_of(snapshot), {}).status_code == 400


def test_a_volume_is_restored_as_large_and_of_the_same_type(cast: Cast, volume: Volume, snapshot: Snapshot) -> None:
    before = usages(volume.tenant)
    answer = post(cast.admin, snapshot, "restore", {"name": "again", "description": "text"})
    assert (answer.status_code, answer.json()["size"]) == (200, 2048)
    assert answer.json()["source_snapshot"].endswith(url_of(snapshot))
    other = post(cast.admin, volume, "create_from_snapshot", {"name": "more", "snapshot": url_of(snapshot)})
    assert other.status_code == 201, other.content
    for made in (answer, other):
        restored = finished(Volume.objects.get(uuid=made.json()["uuid"]))
        found = storage_of(volume).volume(restored.backend_id)
        assert found and (found["size"], found["snapshot_id"]) == (2, snapshot.backend_id)
        assert (restored.type, restored.runtime_state) == (volume.type, "available")
    after = usages(volume.tenant)
    assert (after["volumes"], after["storage"]) == (before["volumes"] + 2, before["storage"] + 4096)
    client = client_of(cast.admin)
    names = [item["volume_name"] for item in client.get(url_of(snapshot, "restorations")).json()]
    assert names == ["again", "more"]
    found_by = client.get("/api/openstack-volumes/", {"snapshot_uuid": snapshot.uuid.hex}).json()
    assert [item["name"] for item in found_by] == ["again", "more"]
    stranger = build_volume(volume.tenant, cast.owner, name="other")
    body = {"name": "a", "snapshot": url_of(snapshot)}
    refused(post(cast.admin, stranger, "create_from_snapshot", body), 400, stranger, word="not a snapshot of")
    refused(post(cast.admin, snapshot, "restore", {}), 400, snapshot, word="name")


def test_a_volume_stays_as_long_as_it_has_snapshots(cast: Cast, volume: Volume, snapshot: Snapshot) -> None:
    refused(delete(cast.admin, url_of(volume)), 409, volume, word="has snapshots: snapshot")
    before = usages(volume.tenant)["storage"]
    assert delete(cast.admin, url_of(snapshot)).status_code == 204
    drain()
    assert not Snapshot.objects.exists()
    assert storage_of(volume).snapshots() == []
    assert usages(volume.tenant)["storage"] == before - 2048
    assert delete(cast.admin, url_of(volume)).status_code == 204


def test_a_snapshot_stays_while_a_volume_is_made_from_it(cast: Cast, snapshot: Snapshot, twin: TwinClient) -> None:
    twin.fail_next("volume.create")
    assert post(cast.admin, snapshot, "restore", {"name": "again"}).status_code == 200
    refused_now = delete(cast.admin, url_of(snapshot))
    assert (refused_now.status_code, "being made from it" in refused_now.content.decode()) == (409, True)
    drain()
    restored = Volume.objects.get(name="again")
    assert (restored.state, restored.backend_id) == ("ERRED", "")
    refused(delete(cast.admin, url_of(snapshot)), 409, snapshot)
    assert delete(cast.admin, url_of(restored)).status_code == 204
    drain()
    assert delete(cast.admin, url_of(snapshot)).status_code == 204


def test_one_that_is_gone_in_the_cloud_is_deleted_all_the_same(cast: Cast, snapshot: Snapshot) -> None:
    storage_of(snapshot).delete_snapshot(snapshot.backend_id)
    assert delete(cast.admin, url_of(snapshot)).status_code == 204
    drain()
    assert not Snapshot.objects.exists()


def test_one_that_the_cloud_could_not_delete_goes_by_force(cast: Cast, snapshot: Snapshot, twin: TwinClient) -> None:
    twin.fail_next("snapshot.delete")
    assert delete(cast.admin, url_of(snapshot)).status_code == 204
    assert "Delete it again" in failed(snapshot).error_message
    assert delete(cast.admin, url_of(snapshot)).status_code == 204
    drain()
    assert (Snapshot.objects.count(), storage_of(snapshot).snapshots()) == (0, [])


def test_a_failed_snapshot_leaves_nothing_and_can_be_tried_again(cast: Cast, volume: Volume, twin: TwinClient) -> None:
    twin.fail_next("snapshot.create")
    answer = post(cast.admin, volume, "snapshot", {"name": "a"})
    snapshot = Snapshot.objects.get(uuid=answer.json()["uuid"])
    operation = failed(snapshot)
    assert "its state there is error" in operation.error_message
    assert (snapshot.backend_id, storage_of(volume).snapshots()) == ("", [])
    client_of(cast.admin).post(f"/api/operations/{operation.uuid.hex}/retry/")
    finished(snapshot)


def test_what_the_cloud_refuses_is_told(cast: Cast, volume: Volume, twin: TwinClient) -> None:
    storage_of(volume).set_quotas(volume.tenant.backend_id, {"snapshots": 0})
    answer = post(cast.admin, volume, "snapshot", {"name": "a"})
    snapshot = Snapshot.objects.get(uuid=answer.json()["uuid"])
    operation = failed(snapshot)
    assert (operation.error_code, "SnapshotLimitExceeded" in snapshot.error_message) == ("quota", True)
    before = usages(volume.tenant)["snapshots"]
    assert delete(cast.admin, url_of(snapshot)).status_code == 204
    drain()
    assert usages(volume.tenant)["snapshots"] == before - 1
