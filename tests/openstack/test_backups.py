"""Backups of servers: all volumes or none, what is remembered, and servers that are built again."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import limit, post, refused, stop, url_of, usages
from tests.openstack.copies import delete, finished, storage_of, take_backup
from tests.openstack.orders import build_instance
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import Backup, BackupRestoration, Flavor, Instance, Snapshot, Tenant

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
BACKUPS = "/api/openstack-backups/"
SECRET = "#cloud-config\npassword: hunter2\n"


@pytest.fixture
def instance(cast: Cast, tenant: Tenant) -> Instance:
    return build_instance(tenant, cast.owner, user_data=SECRET)


@pytest.fixture
def backup(cast: Cast, instance: Instance) -> Backup:
    return take_backup(cast.admin, instance)


def flavor(settings: ServiceSettings, name: str = "m1.tiny") -> str:
    return f"/api/openstack-flavors/{Flavor.objects.get(settings=settings, name=name).uuid.hex}/"


def test_a_backup_has_a_snapshot_of_each_volume(cast: Cast, instance: Instance) -> None:
    before = usages(instance.tenant)
    backup = take_backup(cast.admin, instance, kept_until="2100-01-01T00:00:00Z")
    rows = list(backup.snapshots.order_by("pk"))
    assert [(row.name, row.bootable, row.size, row.state) for row in rows] == [
        ("Part of backup: server-system", True, 2048, "OK"),
        ("Part of backup: server-data", False, 1024, "OK"),
    ]
    assert {item["status"] for item in storage_of(backup).snapshots()} == {"available"}
    after = usages(instance.tenant)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "snapshots": 2,
        "snapshots_size": 3072,
        "storage": 3072,
        "gigabytes_ssd": 3,
    }
    assert (backup.metadata["flavor_name"], backup.metadata["size"]) == ("m1.tiny", 3072)
    assert backup.user_data == SECRET
    answer = client_of(cast.owner).get(url_of(backup))
    assert "hunter2" not in answer.content.decode()
    row = answer.json()
    assert (row["backend_id"], row["instance_name"], row["kept_until"]) == ("", "server", "2100-01-01T00:00:00Z")
    assert [len(row[f"instance_{what}"]) for what in ("ports", "floating_ips", "security_groups")] == [1, 1, 1]
    types = set(Event.objects.filter(scope_uuid=backup.uuid).values_list("event_type", flat=True))
    assert types == {"resource_backup_creation_scheduled", "resource_backup_creation_succeeded"}
    both = {"instance": f"http://testserver{url_of(instance)}", "name": "second"}
    assert client_of(cast.admin).post(BACKUPS, both).status_code == 201


def test_a_backup_that_fails_in_part_leaves_nothing(cast: Cast, instance: Instance, twin: TwinClient) -> None:
    twin.add_fault("fail", transition="snapshot.create", nth=2)
    answer = post(cast.admin, instance, "backup", {"name": "backup"})
    backup = Backup.objects.get(uuid=answer.json()["uuid"])
    drain()
    backup.refresh_from_db()
    assert (backup.state, "could not create snapshot" in backup.error_message) == ("ERRED", True)
    assert storage_of(backup).snapshots() == []
    assert {row.state for row in backup.snapshots.all()} == {"ERRED"}
    operation = Operation.objects.latest("pk")
    client_of(cast.admin).post(f"/api/operations/{operation.uuid.hex}/retry/")
    finished(backup)
    assert len(storage_of(backup).snapshots()) == 2
    assert {row.state for row in backup.snapshots.all()} == {"OK"}


def test_who_may_and_when(cast: Cast, instance: Instance) -> None:
    body = {"instance": url_of(instance), "name": "a"}
    for person, at_instance, at_collection in ((cast.member, 403, 403), (cast.stranger, 404, 400), (None, 401, 401)):
        refused(post(person, instance, "backup", body), at_instance, instance)
        refused(client_of(person).post(BACKUPS, body), at_collection, instance)
    for bad in ({}, {"name": "x" * 151}, {"name": "a", "kept_until": 7}):
        refused(post(cast.admin, instance, "backup", bad), 400, instance)
    limit(instance.tenant, snapshots=1)
    refused(post(cast.admin, instance, "backup", body), 400, instance, word="Quota snapshots")
    volume = instance.volumes.get(bootable=False)
    volume.state = "ERRED"
    volume.save()
    refused(post(cast.admin, instance, "backup", {}), 409, instance, word="server-data is ERRED")
    assert (Backup.objects.count(), Snapshot.objects.count()) == (0, 0)


def test_what_can_be_changed_is_ours_alone(cast: Cast, backup: Backup) -> None:
    client, operations = client_of(cast.admin), Operation.objects.count()
    answer = client.patch(url_of(backup), {"name": "other", "kept_until": "2100-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["name"], answer.json()["state"]) == (200, "other", "OK")
    assert Operation.objects.count() == operations
    assert Event.objects.filter(event_type="resource_update_succeeded", scope_uuid=backup.uuid).exists()
    assert client.put(url_of(backup), {"description": "no name"}).status_code == 400
    assert client_of(cast.member).patch(url_of(backup), {"name": "b"}).status_code == 403


def test_a_server_with_copies_is_not_deleted(cast: Cast, instance: Instance, backup: Backup) -> None:
    for action in ("", "?action=force_destroy"):
        if not action:
            stop(cast.owner, instance)
        refused(delete(cast.owner, url_of(instance) + action), 409, instance, word="has backups: backup")
    part = backup.snapshots.order_by("pk").first()
    assert part
    refused(delete(cast.admin, url_of(part)), 409, part, word="part of backup backup")
    before = usages(instance.tenant)["storage"]
    assert delete(cast.admin, url_of(backup)).status_code == 204
    drain()
    assert (Backup.objects.count(), Snapshot.objects.count(), storage_of(instance).snapshots()) == (0, 0, [])
    assert usages(instance.tenant)["storage"] == before - 3072
    assert delete(cast.owner, url_of(instance)).status_code == 204


def test_a_deletion_that_the_cloud_fails_is_finished_by_force(cast: Cast, backup: Backup, twin: TwinClient) -> None:
    twin.fail_next("snapshot.delete")
    assert delete(cast.admin, url_of(backup)).status_code == 204
    drain()
    backup.refresh_from_db()
    assert (backup.state, "could not delete snapshot" in backup.error_message) == ("ERRED", True)
    part = backup.snapshots.order_by("pk").first()
    assert part and post(cast.admin, part, "restore", {"name": "a"}).status_code == 409
    assert delete(cast.admin, url_of(backup)).status_code == 204
    drain()
    assert (Backup.objects.count(), storage_of(part).snapshots()) == (0, [])


def test_a_server_is_built_again_as_it_was(cast: Cast, instance: Instance, backup: Backup, twin: TwinClient) -> None:
    assert storage_of(instance).set_bootable(instance.volumes.get(bootable=True).backend_id, False) is None
    before = usages(instance.tenant)
    answer = post(cast.admin, backup, "restore", {"flavor": flavor(instance.service_settings), "name": "again"})
    assert answer.status_code == 200, answer.content
    again: Instance = finished(Instance.objects.get(uuid=answer.json()["uuid"]))
    assert [(volume.name, volume.bootable, volume.size) for volume in again.volumes.order_by("pk")] == [
        ("again-volume", True, 2048),
        ("again-volume-2", False, 1024),
    ]
    assert all(volume.state == "OK" and volume.runtime_state == "in-use" for volume in again.volumes.all())
    assert (again.user_data, again.image_name) == (SECRET, instance.image_name)
    assert (again.ports.get().subnet, list(again.security_groups.all())) == (
        instance.ports.get().subnet,
        list(instance.security_groups.all()),
    )
    after = usages(instance.tenant)
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    volumes = {"volumes": 2, "volumes_size": 3072, "storage": 3072, "gigabytes_ssd": 3}
    assert grown == {"instances": 1, "vcpu": 1, "ram": 512, "port_count": 1, **volumes}
    (row,) = client_of(cast.admin).get(url_of(backup)).json()["restorations"]
    assert (row["name"], row["instance"].endswith(url_of(again)), len(row["ports"])) == ("again", True, 1)
    types = Event.objects.filter(scope_uuid=again.uuid).values_list("event_type", flat=True)
    assert "resource_backup_restoration_succeeded" in types


def test_a_server_that_is_gone_is_built_again(cast: Cast, instance: Instance, backup: Backup) -> None:
    client, subnet = client_of(cast.admin), instance.ports.get().subnet
    assert subnet
    client_of(cast.staff).post(url_of(instance, "unlink"))
    backup.refresh_from_db()
    body: dict[str, Any] = {"flavor": flavor(backup.service_settings)}
    refused(post(cast.admin, backup, "restore", body), 400, backup, word="ports")
    row = client.get(url_of(backup)).json()
    assert (row["instance"], row["instance_name"], row["instance_ports"]) == (None, "", [])
    body["ports"] = [{"subnet": f"/api/openstack-subnets/{subnet.uuid.hex}/"}]
    body["floating_ips"] = [{"subnet": f"/api/openstack-subnets/{subnet.uuid.hex}/"}]
    answer = post(cast.admin, backup, "restore", body)
    assert answer.status_code == 200, answer.content
    again = finished(Instance.objects.get(uuid=answer.json()["uuid"]))
    assert (again.name, len(again.floating_ips)) == ("server", 1)


def test_what_cannot_be_restored(cast: Cast, instance: Instance, backup: Backup) -> None:
    settings = instance.service_settings
    Backup.objects.filter(pk=backup.pk).update(metadata={**backup.metadata, "min_ram": 1024})
    backup.refresh_from_db()
    tiny = {"flavor": flavor(settings)}
    for body, word in (
        ({}, "flavor"),
        (tiny, "needs 1024 MiB of RAM"),
        ({"flavor": flavor(settings, "m1.small"), "name": "no host!"}, "name"),
        ({"flavor": flavor(settings, "m1.small"), "ports": []}, "ports"),
        ({"flavor": flavor(settings, "m1.small"), "security_groups": ["nothing"]}, "security_groups"),
        ("text", "non_field_errors"),
    ):
        refused(post(cast.admin, backup, "restore", body), 400, backup, word=word)
    limit(instance.tenant, volumes=3)
    refused(post(cast.admin, backup, "restore", {"flavor": flavor(settings, "m1.small")}), 400, backup, word="volumes")
    for person, status in ((cast.member, 403), (cast.stranger, 404), (None, 401)):
        refused(post(person, backup, "restore", tiny), status, backup)
    backup.snapshots.update(bootable=False)
    refused(post(cast.admin, backup, "restore", {}), 409, backup, word="no bootable volume")
    assert (Instance.objects.count(), BackupRestoration.objects.count()) == (1, 0)


def test_a_list_costs_the_same_for_many(cast: Cast, instance: Instance, backup: Backup) -> None:
    client = client_of(cast.admin)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(BACKUPS, {"instance_uuid": instance.uuid.hex}).status_code == 200
        return len(captured)

    BackupRestoration.objects.create(backup=backup, instance=instance)
    queries()
    before = queries()
    for number in range(5):
        other = Backup.objects.create(name=f"b{number}", tenant=instance.tenant, instance=instance, state="OK")
        server = Instance.objects.create(name=f"s{number}", tenant=instance.tenant, state="OK")
        BackupRestoration.objects.create(backup=other, instance=server)
    assert queries() == before
