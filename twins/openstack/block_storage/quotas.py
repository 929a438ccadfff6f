"""Quota sets and limits: https://docs.openstack.org/api-ref/block-storage/v3/#quota-sets-extension-os-quota-sets."""

from __future__ import annotations

from typing import Any

from ..errors import ApiError, bad_request, policy_refusal
from ..state import Obj
from ..wire import Call, Route

DEFAULTS = {
    "volumes": 10,
    "per_volume_gigabytes": -1,
    "snapshots": 10,
    "gigabytes": 1000,
    "backups": 10,
    "backup_gigabytes": 1000,
    "groups": 10,
}
PER_TYPE = ("volumes", "gigabytes", "snapshots")
ABSOLUTE = {
    "maxTotalVolumes": "volumes",
    "maxTotalSnapshots": "snapshots",
    "maxTotalVolumeGigabytes": "gigabytes",
    "maxTotalBackups": "backups",
    "maxTotalBackupGigabytes": "backup_gigabytes",
}
USED = {
    "totalVolumesUsed": "volumes",
    "totalGigabytesUsed": "gigabytes",
    "totalSnapshotsUsed": "snapshots",
    "totalBackupsUsed": "backups",
    "totalBackupGigabytesUsed": "backup_gigabytes",
}


def type_keys(call: Call) -> list[str]:
    return [f"{name}_{type_['name']}" for type_ in call.state.all("volume_types") for name in PER_TYPE]


def limits(call: Call, project_id: str) -> dict[str, int]:
    stored = (call.state.get("volume_quotas", project_id) or {}).get("limits", {})
    return {**DEFAULTS, **dict.fromkeys(type_keys(call), -1), **stored}


def usage(call: Call, project_id: str) -> dict[str, int]:
    """What a project uses. Snapshots count as gigabytes, too."""
    used = dict.fromkeys([*DEFAULTS, *type_keys(call)], 0)
    for volume in call.state.where("volumes", "project_id", project_id):
        count(used, "volumes", volume["volume_type"], volume["size"])
    for snapshot in call.state.where("snapshots", "project_id", project_id):
        count(used, "snapshots", snapshot["volume_type"], snapshot["size"])
    for backup in call.state.where("backups", "project_id", project_id):
        used["backups"] += 1
        used["backup_gigabytes"] += backup["size"]
    return used


def count(used: dict[str, int], name: str, type_: str, size: int) -> None:
    for key, amount in ((name, 1), (f"{name}_{type_}", 1), ("gigabytes", size), (f"gigabytes_{type_}", size)):
        used[key] = used.get(key, 0) + amount


def refuse(message: str) -> ApiError:
    return ApiError(413, message, retry_after=0)


def check(
    call: Call, project_id: str, noun: str, gigabytes: int, type_: str, new: int = 1, size: int | None = None
) -> None:
    """413 when ``new`` objects (``volumes`` or ``snapshots``) of ``gigabytes`` in all are too much.

    ``size`` is what one of them comes to, where that is not ``gigabytes``.
    """
    allowed, used = limits(call, project_id), usage(call, project_id)
    largest = allowed["per_volume_gigabytes"]
    size = gigabytes if size is None else size
    if noun == "volumes" and 0 <= largest < size:
        raise refuse(
            f"VolumeSizeExceedsLimit: Requested volume size {size}G is larger than maximum allowed limit {largest}G."
        )
    for key in ("gigabytes", f"gigabytes_{type_}"):
        if 0 <= allowed.get(key, -1) < used.get(key, 0) + gigabytes:
            raise refuse(
                "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed "
                f"{key} quota. Requested {gigabytes}G, quota is {allowed[key]}G and {used[key]}G has been "
                "consumed."
            )
    for key in (noun, f"{noun}_{type_}") if new else ():
        if 0 <= allowed.get(key, -1) < used.get(key, 0) + new:
            raise refuse(too_many(noun, key, allowed[key]))


def too_many(noun: str, key: str, limit: int) -> str:
    suffix = f" for quota '{key}'." if noun == "volumes" else ""
    name = noun[:-1].capitalize()
    return f"{name}LimitExceeded: Maximum number of {noun} allowed ({limit}) exceeded{suffix}"


def check_backup(call: Call, project_id: str, gigabytes: int) -> None:
    allowed, used = limits(call, project_id), usage(call, project_id)
    if 0 <= allowed["backup_gigabytes"] < used["backup_gigabytes"] + gigabytes:
        raise refuse(
            "VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup gigabytes quota. "
            f"Requested {gigabytes}G, quota is {allowed['backup_gigabytes']}G and "
            f"{used['backup_gigabytes']}G has been consumed."
        )
    if 0 <= allowed["backups"] < used["backups"] + 1:
        raise refuse(f"BackupLimitExceeded: Maximum number of backups allowed ({allowed['backups']}) exceeded")


def show(call: Call) -> Obj:
    project_id = call.params["target"]
    if not call.is_admin and project_id != call.project_id:
        raise policy_refusal("block_storage", "volume_extension:quotas:show")
    allowed: dict[str, Any] = dict(limits(call, project_id))
    if call.flag("usage"):
        used = usage(call, project_id)
        allowed = {
            name: {"limit": limit, "in_use": used.get(name, 0), "reserved": 0} for name, limit in allowed.items()
        }
    return {"quota_set": {**allowed, "id": project_id}}


def show_defaults(call: Call) -> Obj:
    return {"quota_set": {**DEFAULTS, **dict.fromkeys(type_keys(call), -1), "id": call.params["target"]}}


def check_number(name: str, limit: Any) -> None:
    if not str(limit).lstrip("-").isdigit():
        raise bad_request(f"{name} must be an integer")
    if int(limit) < -1:
        raise bad_request(f"{name} must be >= -1")


def update(call: Call) -> Obj:
    """Only a quota that was set before is compared with what is used."""
    project_id = call.params["target"]
    body = dict((call.body or {}).get("quota_set") or {})
    body.pop("tenant_id", None)
    present, used = limits(call, project_id), usage(call, project_id)
    unknown = [name for name in body if name not in present]
    if unknown:
        raise bad_request(f"Invalid input received: Bad key(s) in quota set: {','.join(unknown)}")
    stored = (call.state.get("volume_quotas", project_id) or {}).get("limits", {})
    for name, limit in body.items():
        check_number(name, limit)
        if name in stored and 0 <= int(limit) < used.get(name, 0):
            raise bad_request(
                f"Quota {name} limit must be equal or greater than existing resources. "
                f"Current usage is {used[name]} and the requested limit is {limit}."
            )
    chosen = {name: int(limit) for name, limit in body.items()}
    call.state.add("volume_quotas", {"id": project_id, "limits": {**stored, **chosen}})
    return {"quota_set": limits(call, project_id)}


def delete(call: Call) -> None:
    stored = call.state.get("volume_quotas", call.params["target"])
    if stored is not None:
        call.state.drop("volume_quotas", stored)


def show_limits(call: Call) -> Obj:
    allowed, used = limits(call, call.project_id), usage(call, call.project_id)
    absolute = {name: allowed[key] for name, key in ABSOLUTE.items()}
    absolute |= {name: used[key] for name, key in USED.items()}
    return {"limits": {"rate": [], "absolute": absolute}}


ROUTES = [
    Route("GET", "/os-quota-sets/{target}", "volume_quota.show", show),
    Route("GET", "/os-quota-sets/{target}/defaults", "volume_quota.show_defaults", show_defaults),
    Route(
        "PUT",
        "/os-quota-sets/{target}",
        "volume_quota.update",
        update,
        policy="volume_extension:quotas:update",
    ),
    Route(
        "DELETE",
        "/os-quota-sets/{target}",
        "volume_quota.delete",
        delete,
        policy="volume_extension:quotas:delete",
    ),
    Route("GET", "/limits", "limits.show", show_limits),
]
