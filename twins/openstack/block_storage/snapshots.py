"""Snapshots: https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import bad_request, policy_refusal
from ..state import Obj, new_id
from ..transitions import failure, transition
from ..wire import Call, Reply
from . import messages, quotas, view
from .listing import answer, fetch, given
from .volumes import fetch_volume

FILTERS = (
    "name",
    "status",
    "metadata",
    "volume_id",
    "id",
    "created_at",
    "updated_at",
    "user_id",
    "project_id",
    "availability_zone",
    "consumes_quota",
)


def fetch_snapshot(call: Call) -> Obj:
    return fetch(call, "snapshots", call.params["id"], "Snapshot")


def list_brief(call: Call) -> Obj:
    names = (
        "id",
        "created_at",
        "updated_at",
        "name",
        "description",
        "volume_id",
        "status",
        "size",
        "metadata",
    )
    return answer(
        call,
        "snapshots",
        "Snapshot",
        FILTERS,
        lambda snapshot: {name: value for name, value in view.snapshot(call, snapshot).items() if name in names},
    )


def list_detail(call: Call) -> Obj:
    return answer(call, "snapshots", "Snapshot", FILTERS, lambda snapshot: view.snapshot(call, snapshot))


def show(call: Call) -> Obj:
    return {"snapshot": view.snapshot(call, fetch_snapshot(call))}


def create(call: Call) -> Reply:
    """From 3.66 on an attached volume needs no ``force``."""
    body = given(call, "snapshot")
    if not body.get("volume_id"):
        raise bad_request(
            f"Invalid input for field/attribute snapshot. Value: {body}. 'volume_id' is a required property"
        )
    volume = fetch_volume(call, body["volume_id"])
    forced = call.version >= (3, 66) or str(body.get("force", False)).lower() in ("true", "1", "yes")
    allowed = ("available", "in-use") if forced else ("available",)
    if volume["status"] not in allowed:
        raise bad_request(
            f"Invalid volume: Volume {volume['id']} status must be {' or '.join(allowed)}, but current "
            "status is: "
            f"{volume['status']}."
        )
    return Reply(202, {"snapshot": view.snapshot(call, make(call, volume, body), created=True)})


def make(call: Call, volume: Obj, body: Obj) -> Obj:
    """Let a snapshot of a volume be made; Nova uses it for images of servers that boot from volumes."""
    quotas.check(call, call.project_id, "snapshots", volume["size"], volume["volume_type"])
    snapshot = call.state.add(
        "snapshots",
        {
            "id": new_id(),
            "name": body.get("name"),
            "description": body.get("description"),
            "status": "creating",
            "volume_id": volume["id"],
            "size": volume["size"],
            "volume_type": volume["volume_type"],
            "bootable": volume["bootable"],
            "image_metadata": volume["image_metadata"],
            "metadata": dict(body.get("metadata") or {}),
            "project_id": call.project_id,
            "user_id": call.context.user_id,
            "created_at": call.stamp(),
            "updated_at": None,
        },
    )
    call.cloud.schedule("snapshot.create", snapshot["id"])
    return snapshot


@transition("snapshot.create")
def become_available(cloud: Cloud, snapshot_id: str) -> None:
    set_status(cloud, snapshot_id, "creating", "available")


@failure("snapshot.create")
def fail_creation(cloud: Cloud, snapshot_id: str, message: str) -> None:
    fail(cloud, snapshot_id, "creating", "error", message)


def set_status(cloud: Cloud, snapshot_id: str, before: str, after: str) -> Obj | None:
    """The snapshot, when it was as expected `before`."""
    snapshot = cloud.state.get("snapshots", snapshot_id)
    if snapshot is None or snapshot["status"] != before:
        return None
    return cloud.state.edit("snapshots", snapshot, status=after, updated_at=cloud.clock.stamp())


def fail(cloud: Cloud, snapshot_id: str, before: str, after: str, message: str) -> None:
    snapshot = set_status(cloud, snapshot_id, before, after)
    if snapshot is not None:
        messages.tell(cloud, "VOLUME_SNAPSHOT", snapshot, message)


def update(call: Call) -> Obj:
    snapshot, body = fetch_snapshot(call), given(call, "snapshot")
    known = {name: body[name] for name in ("name", "description") if name in body}
    call.state.edit("snapshots", snapshot, **known, updated_at=call.stamp())
    return {"snapshot": view.snapshot(call, snapshot, created=True)}


def delete(call: Call) -> Reply:
    snapshot = fetch_snapshot(call)
    if snapshot["status"] not in ("available", "error"):
        raise bad_request(
            "Invalid snapshot: Snapshot status must be available or error, and must not be part of a group."
        )
    return start_deletion(call, snapshot)


def start_deletion(call: Call, snapshot: Obj) -> Reply:
    call.state.edit("snapshots", snapshot, status="deleting", updated_at=call.stamp())
    call.cloud.schedule("snapshot.delete", snapshot["id"])
    return Reply(202)


@transition("snapshot.delete")
def vanish(cloud: Cloud, snapshot_id: str) -> None:
    snapshot = cloud.state.get("snapshots", snapshot_id)
    if snapshot is not None and snapshot["status"] == "deleting":
        cloud.state.drop("snapshots", snapshot)


@failure("snapshot.delete")
def fail_deletion(cloud: Cloud, snapshot_id: str, message: str) -> None:
    fail(cloud, snapshot_id, "deleting", "error_deleting", message)


def act(call: Call) -> Reply:
    """POST /snapshots/{id}/action: an admin resets the status or deletes by force."""
    snapshot = fetch_snapshot(call)
    name, value = call.action()
    if name not in OPERATIONS:
        raise bad_request(f"There is no such action: {name}.")
    if not call.is_admin:
        raise policy_refusal("block_storage", f"volume_extension:snapshot_admin_actions:{OPERATIONS[name]}")
    if name == "os-force_delete":
        return start_deletion(call, snapshot)
    call.state.edit("snapshots", snapshot, status=(value or {}).get("status", "error"), updated_at=call.stamp())
    return Reply(202)


OPERATIONS = {"os-reset_status": "reset_status", "os-force_delete": "force_delete"}
