"""``one.image.*``: images, which are copied into their datastore for a moment, and then used by disks."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from .. import markup
from ..access import quotas
from ..access.authorization import MANAGE, USE, Authorization
from ..calls import BOOL, INT, NO, STRING, Call, method, optional
from ..errors import OneError, bad_action, internal, not_allocated
from ..kinds import DATASTORE, IMAGE
from ..objects import check_name, check_name_is_free, get, header, owned, read_template, taken_name
from ..pools import register_info, register_paged_pool, rendered
from ..state import Obj
from ..templates import Template, copy, first, integer, is_yes, without
from ..transitions import failure, schedule, transition
from .datastores import FILES, SYSTEM, free_mb

if TYPE_CHECKING:
    from ..cloud import Cloud

TYPES = ("OS", "CDROM", "DATABLOCK", "KERNEL", "RAMDISK", "CONTEXT", "BACKUP", "FILESYSTEM")
FILE_TYPES = ("KERNEL", "RAMDISK", "CONTEXT")
SIZE_OF_PATHS = 1024  # MB: what the dummy driver finds at any path
OWN_ELEMENTS = ("TYPE", "PERSISTENT", "PATH", "FORMAT", "FS", "SIZE", "SOURCE")


class ImageState(IntEnum):
    READY = 1
    USED = 2
    DISABLED = 3
    LOCKED = 4
    ERROR = 5
    DELETE = 7
    USED_PERS = 8


def using(image: Obj) -> int:
    """How many virtual machines use it."""
    return len(set(image["vms"]))


@method("one.image.allocate", STRING, INT, NO)
def allocate(call: Call, text: str, datastore_id: int, no_capacity_check: bool) -> int:
    template = read_template(text)
    datastore = get(call, DATASTORE, datastore_id)
    name = taken_name(template)
    kind = first(template, "TYPE", "OS").upper()
    if datastore["type"] == SYSTEM:
        raise _refused("New images can only be allocated in a files or image datastore.")
    size = SIZE_OF_PATHS if first(template, "PATH") else integer(first(template, "SIZE"))
    if size is None or size < 0:
        raise internal("Cannot parse image SIZE: Wrong number or missing SIZE attribute.")
    Authorization(call).need_create(IMAGE).need(USE, DATASTORE, datastore).check()
    if size > free_mb(datastore) and not no_capacity_check:
        raise bad_action("Not enough space in datastore")
    quotas.check(call, call.uid, call.gid, [quotas.Request("DATASTORE", str(datastore_id), _amounts(size))])
    _check_description(call, name, kind, datastore)
    image = owned(call, IMAGE, name, without(template, OWN_ELEMENTS), **_fields(call, template, kind, size, datastore))
    image["template"].setdefault("DEV_PREFIX", ["sd"])
    call.state.add(IMAGE.name, image)
    schedule(call.cloud, "image.create", image["id"])
    return int(image["id"])


def _refused(reason: str) -> OneError:
    return not_allocated(f"Error allocating a new image. {reason}")


def _amounts(size: int) -> quotas.Amounts:
    return {"SIZE": float(size), "IMAGES": 1.0}


def _check_description(call: Call, name: str, kind: str, datastore: Obj) -> None:
    try:
        check_name(IMAGE, name)
        check_name_is_free(call, IMAGE, name, call.uid)
    except OneError as error:
        raise _refused(error.message) from error
    if kind not in TYPES:
        raise _refused("Unknown type ")
    if (kind in FILE_TYPES) != (datastore["type"] == FILES):
        where = "files" if kind in FILE_TYPES else "image"
        raise _refused(f"{kind} images can only be allocated in a {where} datastore.")


def _fields(call: Call, template: Template, kind: str, size: int, datastore: Obj) -> Obj:
    return {
        "type": TYPES.index(kind),
        "persistent": is_yes(first(template, "PERSISTENT")),
        "path": first(template, "PATH"),
        "format": "",
        "fs": first(template, "FS"),
        "source": "",
        "size": size,
        "state": ImageState.LOCKED,
        "prev_state": 0,
        "registered": call.cloud.now(),
        "datastore_id": datastore["id"],
        "datastore": datastore["name"],
        "vms": [],  # one entry per disk
    }


@transition("image.create")
def becomes_ready(cloud: Cloud, image_id: int) -> None:
    image = cloud.state.get(IMAGE.name, image_id)
    if image is None or image["state"] != ImageState.LOCKED:
        return
    found = "dummy_format" if image["path"] else "raw"
    cloud.state.edit(
        IMAGE.name,
        image,
        state=ImageState.READY,
        prev_state=ImageState.READY,
        source="dummy_path",
        format=image["format"] or found,
    )


@failure("image.create")
def copying_fails(cloud: Cloud, image_id: int, message: str) -> None:
    image = cloud.state.get(IMAGE.name, image_id)
    if image is not None:
        template = {**image["template"], "ERROR": [f"{cloud.date()} : Error copying image: {message}"]}
        cloud.state.edit(IMAGE.name, image, state=ImageState.ERROR, prev_state=ImageState.ERROR, template=template)


@method("one.image.delete", INT, NO)
def delete(call: Call, image_id: int, force: bool) -> int:
    image = _managed(call, image_id)
    if using(image):
        raise bad_action(f"Cannot delete image. There are {using(image)} VMs using it.")
    call.state.edit(IMAGE.name, image, prev_state=image["state"], state=ImageState.DELETE)
    schedule(call.cloud, "image.delete", image_id)
    return image_id


@transition("image.delete")
def is_gone(cloud: Cloud, image_id: int) -> None:
    image = cloud.state.get(IMAGE.name, image_id)
    if image is not None:
        cloud.state.drop(IMAGE.name, image)


@method("one.image.persistent", INT, BOOL)
def persistent(call: Call, image_id: int, wanted: bool) -> int:
    image = _managed(call, image_id)
    if using(image):
        raise internal("Error setting persistent attribute. Image is in use")
    call.state.edit(IMAGE.name, image, persistent=wanted)
    return image_id


@method("one.image.enable", INT, BOOL)
def enable(call: Call, image_id: int, enabled: bool) -> int:
    image = _managed(call, image_id)
    if using(image):
        raise internal("Could not enable/disable image: it is in use.")
    state = ImageState.READY if enabled else ImageState.DISABLED
    call.state.edit(IMAGE.name, image, prev_state=image["state"], state=state)
    return image_id


@method("one.image.chtype", INT, STRING)
def chtype(call: Call, image_id: int, kind: str) -> int:
    image = _managed(call, image_id)
    if kind.upper() not in TYPES:
        raise internal("Unknown type ")
    call.state.edit(IMAGE.name, image, type=TYPES.index(kind.upper()))
    return image_id


@method("one.image.clone", INT, STRING, optional("int", -1))
def clone(call: Call, image_id: int, name: str, datastore_id: int) -> int:
    image = get(call, IMAGE, image_id)
    datastore = get(call, DATASTORE, image["datastore_id"] if datastore_id < 0 else datastore_id)
    Authorization(call).need_create(IMAGE).need(USE, IMAGE, image).need(USE, DATASTORE, datastore).check()
    check_name(IMAGE, name)
    check_name_is_free(call, IMAGE, name, call.uid)
    size = int(image["size"])
    quotas.check(call, call.uid, call.gid, [quotas.Request("DATASTORE", str(datastore["id"]), _amounts(size))])
    same = {key: image[key] for key in ("type", "path", "format", "fs", "size")}
    fields = {**_fields(call, {}, "OS", size, datastore), **same}
    made = call.state.add(IMAGE.name, owned(call, IMAGE, name, copy(image["template"]), **fields))
    schedule(call.cloud, "image.create", made["id"])
    return int(made["id"])


def _managed(call: Call, image_id: int) -> Obj:
    image = get(call, IMAGE, image_id)
    Authorization(call).need(MANAGE, IMAGE, image).check()
    return image


def render(image: Obj) -> str:
    plain = {
        "SIZE": image["size"],
        "STATE": int(image["state"]),
        "PREV_STATE": int(image["prev_state"]),
        "RUNNING_VMS": using(image),
        "CLONING_OPS": 0,
        "CLONING_ID": -1,
        "TARGET_SNAPSHOT": -1,
        "DATASTORE_ID": image["datastore_id"],
        "DATASTORE": image["datastore"],
    }
    return markup.wrap(
        "IMAGE",
        header(image),
        markup.tag("TYPE", image["type"]),
        markup.tag("DISK_TYPE", 0),
        markup.tag("PERSISTENT", int(image["persistent"])),
        markup.tag("REGTIME", image["registered"]),
        markup.tag("MODTIME", image["registered"]),
        *(markup.cdata(name, image[name.lower()]) for name in ("SOURCE", "PATH", "FORMAT", "FS")),
        *(markup.tag(*pair) for pair in plain.items()),
        markup.ids("VMS", set(image["vms"])),
        "<CLONES></CLONES><APP_CLONES></APP_CLONES>",
        markup.template("TEMPLATE", image["template"]),
        markup.vector("SNAPSHOTS", {"ALLOW_ORPHANS": "NO", "CURRENT_BASE": -1, "NEXT_SNAPSHOT": 0}),
        "<BACKUP_INCREMENTS></BACKUP_INCREMENTS><BACKUP_DISK_IDS></BACKUP_DISK_IDS>",
    )


register_info("image", IMAGE, rendered(render))
register_paged_pool("one.imagepool.info", IMAGE, rendered(render))
