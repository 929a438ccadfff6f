"""Cinder."""

from typing import Any

from tests.contract.seed.house import Call, House
from tests.contract.stage import unique
from waldur_openstack.models import Backup, Flavor, Instance, Snapshot, Volume, VolumeType


def in_cloud(house: House, volume: Volume) -> Any:
    return house.cloud.block_storage.volume(volume.backend_id)


def snapshot_ids(house: House) -> set[str]:
    return {snapshot["id"] for snapshot in house.cloud.block_storage.snapshots()}


def create_volume(house: House, call: Call) -> None:
    made = call({"tenant": house.link(house.tenant), "name": unique("volume"), "size": 1024})
    found = in_cloud(house, Volume.objects.get(uuid=made["uuid"]))
    assert (found["status"], found["size"]) == ("available", 1)


def delete_volume(house: House, call: Call) -> None:
    volume = house.volume()
    call(uuid=volume.uuid.hex)
    assert in_cloud(house, volume) is None


def extend_volume(house: House, call: Call) -> None:
    volume = house.volume()
    call({"disk_size": 3072}, uuid=volume.uuid.hex)
    assert in_cloud(house, volume)["size"] == 3


def attach_to_instance(house: House, call: Call) -> None:
    volume, instance = house.volume(), house.server_in("ACTIVE")
    call({"instance": house.link(instance)}, uuid=volume.uuid.hex)
    assert [item["server_id"] for item in in_cloud(house, volume)["attachments"]] == [instance.backend_id]
    house.act(volume, "detach")


def detach_from_instance(house: House, call: Call) -> None:
    volume, instance = house.volume(), house.server_in("ACTIVE")
    house.act(volume, "attach", {"instance": house.link(instance)})
    call(uuid=volume.uuid.hex)
    assert in_cloud(house, volume)["attachments"] == []


def new_snapshot(house: House, volume: Volume) -> Snapshot:
    made = house.make("snapshots", {"source_volume": house.link(volume), "name": unique("snapshot")})
    return Snapshot.objects.get(uuid=made["uuid"])


def create_from_snapshot(house: House, call: Call) -> None:
    volume = house.volume()
    snapshot = new_snapshot(house, volume)
    made = call({"snapshot": house.link(snapshot), "name": unique("volume")}, uuid=volume.uuid.hex)
    assert in_cloud(house, Volume.objects.get(uuid=made["uuid"]))["snapshot_id"] == snapshot.backend_id


def create_snapshot(house: House, call: Call) -> None:
    made = call({"source_volume": house.link(house.volume()), "name": unique("snapshot")})
    assert Snapshot.objects.get(uuid=made["uuid"]).backend_id in snapshot_ids(house)


def delete_snapshot(house: House, call: Call) -> None:
    snapshot = new_snapshot(house, house.volume())
    call(uuid=snapshot.uuid.hex)
    assert snapshot.backend_id not in snapshot_ids(house)


def restore_snapshot(house: House, call: Call) -> None:
    snapshot = new_snapshot(house, house.volume())
    made = call({"name": unique("volume")}, uuid=snapshot.uuid.hex)
    assert in_cloud(house, Volume.objects.get(uuid=made["uuid"]))["snapshot_id"] == snapshot.backend_id


def list_volume_types(house: House, call: Call) -> None:
    shown = {kind["name"] for kind in call({"tenant_uuid": house.tenant.uuid.hex})}
    assert shown == {kind["name"] for kind in house.cloud.block_storage.volume_types()} >= {"ssd", "hdd"}


def import_volume_types(house: House, call: Call) -> None:
    VolumeType.objects.filter(settings=house.service, name="hdd").delete()
    call(uuid=house.tenant.uuid.hex)
    assert VolumeType.objects.filter(settings=house.service, name="hdd").exists()


def new_backup(house: House) -> Backup:
    made = house.make("backups", {"instance": house.link(house.server), "name": unique("backup")})
    return Backup.objects.get(uuid=made["uuid"])


def create_backup(house: House, call: Call) -> None:
    made = call({"instance": house.link(house.server), "name": unique("backup")})
    backup = Backup.objects.get(uuid=made["uuid"])
    copies = {snapshot.backend_id for snapshot in backup.snapshots.all()}
    assert len(copies) == house.server.volumes.count()
    assert copies <= snapshot_ids(house)
    house.owner.delete(house.link(backup))
    house.settle()


def delete_backup(house: House, call: Call) -> None:
    backup = new_backup(house)
    copies = {snapshot.backend_id for snapshot in backup.snapshots.all()}
    call(uuid=backup.uuid.hex)
    assert not copies & snapshot_ids(house)


def restore_backup(house: House, call: Call) -> None:
    backup = new_backup(house)
    flavor = Flavor.objects.get(settings=house.service, name="m1.tiny")
    body = {"flavor": house.link(flavor), "name": unique("server"), "ports": [{"subnet": house.link(house.subnet)}]}
    made = call(body, uuid=backup.uuid.hex)
    instance = Instance.objects.get(uuid=made["uuid"])
    sources = {in_cloud(house, volume)["snapshot_id"] for volume in instance.volumes.all()}
    assert sources == {snapshot.backend_id for snapshot in backup.snapshots.all()}
    assert instance.runtime_state == "ACTIVE"
    house.owner.delete(f"{house.link(instance)}?action=force_destroy")
    house.settle()
    house.owner.delete(house.link(backup))
    house.settle()


DONE_BY = {
    "Create Volume": create_volume,
    "Delete Volume": delete_volume,
    "Extend Volume": extend_volume,
    "Attach to Instance": attach_to_instance,
    "Detach from Instance": detach_from_instance,
    "Create from Snapshot": create_from_snapshot,
    "Create Snapshot": create_snapshot,
    "Delete Snapshot": delete_snapshot,
    "Restore Snapshot": restore_snapshot,
    "List Volume Types": list_volume_types,
    "Import Volume Types": import_volume_types,
    "Create Backup": create_backup,
    "Delete Backup": delete_backup,
    "Restore Backup": restore_backup,
}
