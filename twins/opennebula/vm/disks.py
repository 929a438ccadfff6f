"""Disks of virtual machines: clones of images, persistent images, and volatile ones."""

from __future__ import annotations

from ..calls import Call
from ..infrastructure.images import ImageState
from ..kinds import DATASTORE, IMAGE
from ..state import Obj, State
from ..templates import Template, Vector, first, integer, vectors
from .nics import owner_of

SYSTEM_FORMAT = "raw"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class NoDisk(Exception):
    """There can be no such disk; the message says why."""


def image_of(call: Call, disk: Vector, disk_id: int) -> Obj | None:
    """The image that a disk names by IMAGE_ID, or by IMAGE and whose it is; None for a volatile disk."""
    if "IMAGE_ID" in disk:
        image = call.state.get(IMAGE.name, integer(disk["IMAGE_ID"]))
        if image is None:
            raise NoDisk(f"DISK {disk_id}: Image with ID: {disk['IMAGE_ID']} does not exist")
        return image
    name = disk.get("IMAGE", "")
    if not name:
        return None
    uid = owner_of(call, disk, "IMAGE")
    image = call.state.find(IMAGE.name, name=name, uid=uid)
    if image is None:
        raise NoDisk(
            f"DISK {disk_id}: User {uid} does not own an image with name: {name} . "
            "Set IMAGE_UNAME or IMAGE_UID of owner in DISK."
        )
    return image


def build_disk(call: Call, given: Vector, disk_id: int, target_number: int) -> Vector:
    image = image_of(call, given, disk_id)
    if image is None:
        return _volatile(given, disk_id, target_number)
    size = integer(given.get("SIZE", str(image["size"])))
    if size is None:
        raise NoDisk(f"DISK {disk_id}: SIZE is not a valid integer")
    if size < image["size"]:
        raise NoDisk(
            f"DISK {disk_id}: SIZE of {size}MB is less than the image [{image['id']}] size of {image['size']}MB."
        )
    if image["state"] not in (ImageState.READY, ImageState.USED):
        raise NoDisk(f"DISK {disk_id}: Could not acquire image {image['id']}, it is not in READY state")
    disk = described(call.state, image, given, disk_id)
    return {**disk, "SIZE": str(size), "TARGET": given.get("TARGET", _target(disk["DEV_PREFIX"], target_number))}


def described(state: State, image: Obj, given: Vector, disk_id: int) -> Vector:
    """A disk of an image with all that the image and its datastore add."""
    datastore = state.kinds[DATASTORE.name][image["datastore_id"]]
    of_datastore: Template = datastore["template"]
    persistent = bool(image["persistent"])
    prefix = given.get("DEV_PREFIX", first(image["template"], "DEV_PREFIX", "sd"))
    names_of_owner = ("IMAGE_UID", "IMAGE_UNAME")
    placing = {"PERSISTENT": "YES"} if persistent else {"CLONE_TARGET": first(of_datastore, "CLONE_TARGET", "SYSTEM")}
    return {
        **{name: value for name, value in given.items() if name not in names_of_owner},
        **placing,
        "ALLOW_ORPHANS": first(of_datastore, "ALLOW_ORPHANS", "NO"),
        "CLONE": "NO" if persistent else "YES",
        "CLUSTER_ID": ",".join(str(cluster) for cluster in datastore["clusters"]),
        "DATASTORE": datastore["name"],
        "DATASTORE_ID": str(datastore["id"]),
        "DEV_PREFIX": prefix,
        "DISK_ID": str(disk_id),
        "DISK_SNAPSHOT_TOTAL_SIZE": "0",
        "DISK_TYPE": first(of_datastore, "DISK_TYPE", "FILE"),
        "DRIVER": image["format"],
        "FORMAT": image["format"],
        "IMAGE": image["name"],
        "IMAGE_ID": str(image["id"]),
        "IMAGE_STATE": str(int(image["state"])),
        "LN_TARGET": first(of_datastore, "LN_TARGET", "NONE"),
        "ORIGINAL_SIZE": str(image["size"]),
        "PERSISTENT_SNAPSHOTS": first(of_datastore, "PERSISTENT_SNAPSHOTS", "YES"),
        "READONLY": "NO",
        "SAVE": "YES" if persistent else "NO",
        "SIZE": given.get("SIZE", str(image["size"])),
        "SOURCE": image["source"],
        "TM_MAD": first(of_datastore, "TM_MAD"),
        "TYPE": "FILE",
    }


def _volatile(given: Vector, disk_id: int, target_number: int) -> Vector:
    """A disk without an image: of type fs or swap, made empty with the machine."""
    if not integer(given.get("SIZE", "")):
        raise NoDisk(f"DISK {disk_id}: Missing SIZE for a volatile disk")
    prefix = given.get("DEV_PREFIX", "sd")
    return {
        "TYPE": "fs",
        "FORMAT": SYSTEM_FORMAT,
        **given,
        "CLONE_TARGET": "SYSTEM",
        "DEV_PREFIX": prefix,
        "DISK_ID": str(disk_id),
        "DISK_SNAPSHOT_TOTAL_SIZE": "0",
        "DRIVER": given.get("DRIVER", SYSTEM_FORMAT),
        "TARGET": given.get("TARGET", _target(prefix, target_number)),
    }


def _target(prefix: str, number: int) -> str:
    return f"{prefix}{LETTERS[number % len(LETTERS)]}"


def acquire(state: State, vm_id: int, disk: Vector) -> Vector:
    """Note at the image that the machine uses it."""
    image = state.get(IMAGE.name, int(disk["IMAGE_ID"])) if "IMAGE_ID" in disk else None
    if image is None:
        return disk
    in_use = ImageState.USED_PERS if image["persistent"] else ImageState.USED
    state.edit(IMAGE.name, image, vms=[*image["vms"], vm_id], state=in_use, prev_state=in_use)
    return {**disk, "IMAGE_STATE": str(int(in_use))}


def next_disk_id(template: Template) -> int:
    """The context is a disk as well."""
    numbered = [*vectors(template, "DISK"), *vectors(template, "CONTEXT")]
    return max((int(disk["DISK_ID"]) for disk in numbered), default=-1) + 1
