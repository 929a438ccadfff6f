"""Scenarios of volumes."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin, delete
from tests.openstack.orders import build_volume, built, order_of, order_volume
from waldur_openstack.api.block_storage.backup_restore import BackupRestoreSerializer
from waldur_openstack.copies.taking import take_backup, take_snapshot
from waldur_openstack.models import Flavor, VolumeType


def volume_beside_instance(stage: Stage) -> Any:
    """A free volume, and a server of the same tenant to attach it to."""
    return build_volume(stage.instance().tenant, stage.cast.owner)


def data_volume(stage: Stage) -> Any:
    """The data volume of a stopped server."""
    return stage.stopped_instance().volumes.get(bootable=False)


def attach(stage: Stage, volume: Any) -> Any:
    return begin("openstack.volume.attach", instance=volume.tenant.instances.get().uuid.hex)(stage, volume)


def snapshot(stage: Stage) -> Any:
    return built(take_snapshot(stage.volume(), user=stage.cast.owner, name="snapshot"))


def backup(stage: Stage) -> Any:
    return built(take_backup(stage.stopped_instance(), user=stage.cast.owner, name="backup"))


def retype(stage: Stage, volume: Any) -> Any:
    kind = VolumeType.objects.exclude(pk=volume.type_id).first()
    assert kind
    return begin("openstack.volume.retype", type=kind.uuid.hex, type_name=kind.name)(stage, volume)


def restore(stage: Stage, backup: Any) -> Any:
    """The server that was copied has a port; this one gets its own, and a public address."""
    user, instance = stage.cast.owner, backup.instance
    subnet = instance.ports.get().subnet.uuid.hex
    flavor = Flavor.objects.get(settings=stage.service, name="m1.tiny").uuid.hex
    body = {"flavor": flavor, "name": "again", "floating_ips": [{"subnet": subnet}]}
    return order_of(BackupRestoreSerializer, backup, user, **body)


SCENARIOS = {
    "openstack.volume.create": Scenario(Stage.tenant, lambda stage, tenant: order_volume(tenant, stage.cast.owner)),
    "openstack.volume.delete": Scenario(Stage.volume, delete),
    "openstack.volume.attach": Scenario(volume_beside_instance, attach),
    "openstack.volume.detach": Scenario(data_volume, begin("openstack.volume.detach")),
    "openstack.volume.extend": Scenario(data_volume, begin("openstack.volume.extend", size=3072)),
    "openstack.volume.extend_attached": Scenario(
        lambda stage: stage.instance().volumes.get(bootable=False),
        begin("openstack.volume.extend_attached", size=3072),
    ),
    "openstack.volume.retype": Scenario(Stage.volume, retype),
    "openstack.volume.update": Scenario(
        Stage.volume, begin("openstack.volume.update", changed=["bootable", "description", "name"])
    ),
    "openstack.snapshot.create": Scenario(
        Stage.volume, lambda stage, volume: take_snapshot(volume, user=stage.cast.owner, name="snapshot")
    ),
    "openstack.snapshot.update": Scenario(snapshot, begin("openstack.snapshot.update", changed=["metadata", "name"])),
    "openstack.snapshot.delete": Scenario(snapshot, begin("openstack.snapshot.delete")),
    "openstack.backup.create": Scenario(
        Stage.instance, lambda stage, instance: take_backup(instance, user=stage.cast.owner, name="backup")
    ),
    "openstack.backup.delete": Scenario(backup, begin("openstack.backup.delete")),
    "openstack.backup.restore": Scenario(backup, restore),
}
