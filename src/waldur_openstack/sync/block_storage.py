"""Cinder's objects as columns."""

from typing import Any

from waldur_openstack.cloud.gateway import JSON

Columns = dict[str, Any]


def volume_columns(found: JSON) -> Columns:
    attachment: JSON = next(iter(found.get("attachments", ())), {})
    return {
        "runtime_state": found["status"],
        "bootable": found["bootable"] in (True, "true"),
        "device": attachment.get("device") or "",
        "image_metadata": found.get("volume_image_metadata", {}),
    }


def snapshot_columns(found: JSON) -> Columns:
    return {"runtime_state": found["status"], "size": found["size"] * 1024}
