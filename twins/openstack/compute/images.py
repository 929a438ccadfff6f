"""Images of servers: https://docs.openstack.org/api-ref/compute/#create-image-createimage-action."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..block_storage import snapshots
from ..schema import invalid
from ..state import Obj, new_id
from ..wire import Call, Reply
from .guard import check_state
from .lifecycle import touch


def create_image(call: Call, server: Obj, value: Any) -> Reply:
    check_state(server, "createImage", ("active", "stopped", "paused", "suspended"))
    name = (value or {}).get("name")
    if not name:
        raise invalid("createImage", value, "'name' is a required property")
    image = call.state.add("images", snapshot_image(call, server, name, value.get("metadata") or {}))
    if server["image_id"]:
        touch(call.cloud, server, task_state="image_snapshot_pending")
        call.cloud.schedule("server.snapshot", server["id"], image["id"])
    else:
        snapshot_volumes(call, server, image)
    if call.version >= (2, 45):
        return Reply(202, {"image_id": image["id"]})
    return Reply(202, None, {"Location": f"{call.base}/image/images/{image['id']}"})


def snapshot_image(call: Call, server: Obj, name: str, metadata: Obj) -> Obj:
    original = call.state.get("images", server["image_id"]) or {}
    stamp = call.stamp()
    return {
        "id": new_id(),
        "name": name,
        "status": "queued",
        "visibility": "private",
        "owner": server["project_id"],
        "disk_format": original.get("disk_format", "raw"),
        "container_format": "bare",
        "min_ram": original.get("min_ram", 0),
        "min_disk": server["flavor"]["disk"],
        "size": None,
        "virtual_size": None,
        "checksum": None,
        "os_hash_algo": None,
        "os_hash_value": None,
        "os_hidden": False,
        "protected": False,
        "tags": [],
        "members": {},
        "created_at": stamp,
        "updated_at": stamp,
        "properties": {
            **original.get("properties", {}),
            **metadata,
            "base_image_ref": server["image_id"] or "",
            "instance_uuid": server["id"],
            "user_id": call.context.user_id,
            "image_type": "snapshot",
        },
    }


def snapshot_volumes(call: Call, server: Obj, image: Obj) -> None:
    """The image of a server that boots from a volume is empty and refers to snapshots of its volumes."""
    mappings = []
    for device in server["devices"]:
        volume = call.state.get("volumes", device["volume_id"]) or {}
        snapshot = snapshots.make(call, volume, {"name": f"snapshot for {image['name']}"})
        mappings.append(
            {
                "source_type": "snapshot",
                "destination_type": "volume",
                "uuid": snapshot["id"],
                "boot_index": device["boot_index"],
                "volume_size": volume["size"],
                "delete_on_termination": device["delete_on_termination"],
            }
        )
    known = {"root_device_name": "/dev/vda", "bdm_v2": "True", "block_device_mapping": json.dumps(mappings)}
    empty = {
        "checksum": hashlib.md5(b"").hexdigest(),
        "os_hash_algo": "sha512",
        "os_hash_value": hashlib.sha512(b"").hexdigest(),
    }
    call.state.edit("images", image, status="active", size=0, properties=known, min_disk=0, **empty)
