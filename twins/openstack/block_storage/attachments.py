"""Attachments of volumes to servers (3.27): https://docs.openstack.org/api-ref/block-storage/v3/#attachments."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import bad_request, not_found
from ..state import Obj, new_id, newest_first
from ..wire import Call
from . import view
from .listing import fetch, given


def reserve(call: Call, volume: Obj, instance: str) -> Obj:
    """The first half of an attachment: the volume is kept for one server."""
    if volume["status"] not in ("available", "attaching") and not volume["multiattach"]:
        raise bad_request(
            f"Invalid volume: Volume {volume['id']} status must be available or downloading to reserve, but "
            "the "
            f"current status is {volume['status']}."
        )
    call.state.edit("volumes", volume, status="reserved", updated_at=call.stamp())
    return promise(call, volume, instance)


def promise(call: Call, volume: Obj, instance: str) -> Obj:
    """An attachment of a volume that is still being made for a server."""
    return call.state.add(
        "attachments",
        {
            "id": new_id(),
            "project_id": volume["project_id"],
            "volume_id": volume["id"],
            "instance": instance,
            "status": "reserved",
            "device": None,
            "attached_at": None,
            "host": None,
        },
    )


def complete(cloud: Cloud, attachment: Obj, device: str, host: str | None = None) -> None:
    """The second half: the server sees the volume."""
    stamp = cloud.clock.stamp()
    cloud.state.edit("attachments", attachment, status="attached", device=device, attached_at=stamp, host=host)
    volume = cloud.state.get("volumes", attachment["volume_id"])
    if volume is not None:
        cloud.state.edit("volumes", volume, status="in-use", updated_at=stamp)


def remove(cloud: Cloud, attachment: Obj) -> None:
    """Without its last attachment a volume is available again."""
    cloud.state.drop("attachments", attachment)
    volume = cloud.state.get("volumes", attachment["volume_id"])
    if volume is None or cloud.state.where("attachments", "volume_id", volume["id"]):
        return
    if volume["status"] in ("in-use", "reserved", "attaching", "detaching"):
        cloud.state.edit("volumes", volume, status="available", updated_at=cloud.clock.stamp())


def fetch_attachment(call: Call) -> Obj:
    key = call.params["id"]
    attachment = call.state.get("attachments", key)
    if attachment is None or (attachment["project_id"] != call.project_id and not call.is_admin):
        raise not_found(f"Volume attachment could not be found with filter: attachment_id = {key}.")
    return attachment


def mine(call: Call) -> list[Obj]:
    everything = call.is_admin and call.flag("all_tenants")
    return [
        item
        for item in newest_first(call.state.all("attachments"))
        if (everything or item["project_id"] == call.project_id)
        and call.arg("volume_id") in (None, item["volume_id"])
        and call.arg("instance_id") in (None, item["instance"])
    ]


def list_brief(call: Call) -> Obj:
    names = ("id", "status", "instance", "volume_id")
    return {"attachments": [{name: item[name] for name in names} for item in mine(call)]}


def list_detail(call: Call) -> Obj:
    return {"attachments": [view.attachment(item) for item in mine(call)]}


def show(call: Call) -> Obj:
    return {"attachment": view.attachment(fetch_attachment(call))}


def create(call: Call) -> Obj:
    body = given(call, "attachment")
    volume = fetch(call, "volumes", body.get("volume_uuid") or "", "Volume")
    return {"attachment": view.attachment(reserve(call, volume, body.get("instance_uuid") or ""))}


def update(call: Call) -> Obj:
    attachment = fetch_attachment(call)
    call.state.edit("attachments", attachment, status="attaching")
    return {"attachment": view.attachment(attachment)}


def finish(call: Call) -> None:
    complete(call.cloud, fetch_attachment(call), "/dev/vdb")


def delete(call: Call) -> Obj:
    attachment = fetch_attachment(call)
    remove(call.cloud, attachment)
    return {"attachments": [view.attachment(item) for item in mine(call)]}
