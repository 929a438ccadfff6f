"""Cinder's objects: their columns, and how they are pulled."""

from typing import Any

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import marked, unmarked
from waldur_openstack.models import Instance, Snapshot, Volume, VolumeAvailabilityZone, VolumeType
from waldur_openstack.quotas import MIB_PER_GIB
from waldur_openstack.sync.kinds import Columns, Everywhere, Kind, Relation


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


def volume_type_columns(found: JSON) -> Columns:
    return {
        "name": found["name"],
        "description": found.get("description") or "",
        "is_public": found.get("os-volume-type-access:is_public", found.get("is_public", True)),
    }


def texts_and_metadata(found: JSON) -> Columns:
    return {
        "name": found.get("name") or found["id"],
        "description": found.get("description") or "",
        "metadata": unmarked(found["metadata"]),
    }


def sized(row: Any, found: JSON) -> Columns:
    """A cloud counts whole GiB; our size is finer, and stays while it means the same."""
    return {"size": row.size if row.size and row.gigabytes == found["size"] else found["size"] * MIB_PER_GIB}


def server_of(volume: JSON) -> str | None:
    return next((attachment["server_id"] for attachment in volume.get("attachments", ())), None)


def storage_trouble(found: JSON) -> str:
    status = found["status"]
    return f"The cloud reports its state as {status}." if status.startswith("error") else ""


def storage_mark(found: JSON) -> str:
    return marked(found["metadata"])


def volume_usage(found: JSON) -> dict[str, int]:
    """Without its type: Cinder counts snapshots for that, too, and they do not tell it."""
    size = found["size"] * MIB_PER_GIB
    return {"volumes": 1, "volumes_size": size, "storage": size}


def snapshot_usage(found: JSON) -> dict[str, int]:
    size = found["size"] * MIB_PER_GIB
    return {"snapshots": 1, "snapshots_size": size, "storage": size}


VOLUME = Kind(
    model=Volume,
    word="volume",
    listing=lambda cloud, _: cloud.block_storage.volumes(),
    everywhere=Everywhere(
        service="block_storage",
        pages=lambda cloud: cloud.block_storage.volume_pages() or iter(()),
        ids=lambda cloud: cloud.block_storage.volume_ids(),
        changed=lambda cloud, since: cloud.block_storage.volume_pages(since),
    ),
    owner=lambda found: found["os-vol-tenant-attr:tenant_id"],
    usage=volume_usage,
    show=lambda cloud, volume_id: cloud.block_storage.volume(volume_id),
    columns=lambda found: {**volume_columns(found), **texts_and_metadata(found)},
    compared=sized,
    relations=(
        Relation(column="instance", model=Instance, backend_id=server_of),
        Relation(column="type", model=VolumeType, backend_id=lambda found: found.get("volume_type"), key="name"),
        Relation(
            column="availability_zone",
            model=VolumeAvailabilityZone,
            backend_id=lambda found: found.get("availability_zone"),
            key="name",
            stays=True,
        ),
        Relation(
            column="source_snapshot", model=Snapshot, backend_id=lambda found: found.get("snapshot_id"), stays=True
        ),
    ),
    sub_resource=False,
    gone_columns={"runtime_state": "deleted"},
    trouble=storage_trouble,
    mark=storage_mark,
    is_marked=True,
)
SNAPSHOT = Kind(
    model=Snapshot,
    word="snapshot",
    listing=lambda cloud, _: cloud.block_storage.snapshots(),
    everywhere=Everywhere(service="block_storage", pages=lambda cloud: cloud.block_storage.snapshot_pages()),
    owner=lambda found: found["os-extended-snapshot-attributes:project_id"],
    usage=snapshot_usage,
    show=lambda cloud, snapshot_id: cloud.block_storage.snapshot(snapshot_id),
    columns=lambda found: {"runtime_state": found["status"], **texts_and_metadata(found)},
    compared=sized,
    relations=(
        Relation(column="source_volume", model=Volume, backend_id=lambda found: found["volume_id"], stays=True),
    ),
    sub_resource=False,
    gone_columns={"runtime_state": "deleted"},
    trouble=storage_trouble,
    mark=storage_mark,
    is_marked=True,
)
