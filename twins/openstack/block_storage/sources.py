"""What a volume is made from and of: image, snapshot or volume; size, type and zone."""

from __future__ import annotations

import re

from ..errors import bad_request, not_found
from ..seed import ZONES
from ..state import Obj
from ..wire import Call
from .listing import fetch


def zone_of(body: Obj) -> str:
    """The zone that was asked for; an unknown one falls back to the first."""
    zone = str(body.get("availability_zone") or "")
    return zone if zone in ZONES else ZONES[0]


def size_of(body: Obj, source: Obj) -> int:
    """The asked size in GiB, or the source's; an image also says how small is too small."""
    text = body.get("size")
    if text is None:
        if "size" not in source:
            raise bad_request(
                "The server could not comply with the request since it is either malformed or otherwise incorrect."
            )
        return int(source["size"])
    if not re.match(r"-?\d+$", str(text)):
        raise bad_request(f"Invalid input for field/attribute size. Value: {text}. '{text}' does not match '^[0-9]+$'")
    size = int(text)
    if size < 1:
        raise bad_request(
            f"Invalid input for field/attribute size. Value: {text}. {text} is less than the minimum of 1"
        )
    if size < source.get("size", 0):
        raise bad_request(source["too_small"].format(size))
    if size < source.get("min_disk", 0):
        raise bad_request(
            f"Invalid input received: Volume size {size}GB cannot be smaller than the image minDisk size "
            f"{source['min_disk']}GB."
        )
    return size


def source_of(call: Call, body: Obj) -> Obj:
    """What the volume is made from: snapshot, volume, image or nothing."""
    if body.get("snapshot_id"):
        snapshot = fetch(call, "snapshots", body["snapshot_id"], "Snapshot")
        if snapshot["status"] != "available":
            raise bad_request("Invalid snapshot: Originating snapshot status must be one of 'available' values")
        return {
            **snapshot,
            "too_small": "Invalid input received: Volume size '{}'GB cannot be smaller than the "
            f"snapshot size {snapshot['size']}GB. They must be >= original snapshot size.",
        }
    if body.get("source_volid"):
        volume = fetch(call, "volumes", body["source_volid"], "Volume")
        if volume["status"] not in ("available", "in-use"):
            raise bad_request(
                "Invalid volume: Originating source volume status must be one of 'available, in-use' values"
            )
        return {
            **volume,
            "too_small": "Invalid input received: Volume size '{}'GB cannot be smaller than original "
            f"volume size  {volume['size']}GB. They must be >= original volume size.",
        }
    if body.get("imageRef"):
        return image_source(call, body["imageRef"])
    return {}


def image_source(call: Call, image_id: str) -> Obj:
    image = call.state.get("images", image_id)
    may_use = image and (
        image["visibility"] in ("public", "community")
        or image["owner"] == call.project_id
        or call.project_id in image["members"]
        or call.is_admin
    )
    if not image or not may_use:
        raise bad_request("Invalid image identifier or unable to access requested image.")
    if image["status"] != "active":
        raise bad_request(f"Invalid input received: Image {image_id} is not active.")
    shown = {
        name: str(image[name])
        for name in ("checksum", "container_format", "disk_format", "size", "min_disk", "min_ram")
    }
    return {
        "bootable": True,
        "min_disk": image["min_disk"],
        "image_metadata": {"image_id": image_id, "image_name": image["name"], **image["properties"], **shown},
    }


def type_of(call: Call, name: str | None) -> Obj:
    """A volume type by name or id, or the default one; private ones only with access."""
    if not name:
        return next(iter(call.state.all("volume_types")))
    type_ = call.state.get("volume_types", name) or call.state.find("volume_types", name=name)
    if type_ is None or not may_use_type(call, type_):
        raise not_found(f"Volume type with name {name} could not be found.")
    return type_


def may_use_type(call: Call, type_: Obj) -> bool:
    return bool(type_["is_public"]) or call.is_admin or call.project_id in type_["access"]
