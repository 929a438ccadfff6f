"""Volumes of a server: https://docs.openstack.org/api-ref/compute/#servers-with-volume-attachments."""

from __future__ import annotations

from ..block_storage import attachments
from ..errors import ApiError, bad_request, not_found
from ..network.resource import UUID
from ..schema import invalid
from ..state import Obj, new_id
from ..wire import Call, Reply, Route
from .boot import relayed
from .disks import free_device
from .guard import check_state
from .lifecycle import touch
from .servers import fetch

ATTACHABLE = ("active", "paused", "stopped", "resized", "suspended")


def show_device(call: Call, server: Obj, device: Obj) -> Obj:
    version = call.version
    shown: Obj = {
        "id": device["volume_id"],
        "volumeId": device["volume_id"],
        "serverId": server["id"],
        "device": device["device"],
    }
    if version >= (2, 70):
        shown["tag"] = device["tag"]
    if version >= (2, 79):
        shown["delete_on_termination"] = device["delete_on_termination"]
    if version >= (2, 89):
        shown.pop("id")
        shown["attachment_id"] = device["attachment_id"]
        shown["bdm_uuid"] = device["bdm_uuid"]
    return shown


def list_all(call: Call) -> Obj:
    server = fetch(call)
    return {"volumeAttachments": [show_device(call, server, device) for device in server["devices"]]}


def find(call: Call, server: Obj, volume_id: str) -> Obj:
    for device in server["devices"]:
        if device["volume_id"] == volume_id:
            return dict(device)
    if call.state.get("volumes", volume_id) is None:
        raise not_found(f"Volume {volume_id} could not be found.")
    raise not_found(f"Instance {server['id']} is not attached to volume {volume_id}")


def show(call: Call) -> Obj:
    server = fetch(call)
    return {"volumeAttachment": show_device(call, server, find(call, server, call.params["volume_id"]))}


def create(call: Call) -> Obj:
    """Until 2.89 the answer names the volume as ``id``, as all later versions still do here."""
    server = fetch(call)
    body = (call.body or {}).get("volumeAttachment") or {}
    key = str(body.get("volumeId"))
    if not UUID.match(key):
        raise invalid("volumeId", key, f"'{key}' is not a 'uuid'")
    volume = call.state.get("volumes", key)
    if volume is None or (volume["project_id"] != call.project_id and not call.is_admin):
        raise not_found(f"Volume {key} could not be found.")
    check_state(server, "attach_volume", ATTACHABLE)
    if any(device["volume_id"] == key for device in server["devices"]):
        raise bad_request(f"Invalid volume: volume {key} is already attached to instances: {server['id']}")
    try:
        attachment = attachments.reserve(call, volume, server["id"])
    except ApiError as error:
        raise relayed(error.message) from None
    device = {
        "volume_id": key,
        "device": body.get("device") or free_device(server),
        "tag": body.get("tag"),
        "delete_on_termination": bool(body.get("delete_on_termination", False)),
        "attachment_id": attachment["id"],
        "bdm_uuid": new_id(),
        "boot_index": None,
    }
    touch(call.cloud, server, devices=[*server["devices"], device])
    call.cloud.schedule("server.attach_volume", server["id"], key)
    shown = {**show_device(call, server, device), "id": key}
    shown.pop("attachment_id", None)
    shown.pop("bdm_uuid", None)
    return {"volumeAttachment": shown}


def update(call: Call) -> Reply:
    """PUT: change ``delete_on_termination`` (2.85)."""
    server = fetch(call)
    find(call, server, call.params["volume_id"])
    body = (call.body or {}).get("volumeAttachment") or {}
    wanted = bool(body.get("delete_on_termination", False))
    devices = [
        {**device, "delete_on_termination": wanted} if device["volume_id"] == call.params["volume_id"] else device
        for device in server["devices"]
    ]
    touch(call.cloud, server, devices=devices)
    return Reply(202)


def delete(call: Call) -> Reply:
    server = fetch(call)
    device = find(call, server, call.params["volume_id"])
    check_state(server, "detach_volume", ATTACHABLE)
    volume = call.state.get("volumes", device["volume_id"]) or {}
    if device["boot_index"] == 0:
        raise bad_request("Cannot detach a root device volume")
    if volume.get("status") != "in-use":
        raise relayed(
            "Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status must "
            "be "
            "'attached' to detach."
        )
    call.state.edit("volumes", volume, status="detaching", updated_at=call.stamp())
    call.cloud.schedule("server.detach_volume", server["id"], device["volume_id"])
    return Reply(202)


PATH = "/servers/{id}/os-volume_attachments"
ROUTES = [
    Route("GET", PATH, "server_volume.list", list_all),
    Route("POST", PATH, "server_volume.create", create),
    Route("GET", PATH + "/{volume_id}", "server_volume.show", show),
    Route("PUT", PATH + "/{volume_id}", "server_volume.update", update),
    Route("DELETE", PATH + "/{volume_id}", "server_volume.delete", delete),
]
