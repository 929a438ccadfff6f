"""Volumes: https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes."""

from __future__ import annotations

from ..cloud import Cloud
from ..errors import bad_request, policy_refusal
from ..schema import check_cinder_texts
from ..state import Obj, new_id
from ..transitions import failure, transition
from ..wire import Call, Reply
from . import messages, quotas, view
from .listing import answer, fetch, given
from .sources import size_of, source_of, type_of, zone_of

FILTERS = (
    "name",
    "status",
    "metadata",
    "bootable",
    "availability_zone",
    "volume_type",
    "id",
    "description",
    "size",
    "created_at",
    "updated_at",
    "multiattach",
    "image_metadata",
    "source_volid",
    "snapshot_id",
    "user_id",
    "migration_status",
    "replication_status",
    "group_id",
    "project_id",
    "consumes_quota",
)
DELETABLE = ("available", "error", "error_restoring", "error_extending", "error_managing")
NO_BACKEND = "schedule allocate volume:Could not find any available weighted backend."
NOT_DELETABLE = (
    "Invalid volume: Volume status must be available or error or error_restoring or error_extending or "
    "error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a "
    "transfer, "
    "or be disassociated from snapshots after volume transfer."
)


def fetch_volume(call: Call, key: str) -> Obj:
    return fetch(call, "volumes", key, "Volume")


def list_brief(call: Call) -> Obj:
    return answer(
        call,
        "volumes",
        "Volume",
        FILTERS,
        lambda volume: {
            "id": volume["id"],
            "name": volume["name"],
            "links": view.links(call, "volumes", volume["id"]),
        },
    )


def list_detail(call: Call) -> Obj:
    return answer(call, "volumes", "Volume", FILTERS, lambda volume: view.volume(call, volume))


def show(call: Call) -> Obj:
    return {"volume": view.volume(call, fetch_volume(call, call.params["id"]))}


def summary(call: Call) -> Obj:
    volumes = call.state.where("volumes", "project_id", call.project_id)
    if call.is_admin and call.flag("all_tenants"):
        volumes = call.state.all("volumes")
    return {
        "volume-summary": {
            "total_count": len(volumes),
            "total_size": sum(volume["size"] for volume in volumes),
            "metadata": {},
        }
    }


def create(call: Call) -> Reply:
    volume = build(call, given(call, "volume"))
    return Reply(202, {"volume": view.volume(call, volume, created=True)})


def build(call: Call, body: Obj) -> Obj:
    """Check a request for a volume and let one be made; Nova uses it for boot volumes."""
    check_cinder_texts(body)
    source = source_of(call, body)
    size = size_of(body, source)
    type_ = type_of(call, body.get("volume_type") or source.get("volume_type"))
    quotas.check(call, call.project_id, "volumes", size, type_["name"])
    stamp = call.stamp()
    volume = call.state.add(
        "volumes",
        {
            "id": new_id(),
            "name": body.get("name"),
            "description": body.get("description"),
            "status": "creating",
            "size": size,
            "availability_zone": zone_of(body),
            "created_at": stamp,
            "updated_at": None,
            "volume_type": type_["name"],
            "volume_type_id": type_["id"],
            "snapshot_id": body.get("snapshot_id"),
            "source_volid": body.get("source_volid"),
            "metadata": dict(body.get("metadata") or {}),
            "user_id": call.context.user_id,
            "project_id": call.project_id,
            "bootable": False,
            "multiattach": bool(body.get("multiattach")),
            "image_metadata": {},
            "placed": False,
            "becomes_bootable": source.get("bootable", False),
            "becomes_image_metadata": source.get("image_metadata", {}),
        },
    )
    call.cloud.schedule("volume.create", volume["id"])
    return volume


@transition("volume.create")
def become_available(cloud: Cloud, volume_id: str) -> None:
    volume = cloud.state.get("volumes", volume_id)
    if volume is None or volume["status"] != "creating":
        return
    if volume["size"] > view.POOL_SIZE:
        fail_creation(cloud, volume_id, NO_BACKEND)
        return
    cloud.state.edit(
        "volumes",
        volume,
        status="available",
        updated_at=cloud.clock.stamp(),
        placed=True,
        bootable=volume["becomes_bootable"],
        image_metadata=volume["becomes_image_metadata"],
    )


@failure("volume.create")
def fail_creation(cloud: Cloud, volume_id: str, message: str) -> None:
    fail(cloud, volume_id, "error", message)


def fail(cloud: Cloud, volume_id: str, status: str, message: str) -> None:
    """What was asked of the volume has not worked out, and its users are told why."""
    volume = cloud.state.get("volumes", volume_id)
    if volume is not None:
        cloud.state.edit("volumes", volume, status=status, updated_at=cloud.clock.stamp())
        messages.tell(cloud, "VOLUME", volume, message)


def update(call: Call) -> Obj:
    volume = fetch_volume(call, call.params["id"])
    body = given(call, "volume")
    if not body:
        raise bad_request(
            "Invalid input for field/attribute volume. Value: {}. {} is not valid under any of the given schemas"
        )
    names = {"display_name": "name", "display_description": "description"}
    changes = {names.get(name, name): value for name, value in body.items()}
    known = {name: changes[name] for name in ("name", "description", "metadata") if name in changes}
    call.state.edit("volumes", volume, **known, updated_at=call.stamp())
    return {"volume": view.volume(call, volume, created=True)}


def delete(call: Call) -> Reply:
    volume = fetch_volume(call, call.params["id"])
    if call.flag("force") and not call.is_admin:
        raise policy_refusal("block_storage", "volume:force_delete")
    if not call.flag("force"):
        refuse_deletion(call, volume, cascade=call.flag("cascade"))
    start_deletion(call.cloud, volume)
    return Reply(202)


def refuse_deletion(call: Call, volume: Obj, cascade: bool) -> None:
    snapshots = call.state.where("snapshots", "volume_id", volume["id"])
    if volume["status"] not in DELETABLE or (snapshots and not cascade):
        raise bad_request(NOT_DELETABLE)


def start_deletion(cloud: Cloud, volume: Obj) -> None:
    """Mark a volume and its snapshots; the transition removes them."""
    for snapshot in cloud.state.where("snapshots", "volume_id", volume["id"]):
        cloud.state.edit("snapshots", snapshot, status="deleting")
    cloud.state.edit("volumes", volume, status="deleting", updated_at=cloud.clock.stamp())
    cloud.schedule("volume.delete", volume["id"])


@transition("volume.delete")
def vanish(cloud: Cloud, volume_id: str) -> None:
    volume = cloud.state.get("volumes", volume_id)
    if volume is None or volume["status"] != "deleting":
        return
    for kind in ("snapshots", "attachments"):
        for obj in list(cloud.state.where(kind, "volume_id", volume_id)):
            cloud.state.drop(kind, obj)
    cloud.state.drop("volumes", volume)


@failure("volume.delete")
def fail_deletion(cloud: Cloud, volume_id: str, message: str) -> None:
    fail(cloud, volume_id, "error_deleting", message)
