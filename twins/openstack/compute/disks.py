"""The disks of a server to be: ``imageRef`` and ``block_device_mapping_v2`` read, checked, and made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from ..block_storage import attachments
from ..block_storage.volumes import build as build_volume
from ..errors import bad_request
from ..state import Obj, new_id
from ..wire import Call
from .boot import image_of, relayed

GIB = 1024**3


@dataclass
class Disk:
    """One volume of a server to be: an existing one, or the request for a new one."""

    boot_index: int | None
    delete_on_termination: bool
    volume: Obj | None = None
    request: Obj | None = None
    name: str = ""
    tag: str | None = None


@dataclass
class Disks:
    """All volumes, and the image of a server that boots from a local disk."""

    image: Obj | None = None
    volumes: list[Disk] = field(default_factory=list)


def disks_of(call: Call, body: Obj, flavor: Obj) -> Disks:
    """Read ``imageRef`` and ``block_device_mapping_v2``."""
    found = Disks()
    reference = str(body.get("imageRef") or "").rpartition("/")[2]
    mappings = body.get("block_device_mapping_v2") or []
    if reference:
        found.image = image_of(call, reference)
        mappings = mappings or json.loads(found.image["properties"].get("block_device_mapping") or "[]")
    elif not mappings:
        raise bad_request("Missing imageRef attribute")
    for mapping in mappings:
        if mapping.get("source_type") == "image" and mapping.get("destination_type", "local") == "local":
            found.image = image_of(call, mapping["uuid"])
        elif mapping.get("destination_type", "volume") == "volume" or mapping.get("source_type") == "volume":
            found.volumes.append(disk_of(call, mapping))
    boots = [disk for disk in found.volumes if disk.boot_index == 0]
    if found.image is not None and not boots:
        check_image_fits(found.image, flavor, None)
    elif not boots:
        raise bad_request(
            "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping "
            "combination is not valid."
        )
    else:
        found.image = None
    for disk in found.volumes:
        check_disk(call, disk, flavor)
    return found


def disk_of(call: Call, mapping: Obj) -> Disk:
    index = mapping.get("boot_index")
    disk = Disk(
        boot_index=int(index) if index is not None else None,
        delete_on_termination=bool(mapping.get("delete_on_termination", False)),
        name=mapping.get("device_name") or "",
        tag=mapping.get("tag"),
    )
    source, key = mapping.get("source_type", "volume"), mapping.get("uuid")
    if source == "volume":
        disk.volume = existing_volume(call, str(key))
        return disk
    size = mapping.get("volume_size")
    if source in ("image", "blank") and not size:
        noun = "Images" if source == "image" else "Blank volumes"
        need = "a non-zero size specified" if source == "image" else "a non-zero size"
        raise bad_request(f"{noun} with destination_type 'volume' need to have {need}")
    names = {"image": "imageRef", "snapshot": "snapshot_id"}
    disk.request = {"size": size, "volume_type": mapping.get("volume_type"), "name": ""}
    if source in names:
        disk.request[names[source]] = key
    return disk


def existing_volume(call: Call, key: str) -> Obj:
    volume = call.state.get("volumes", key)
    if volume is None or (volume["project_id"] != call.project_id and not call.is_admin):
        raise bad_request(f"Block Device Mapping is Invalid: failed to get volume {key}.")
    if volume["status"] != "available" and not volume["multiattach"]:
        raise relayed(
            f"Invalid volume: Volume {key} status must be available or downloading to reserve, but the "
            "current "
            f"status is {volume['status']}."
        )
    return volume


def check_disk(call: Call, disk: Disk, flavor: Obj) -> None:
    """The boot disk must be bootable and big enough, and the flavor have the memory."""
    request = disk.request or {}
    if request.get("imageRef"):
        image = image_of(call, request["imageRef"])
        if disk.boot_index == 0:
            check_image_fits(image, flavor, int(request["size"]))
    if disk.boot_index != 0 or disk.volume is None:
        return
    if not disk.volume["bootable"]:
        raise bad_request(f"Block Device {disk.volume['id']} is not bootable.")
    known = disk.volume["image_metadata"]
    limits = {"min_ram": int(known.get("min_ram", 0)), "min_disk": int(known.get("min_disk", 0))}
    check_image_fits(limits, flavor, disk.volume["size"])


def check_image_fits(image: Obj, flavor: Obj, volume_size: int | None) -> None:
    """min_ram in MiB against the flavor; min_disk in GiB against the volume, or the flavor's local disk."""
    if image["min_ram"] > flavor["ram"]:
        raise bad_request("Flavor's memory is too small for requested image.")
    if volume_size is not None:
        if volume_size < image["min_disk"]:
            raise bad_request(
                "Volume is smaller than the minimum size specified in image metadata. Volume size is "
                f"{volume_size * GIB} bytes, minimum size is {image['min_disk'] * GIB} bytes."
            )
    elif flavor["disk"]:
        check_local_disk(flavor, image["min_disk"])


def check_local_disk(flavor: Obj, least: int) -> None:
    if flavor["disk"] < least:
        raise bad_request(
            "Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is "
            f"{flavor['disk'] * GIB} bytes, minimum size is {least * GIB} bytes."
        )


def make_devices(call: Call, server_id: str, disks: Disks) -> list[Obj]:
    """Reserve or create the volumes, and name the devices after /dev/vda."""
    local_root = disks.image is not None
    devices = []
    ordered = sorted(disks.volumes, key=lambda disk: disk.boot_index != 0)
    for place, disk in enumerate(ordered, start=1 if local_root else 0):
        volume = disk.volume or build_volume(call, disk.request or {})
        if disk.volume is not None:
            attachment = attachments.reserve(call, volume, server_id)
        else:
            attachment = attachments.promise(call, volume, server_id)
        devices.append(
            {
                "volume_id": volume["id"],
                "device": disk.name or device_name(place),
                "tag": disk.tag,
                "delete_on_termination": disk.delete_on_termination,
                "attachment_id": attachment["id"],
                "bdm_uuid": new_id(),
                "boot_index": disk.boot_index,
            }
        )
    return devices


def device_name(place: int) -> str:
    return f"/dev/vd{chr(ord('a') + place)}"


def free_device(server: Obj) -> str:
    """The first name that no disk of the server has; /dev/vda is always the root disk."""
    taken = {device["device"] for device in server["devices"]} | {"/dev/vda"}
    return next(name for name in map(device_name, range(26)) if name not in taken)
