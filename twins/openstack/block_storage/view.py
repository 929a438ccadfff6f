"""How Cinder shows its objects; some fields come with a microversion, some only to admins."""

from __future__ import annotations

from ..state import Obj
from ..wire import Call

HOST = "volume-1@lvm"
POOL_SIZE = 1000000  # GB, of each pool
SERVICE_UUID = "5e3b5a3c-8c0e-4c39-a5a5-6d5c3a1e0f11"


def moment(stamp: str | None) -> str | None:
    return f"{stamp}.000000" if stamp else None


def links(call: Call, collection: str, key: str) -> list[Obj]:
    root = f"{call.base}/volume"
    scope = f"/{call.scope}" if call.scope else ""
    return [
        {"rel": "self", "href": f"{root}/v3{scope}/{collection}/{key}"},
        {"rel": "bookmark", "href": f"{root}{scope}/{collection}/{key}"},
    ]


def volume(call: Call, obj: Obj, created: bool = False) -> Obj:
    """A volume; right after its creation (``created``) without the fields of the extensions."""
    shown = {
        "id": obj["id"],
        "status": obj["status"],
        "size": obj["size"],
        "availability_zone": obj["availability_zone"],
        "created_at": moment(obj["created_at"]),
        "updated_at": moment(obj["updated_at"]),
        "name": obj["name"],
        "description": obj["description"],
        "volume_type": obj["volume_type"],
        "snapshot_id": obj["snapshot_id"],
        "source_volid": obj["source_volid"],
        "metadata": obj["metadata"],
        "links": links(call, "volumes", obj["id"]),
        "user_id": obj["user_id"],
        "bootable": "true" if obj["bootable"] else "false",
        "encrypted": False,
        "replication_status": None,
        "consistencygroup_id": None,
        "multiattach": obj["multiattach"],
        "attachments": [volume_attachment(call, obj, item) for item in attached(call, obj)],
    }
    if obj["image_metadata"] and not created:
        shown["volume_image_metadata"] = obj["image_metadata"]
    if call.is_admin and not created:
        shown["migration_status"] = None
    add_by_version(call, shown, obj)
    if created:
        return shown
    shown["os-vol-tenant-attr:tenant_id"] = obj["project_id"]
    if call.is_admin:
        shown["os-vol-mig-status-attr:migstat"] = None
        shown["os-vol-mig-status-attr:name_id"] = None
        shown["os-vol-host-attr:host"] = f"{HOST}#{obj['volume_type']}" if obj["placed"] else None
    return shown


def add_by_version(call: Call, shown: Obj, obj: Obj) -> None:
    if call.version >= (3, 13):
        shown["group_id"] = None
    if call.version >= (3, 21) and call.is_admin:
        shown["provider_id"] = None
    if call.version >= (3, 48):
        shown["shared_targets"] = not obj["placed"]
        shown["service_uuid"] = SERVICE_UUID if obj["placed"] else None
    if call.version >= (3, 61) and call.is_admin:
        shown["cluster_name"] = None
    if call.version >= (3, 63):
        shown["volume_type_id"] = obj["volume_type_id"]
    if call.version >= (3, 65):
        shown["consumes_quota"] = True


def attached(call: Call, obj: Obj) -> list[Obj]:
    found = call.state.where("attachments", "volume_id", obj["id"])
    return [item for item in found if item["status"] == "attached"]


def volume_attachment(call: Call, obj: Obj, item: Obj) -> Obj:
    """An attachment as a volume shows it."""
    return {
        "id": obj["id"],
        "attachment_id": item["id"],
        "volume_id": obj["id"],
        "server_id": item["instance"],
        "host_name": item["host"] if call.is_admin else None,
        "device": item["device"],
        "attached_at": moment(item["attached_at"]),
    }


def attachment(item: Obj) -> Obj:
    """An attachment as /attachments shows it (3.27)."""
    return {
        "id": item["id"],
        "status": item["status"],
        "instance": item["instance"],
        "volume_id": item["volume_id"],
        "attached_at": moment(item["attached_at"]) or "",
        "detached_at": "",
        "attach_mode": "rw",
        "connection_info": {
            "driver_volume_type": "iscsi",
            "volume_id": item["volume_id"],
            "access_mode": "rw",
        },
    }


def snapshot(call: Call, obj: Obj, created: bool = False) -> Obj:
    shown = {
        "id": obj["id"],
        "created_at": moment(obj["created_at"]),
        "updated_at": moment(obj["updated_at"]),
        "name": obj["name"],
        "description": obj["description"],
        "volume_id": obj["volume_id"],
        "status": obj["status"],
        "size": obj["size"],
        "metadata": obj["metadata"],
    }
    if call.version >= (3, 14):
        shown["group_snapshot_id"] = None
    if call.version >= (3, 41):
        shown["user_id"] = obj["user_id"]
    if call.version >= (3, 65):
        shown["consumes_quota"] = True
    if not created:
        shown["os-extended-snapshot-attributes:project_id"] = obj["project_id"]
        shown["os-extended-snapshot-attributes:progress"] = "100%" if obj["status"] == "available" else "0%"
    return shown


def backup(call: Call, obj: Obj) -> Obj:
    shown = {
        "id": obj["id"],
        "status": obj["status"],
        "size": obj["size"],
        "object_count": 1 if obj["status"] == "available" else 0,
        "availability_zone": "nova",
        "container": obj["container"],
        "created_at": moment(obj["created_at"]),
        "updated_at": moment(obj["updated_at"]),
        "name": obj["name"],
        "description": obj["description"],
        "fail_reason": obj["fail_reason"],
        "volume_id": obj["volume_id"],
        "links": links(call, "backups", obj["id"]),
        "is_incremental": obj["is_incremental"],
        "has_dependent_backups": False,
        "snapshot_id": obj["snapshot_id"],
        "data_timestamp": moment(obj["created_at"]),
    }
    if call.is_admin and call.version >= (3, 18):
        shown["os-backup-project-attr:project_id"] = obj["project_id"]
    if call.version >= (3, 43):
        shown["metadata"] = obj["metadata"]
    if call.is_admin and call.version >= (3, 56):
        shown["user_id"] = obj["user_id"]
    return shown
