"""Backups: https://docs.openstack.org/api-ref/block-storage/v3/#backups-backups."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import bad_request, policy_refusal
from ..state import Obj, new_id
from ..transitions import failure, transition
from ..wire import Call, Reply
from . import quotas, view
from .listing import answer, fetch, given
from .volumes import build, fetch_volume

FILTERS = ("name", "status", "volume_id", "id", "created_at", "updated_at", "metadata", "project_id", "size")


def fetch_backup(call: Call) -> Obj:
    return fetch(call, "backups", call.params["id"], "Backup")


def brief(call: Call, backup: Obj) -> Obj:
    return {"id": backup["id"], "name": backup["name"], "links": view.links(call, "backups", backup["id"])}


def list_brief(call: Call) -> Obj:
    return answer(call, "backups", "Backup", FILTERS, lambda backup: brief(call, backup))


def list_detail(call: Call) -> Obj:
    return answer(call, "backups", "Backup", FILTERS, lambda backup: view.backup(call, backup))


def show(call: Call) -> Obj:
    return {"backup": view.backup(call, fetch_backup(call))}


def create(call: Call) -> Reply:
    body = given(call, "backup")
    volume = fetch_volume(call, body.get("volume_id") or "")
    allowed = ("available", "in-use") if body.get("force") else ("available",)
    if volume["status"] not in allowed:
        raise bad_request(
            "Invalid volume: Volume to be backed up must be available or in-use, but the current status is "
            f'"{volume["status"]}".'
        )
    quotas.check_backup(call, call.project_id, volume["size"])
    key = new_id()
    backup = call.state.add(
        "backups",
        {
            "id": key,
            "name": body.get("name"),
            "description": body.get("description"),
            "status": "creating",
            "volume_id": volume["id"],
            "size": volume["size"],
            "snapshot_id": body.get("snapshot_id"),
            "is_incremental": bool(body.get("incremental")),
            "metadata": dict(body.get("metadata") or {}),
            "container": f"{key[:2]}/{key[2:4]}/{key}",
            "fail_reason": None,
            "project_id": call.project_id,
            "user_id": call.context.user_id,
            "created_at": call.stamp(),
            "updated_at": None,
            "bootable": volume["bootable"],
            "image_metadata": volume["image_metadata"],
        },
    )
    call.cloud.schedule("backup.create", key, volume["status"])
    call.state.edit("volumes", volume, status="backing-up", updated_at=call.stamp())
    return Reply(202, {"backup": brief(call, backup)})


def finish(cloud: Cloud, backup_id: str, **changes: str) -> Obj | None:
    backup = cloud.state.get("backups", backup_id)
    if backup is not None:
        cloud.state.edit("backups", backup, updated_at=cloud.clock.stamp(), **changes)
    return backup


def give_back(cloud: Cloud, volume_id: str, status: str) -> None:
    volume = cloud.state.get("volumes", volume_id)
    if volume is not None:
        cloud.state.edit("volumes", volume, status=status, updated_at=cloud.clock.stamp())


@transition("backup.create")
def become_available(cloud: Cloud, backup_id: str, volume_status: str) -> None:
    backup = finish(cloud, backup_id, status="available")
    if backup is not None:
        give_back(cloud, backup["volume_id"], volume_status)


@failure("backup.create")
def fail_creation(cloud: Cloud, backup_id: str, volume_status: str, message: str) -> None:
    backup = finish(cloud, backup_id, status="error", fail_reason=message)
    if backup is not None:
        give_back(cloud, backup["volume_id"], volume_status)


def restore(call: Call) -> Reply:
    """To the given volume, or to a new one of the backup's size."""
    backup = fetch_backup(call)
    body = given(call, "restore")
    if backup["status"] != "available":
        raise bad_request("Invalid backup: Backup status must be available")
    if body.get("volume_id"):
        volume = fetch_volume(call, body["volume_id"])
        if volume["status"] != "available":
            raise bad_request("Invalid volume: Volume to be restored to must be available")
        if volume["size"] < backup["size"]:
            raise bad_request(
                f"Invalid volume: volume size {volume['size']} is too small to restore backup of size {backup['size']}."
            )
    else:
        name = body.get("name") or f"restore_backup_{backup['id']}"
        volume = build(call, {"size": backup["size"], "name": name})
    call.state.edit("volumes", volume, status="restoring-backup", updated_at=call.stamp())
    call.state.edit("backups", backup, status="restoring", updated_at=call.stamp())
    call.cloud.schedule("backup.restore", backup["id"], volume["id"])
    shown = {"backup_id": backup["id"], "volume_id": volume["id"], "volume_name": volume["name"]}
    return Reply(202, {"restore": shown})


@transition("backup.restore")
def restored(cloud: Cloud, backup_id: str, volume_id: str) -> None:
    backup = finish(cloud, backup_id, status="available")
    volume = cloud.state.get("volumes", volume_id)
    if backup is None or volume is None:
        return
    cloud.state.edit(
        "volumes",
        volume,
        status="available",
        updated_at=cloud.clock.stamp(),
        placed=True,
        bootable=backup["bootable"],
        image_metadata=backup["image_metadata"],
    )


@failure("backup.restore")
def fail_restore(cloud: Cloud, backup_id: str, volume_id: str, message: str) -> None:
    finish(cloud, backup_id, status="available", fail_reason=message)
    give_back(cloud, volume_id, "error_restoring")


def update(call: Call) -> Obj:
    backup, body = fetch_backup(call), given(call, "backup")
    known = {name: body[name] for name in ("name", "description", "metadata") if name in body}
    call.state.edit("backups", backup, **known, updated_at=call.stamp())
    return {"backup": brief(call, backup)}


def delete(call: Call) -> Reply:
    backup = fetch_backup(call)
    if backup["status"] not in ("available", "error"):
        raise bad_request("Invalid backup: Backup status must be available or error")
    return start_deletion(call, backup)


def start_deletion(call: Call, backup: Obj) -> Reply:
    call.state.edit("backups", backup, status="deleting", updated_at=call.stamp())
    call.cloud.schedule("backup.delete", backup["id"])
    return Reply(202)


@transition("backup.delete")
def vanish(cloud: Cloud, backup_id: str) -> None:
    backup = cloud.state.get("backups", backup_id)
    if backup is not None and backup["status"] == "deleting":
        cloud.state.drop("backups", backup)


def act(call: Call) -> Reply:
    """POST /backups/{id}/action: an admin resets the status or deletes by force."""
    backup = fetch_backup(call)
    name, value = call.action()
    if name not in OPERATIONS:
        raise bad_request(f"There is no such action: {name}.")
    if not call.is_admin:
        raise policy_refusal("block_storage", f"volume_extension:backup_admin_actions:{OPERATIONS[name]}")
    if name == "os-force_delete":
        return start_deletion(call, backup)
    call.state.edit("backups", backup, status=(value or {}).get("status", "error"), updated_at=call.stamp())
    return Reply(202)


OPERATIONS = {"os-reset_status": "reset_status", "os-force_delete": "force_delete"}
