"""Volumes, their snapshots, and backups of servers."""

from typing import Any

from tests.e2e.client.scenarios.base import Removable, Renamable, Stateful
from tests.e2e.client.stage import Row
from waldur_openstack import models

KEPT_UNTIL = "2035-01-01T00:00:00Z"


class Volumes(Stateful, Renamable):
    section, model = "openstack_volumes", models.Volume

    def standing(self) -> Row:
        return self.stage.volume

    def make(self) -> Row:
        return self.stage.estate.build_volume(self.stage.tenant, name=self.stage.name()).scope

    def attach(self) -> None:
        volume = self._attached()
        found = self.call("retrieve", volume)
        assert (found.runtime_state, found.instance_name) == ("in-use", "sequencer")
        self.call("detach", volume)

    def detach(self) -> None:
        volume = self._attached()
        assert self.call("detach", volume).status
        assert self.call("retrieve", volume).runtime_state == "available"

    def _attached(self) -> Row:
        volume = self.make()
        assert self.call("attach", volume, {"instance": self.stage.link(self.stage.server)}).status
        return volume

    def extend(self) -> None:
        volume = self.make()
        assert self.call("extend", volume, {"disk_size": 4096}).status
        assert self.call("retrieve", volume).size == 4096

    def retype(self) -> None:
        volume = self.make()
        types = models.VolumeType.objects.filter(settings=volume.service_settings)
        other = types.exclude(pk=volume.type_id).earliest("pk")
        assert self.call("retype", volume, {"type": self.stage.link(other)}).status
        assert self.call("retrieve", volume).type_name == other.name

    def snapshot(self) -> None:
        body = {"name": self.stage.name(), "kept_until": KEPT_UNTIL, "metadata": {"why": "tests"}}
        found = self.call("snapshot", self.stage.volume, body)
        assert (found.source_volume_name, found.size) == ("dataset", self.stage.volume.size)
        assert self.stage.now(models.Snapshot.objects.get(uuid=found.uuid)).backend_id


class Snapshots(Stateful, Renamable, Removable):
    section, model = "openstack_snapshots", models.Snapshot

    def standing(self) -> Row:
        return self.stage.snapshot

    def make(self) -> Row:
        body = {"name": self.stage.name(), "description": "of the dataset"}
        return self.made(self.stage.call("openstack_volumes_snapshot", self.stage.volume, body))

    def replacement(self, row: Row, name: str) -> dict[str, Any]:
        return {"name": name, "description": "changed", "kept_until": KEPT_UNTIL}

    def restore(self) -> None:
        name = self.stage.name()
        found = self.call("restore", self.standing(), {"name": name})
        assert (found.name, found.size) == (name, self.stage.volume.size)
        assert self.stage.now(models.Volume.objects.get(uuid=found.uuid)).backend_id

    def restorations_list(self) -> None:
        snapshot = self.make()
        volume = self.call("restore", snapshot, {"name": self.stage.name()})
        (found,) = self.call("restorations_list", snapshot, who="member")
        assert (found.volume_name, found.volume_state) == (volume.name, "OK")


class Backups(Stateful, Renamable, Removable):
    section, model = "openstack_backups", models.Backup

    def standing(self) -> Row:
        return self.stage.backup

    def make(self) -> Row:
        body = {"name": self.stage.name(), "description": "of the server"}
        return self.made(self.stage.call("openstack_instances_backup", self.stage.server, body))

    def replacement(self, row: Row, name: str) -> dict[str, Any]:
        return {"name": name, "description": "changed", "kept_until": KEPT_UNTIL}

    def restore(self) -> None:
        flavor = models.Flavor.objects.get(settings=self.stage.tenant.service_settings, name="m1.tiny")
        body = {
            "name": self.stage.name(),
            "flavor": self.stage.link(flavor),
            "ports": [{"subnet": self.stage.link(self.stage.subnet)}],
        }
        found = self.call("restore", self.standing(), body)
        server = self.stage.now(models.Instance.objects.get(uuid=found.uuid))
        assert (server.name, server.volumes.count()) == (body["name"], self.stage.server.volumes.count())
