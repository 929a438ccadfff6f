"""Cinder v3."""

import json
from collections.abc import Iterator
from datetime import datetime

from waldur_core.operations.errors import CloudConflict, Invalid, NotFound
from waldur_openstack.cloud.gateway import JSON, Gateway, as_text

MESSAGES = "3.5"
EXTEND_IN_USE = "3.42"
TIME_FILTERS = "3.60"
BY_ID = {"all_tenants": "1", "sort": "id:asc"}


class BlockStorage(Gateway):
    service_type = "block-storage"
    min_version = "3"
    max_version = "3.latest"
    probe = "/types"

    def volume_types(self, *, everywhere: bool = False) -> list[JSON]:
        """The public ones and one's own; or, for administrators, all of the cloud."""
        return list(self.pages("/types", "volume_types", is_public="None" if everywhere else None))

    def users_of_volume_type(self, type_id: str) -> list[str]:
        """The projects that may use a private type; none when it has gone meanwhile."""
        try:
            access = self.get(f"/types/{type_id}/os-volume-type-access")["volume_type_access"]
        except NotFound:
            return []
        return [item["project_id"] for item in access]

    def zones(self) -> list[JSON]:
        return self.get("/os-availability-zone")["availabilityZoneInfo"]

    def create_volume(self, **attributes: object) -> JSON:
        return self.post("/volumes", {"volume": attributes})["volume"]

    def volume(self, volume_id: str) -> JSON | None:
        return self.find(f"/volumes/{volume_id}", "volume")

    def find_volume(self, metadata: JSON) -> JSON | None:
        """The volume that carries our metadata."""
        for volume in self.pages("/volumes/detail", "volumes", metadata=json.dumps(metadata)):
            if metadata.items() <= volume["metadata"].items():
                return volume
        return None

    def volumes(self) -> list[JSON]:
        return list(self.pages("/volumes/detail", "volumes"))

    def update_volume(self, volume_id: str, **attributes: object) -> JSON:
        return self.put(f"/volumes/{volume_id}", {"volume": attributes})["volume"]

    def delete_volume(self, volume_id: str) -> None:
        """Delete; one that is being deleted is on its way, one that is still in use may be tried again.

        One whose deletion has failed before is deleted by force: Cinder takes nothing else for it.
        """
        try:
            self.delete(f"/volumes/{volume_id}")
        except Invalid as error:
            status = (self.volume(volume_id) or {"status": "deleting"})["status"]
            if status == "error_deleting":
                self.force_delete_volume(volume_id)
            elif status != "deleting":
                raise CloudConflict(error.message) from error

    def force_delete_volume(self, volume_id: str) -> None:
        self.post(f"/volumes/{volume_id}/action", {"os-force_delete": {}})

    def volume_pages(self, since: datetime | None = None) -> Iterator[list[JSON]] | None:
        """The volumes of the whole cloud by id; those changed `since`, None when Cinder is too old to tell."""
        if since and not self.supports(TIME_FILTERS):
            return None
        changed = {"updated_at": f"gte:{as_text(since)}"} if since else {}
        version = TIME_FILTERS if since else None
        return self.page_by_page("/volumes/detail", "volumes", microversion=version, **BY_ID, **changed)

    def volume_ids(self) -> Iterator[list[JSON]]:
        """The same, little more than their ids."""
        return self.page_by_page("/volumes", "volumes", **BY_ID)

    def snapshot_pages(self) -> Iterator[list[JSON]]:
        """The snapshots of the whole cloud by id; Cinder cannot tell which have changed."""
        return self.page_by_page("/snapshots/detail", "snapshots", **BY_ID)

    def extend_volume(self, volume_id: str, gigabytes: int) -> None:
        self.post(f"/volumes/{volume_id}/action", {"os-extend": {"new_size": gigabytes}})

    def extend_attached_volume(self, volume_id: str, gigabytes: int) -> None:
        """Extend a volume that a running server uses; Cinder tells Nova."""
        body = {"os-extend": {"new_size": gigabytes}}
        self.post(f"/volumes/{volume_id}/action", body, microversion=EXTEND_IN_USE)

    def retype_volume(self, volume_id: str, type_name: str) -> None:
        """Another type; the contents move only when they have to."""
        body = {"os-retype": {"new_type": type_name, "migration_policy": "on-demand"}}
        self.post(f"/volumes/{volume_id}/action", body)

    def set_bootable(self, volume_id: str, bootable: bool) -> None:
        self.post(f"/volumes/{volume_id}/action", {"os-set_bootable": {"bootable": bootable}})

    def snapshots(self) -> list[JSON]:
        return list(self.pages("/snapshots/detail", "snapshots"))

    def snapshot(self, snapshot_id: str) -> JSON | None:
        return self.find(f"/snapshots/{snapshot_id}", "snapshot")

    def create_snapshot(self, **attributes: object) -> JSON:
        """A snapshot; `force` is for volumes in use, and harmless for others."""
        return self.post("/snapshots", {"snapshot": {"force": True, **attributes}})["snapshot"]

    def find_snapshot(self, volume_id: str, metadata: JSON) -> JSON | None:
        """The snapshot of this volume that carries our metadata."""
        for snapshot in self.pages("/snapshots/detail", "snapshots", volume_id=volume_id):
            if metadata.items() <= snapshot["metadata"].items():
                return snapshot
        return None

    def update_snapshot(self, snapshot_id: str, **attributes: object) -> JSON:
        return self.put(f"/snapshots/{snapshot_id}", {"snapshot": attributes})["snapshot"]

    def set_snapshot_metadata(self, snapshot_id: str, metadata: JSON) -> None:
        """Replace all of it."""
        self.put(f"/snapshots/{snapshot_id}/metadata", {"metadata": metadata})

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete; by force when it has failed before. One that is busy may be tried again."""
        try:
            self.delete(f"/snapshots/{snapshot_id}")
        except Invalid as error:
            status = (self.snapshot(snapshot_id) or {"status": "deleting"})["status"]
            if status == "error_deleting":
                self.post(f"/snapshots/{snapshot_id}/action", {"os-force_delete": {}})
            elif status != "deleting":
                raise CloudConflict(error.message) from error

    def last_message(self, object_id: str) -> JSON | None:
        """What Cinder told the users of this project last of a volume or snapshot; None: nothing, or it is too old.

        https://docs.openstack.org/api-ref/block-storage/v3/#messages-messages
        """
        if not self.supports(MESSAGES):
            return None
        query = {"resource_uuid": object_id, "sort": "created_at:desc", "limit": "1"}
        found = self.get("/messages", microversion=MESSAGES, **query)["messages"]
        return found[0] if found else None

    def quotas(self, project_id: str) -> JSON:
        """{name: {limit, in_use, reserved}}."""
        return self.get(f"/os-quota-sets/{project_id}", usage="true")["quota_set"]

    def set_quotas(self, project_id: str, limits: JSON) -> None:
        self.put(f"/os-quota-sets/{project_id}", {"quota_set": limits})

    def delete_quotas(self, project_id: str) -> None:
        self.delete(f"/os-quota-sets/{project_id}")
