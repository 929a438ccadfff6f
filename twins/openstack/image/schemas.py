"""JSON schemas that Glance's clients ask for before they create or update."""

from __future__ import annotations

from ..state import Obj
from ..wire import Call
from .images import CONTAINER_FORMATS, DISK_FORMATS, READ_ONLY, VISIBILITIES

TYPES: dict[str, object] = {
    "id": "string",
    "name": ["null", "string"],
    "status": "string",
    "visibility": "string",
    "protected": "boolean",
    "os_hidden": "boolean",
    "checksum": ["null", "string"],
    "os_hash_algo": ["null", "string"],
    "os_hash_value": ["null", "string"],
    "owner": ["null", "string"],
    "size": ["null", "integer"],
    "virtual_size": ["null", "integer"],
    "container_format": ["null", "string"],
    "disk_format": ["null", "string"],
    "created_at": "string",
    "updated_at": "string",
    "tags": "array",
    "direct_url": "string",
    "min_ram": "integer",
    "min_disk": "integer",
    "self": "string",
    "file": "string",
    "schema": "string",
    "stores": "string",
}
WORDS: dict[str, list[str | None]] = {
    "disk_format": list(DISK_FORMATS),
    "container_format": list(CONTAINER_FORMATS),
    "visibility": list(VISIBILITIES),
}


def field(name: str, kind: object) -> Obj:
    shown: Obj = {"type": kind}
    if name in WORDS:
        shown["enum"] = WORDS[name]
    if name in READ_ONLY and name != "id":
        shown["readOnly"] = True
    return shown


IMAGE = {
    "name": "image",
    "properties": {name: field(name, kind) for name, kind in TYPES.items()},
    "additionalProperties": {"type": "string"},
    "links": [{"rel": "self", "href": "{self}"}, {"rel": "enclosure", "href": "{file}"}],
}
IMAGES = {
    "name": "images",
    "properties": {
        "images": {"type": "array", "items": IMAGE},
        "first": {"type": "string"},
        "next": {"type": "string"},
        "schema": {"type": "string"},
    },
    "links": [{"rel": "first", "href": "{first}"}, {"rel": "next", "href": "{next}"}],
}


def show_image(call: Call) -> Obj:
    return IMAGE


def show_images(call: Call) -> Obj:
    return IMAGES
