"""POST /volumes/{id}/action: https://docs.openstack.org/api-ref/block-storage/v3/#volume-actions-volumes-action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cloud import Cloud
from ..errors import bad_request, policy_refusal
from ..state import Obj
from ..transitions import failure, transition
from ..wire import Call, Reply
from . import attachments, quotas
from .sources import type_of
from .volumes import fail, fetch_volume, start_deletion

Action = Callable[[Call, Obj, Any], Reply]


def run(call: Call) -> Reply:
    """Dispatch by the one key of the body."""
    volume = fetch_volume(call, call.params["id"])
    name, value = call.action()
    if name not in ACTIONS:
        raise bad_request(
            f"There is no such action: {name}. Verify the request body and Content-Type header and try again."
        )
    return ACTIONS[name](call, volume, value or {})


def admin_only(call: Call, rule: str) -> None:
    if not call.is_admin:
        raise policy_refusal("block_storage", f"volume_extension:volume_admin_actions:{rule}")


def extend(call: Call, volume: Obj, value: Obj) -> Reply:
    """An attached volume grows from 3.42 on."""
    text = str(value.get("new_size", ""))
    if not text.isdigit():
        raise bad_request(f"Invalid input for field/attribute new_size. Value: {text}.")
    size = int(text)
    allowed = ("available", "in-use") if call.version >= (3, 42) else ("available",)
    if volume["status"] not in allowed:
        raise bad_request(
            f"Invalid volume: Volume {volume['id']} status must be '{{'status': 'available'}}' to extend, "
            f"currently {volume['status']}."
        )
    if size <= volume["size"]:
        raise bad_request(
            "Invalid input received: New size for extend must be greater than current size. "
            f"(current: {volume['size']}, extended: {size})."
        )
    quotas.check(call, volume["project_id"], "volumes", size - volume["size"], volume["volume_type"], new=0, size=size)
    call.cloud.schedule("volume.extend", volume["id"], size, volume["status"])
    call.state.edit("volumes", volume, status="extending", updated_at=call.stamp())
    return Reply(202)


@transition("volume.extend")
def grow(cloud: Cloud, volume_id: str, size: int, status: str) -> None:
    volume = cloud.state.get("volumes", volume_id)
    if volume is not None and volume["status"] == "extending":
        cloud.state.edit("volumes", volume, size=size, status=status, updated_at=cloud.clock.stamp())


@failure("volume.extend")
def fail_growth(cloud: Cloud, volume_id: str, size: int, status: str, message: str) -> None:
    fail(cloud, volume_id, "error_extending", message)


def retype(call: Call, volume: Obj, value: Obj) -> Reply:
    type_ = type_of(call, value.get("new_type"))
    if volume["status"] not in ("available", "in-use"):
        raise bad_request(
            f"Invalid volume: Volume {volume['id']} status must be available or in-use, but current status "
            "is: "
            f"{volume['status']}."
        )
    if type_["id"] == volume["volume_type_id"]:
        raise bad_request(f"Invalid input received: New volume_type same as original: {volume['volume_type_id']}.")
    quotas.check(call, volume["project_id"], "volumes", 0, type_["name"], new=0)
    call.cloud.schedule("volume.retype", volume["id"], type_["id"], volume["status"])
    call.state.edit("volumes", volume, status="retyping", updated_at=call.stamp())
    return Reply(202)


@transition("volume.retype")
def change_type(cloud: Cloud, volume_id: str, type_id: str, status: str) -> None:
    volume, type_ = cloud.state.get("volumes", volume_id), cloud.state.get("volume_types", type_id)
    if volume is not None and type_ is not None and volume["status"] == "retyping":
        cloud.state.edit(
            "volumes",
            volume,
            volume_type=type_["name"],
            volume_type_id=type_["id"],
            status=status,
            updated_at=cloud.clock.stamp(),
        )


@failure("volume.retype")
def keep_type(cloud: Cloud, volume_id: str, type_id: str, status: str, message: str) -> None:
    fail(cloud, volume_id, status, message)


def reset_status(call: Call, volume: Obj, value: Obj) -> Reply:
    admin_only(call, "reset_status")
    call.state.edit("volumes", volume, status=value.get("status") or volume["status"], updated_at=call.stamp())
    return Reply(202)


def force_delete(call: Call, volume: Obj, value: Obj) -> Reply:
    admin_only(call, "force_delete")
    start_deletion(call.cloud, volume)
    return Reply(202)


def set_bootable(call: Call, volume: Obj, value: Obj) -> Reply:
    text = str(value.get("bootable", "")).lower()
    if text not in ("true", "false", "1", "0"):
        raise bad_request(f"Invalid input for field/attribute bootable. Value: {text}.")
    call.state.edit("volumes", volume, bootable=text in ("true", "1"), updated_at=call.stamp())
    return Reply(200)


def set_image_metadata(call: Call, volume: Obj, value: Obj) -> Reply:
    merged = {**volume["image_metadata"], **(value.get("metadata") or {})}
    call.state.edit("volumes", volume, image_metadata=merged, updated_at=call.stamp())
    return Reply(200, {"metadata": merged})


def set_readonly(call: Call, volume: Obj, value: Obj) -> Reply:
    metadata = {**volume["metadata"], "readonly": str(bool(value.get("readonly")))}
    call.state.edit("volumes", volume, metadata=metadata, updated_at=call.stamp())
    return Reply(202)


def reserve(call: Call, volume: Obj, value: Obj) -> Reply:
    if volume["status"] != "available":
        raise bad_request(
            f"Invalid volume: Volume status must be available to reserve, but the status is {volume['status']}."
        )
    call.state.edit("volumes", volume, status="attaching", updated_at=call.stamp())
    return Reply(202)


def unreserve(call: Call, volume: Obj, value: Obj) -> Reply:
    if volume["status"] == "attaching":
        call.state.edit("volumes", volume, status="available", updated_at=call.stamp())
    return Reply(202)


def attach(call: Call, volume: Obj, value: Obj) -> Reply:
    instance = value.get("instance_uuid") or value.get("host_name") or ""
    attachment = attachments.reserve(call, volume, instance)
    attachments.complete(call.cloud, attachment, value.get("mountpoint") or "/dev/vdb")
    return Reply(202)


def detach(call: Call, volume: Obj, value: Obj) -> Reply:
    for attachment in list(call.state.where("attachments", "volume_id", volume["id"])):
        if value.get("attachment_id") in (None, attachment["id"]):
            attachments.remove(call.cloud, attachment)
    return Reply(202)


def accept(call: Call, volume: Obj, value: Obj) -> Reply:
    """Steps of an attachment that change nothing a client can see."""
    return Reply(202)


ACTIONS: dict[str, Action] = {
    "os-extend": extend,
    "os-retype": retype,
    "os-reset_status": reset_status,
    "os-force_delete": force_delete,
    "os-set_bootable": set_bootable,
    "os-set_image_metadata": set_image_metadata,
    "os-update_readonly_flag": set_readonly,
    "os-reserve": reserve,
    "os-unreserve": unreserve,
    "os-attach": attach,
    "os-detach": detach,
    "os-begin_detaching": accept,
    "os-roll_detaching": accept,
}
OPERATIONS = {name: name.removeprefix("os-").replace("-", "_") for name in ACTIONS}
