"""What services say of a change: Nova's versioned notifications, the unversioned ones of Cinder, Neutron and Keystone.

Shapes as in https://docs.openstack.org/nova/latest/reference/notifications.html and as the services send them; not
every field of theirs is here, but none that they do not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..compute.view import POWER
from ..state import Obj

CREATED, CHANGED, DELETED = "create", "update", "delete"
VERSIONED = "versioned_notifications"


@dataclass(frozen=True)
class Said:
    """One notification: which service's exchange, which topic, from whom."""

    exchange: str
    event_type: str
    payload: Obj
    publisher: str
    topic: str = "notifications"


def nova_object(name: str, version: str, data: Obj) -> Obj:
    return {
        "nova_object.name": name,
        "nova_object.namespace": "nova",
        "nova_object.version": version,
        "nova_object.data": data,
    }


def server(what: str, obj: Obj) -> Said:
    event = {CREATED: "instance.create.end", CHANGED: "instance.update", DELETED: "instance.delete.end"}[what]
    payload = {CREATED: "InstanceCreatePayload", CHANGED: "InstanceUpdatePayload", DELETED: "InstanceActionPayload"}
    flavor = obj["flavor"]
    data = {
        "uuid": obj["id"],
        "tenant_id": obj["project_id"],
        "user_id": obj["user_id"],
        "display_name": obj["name"],
        "display_description": obj["description"],
        "host_name": obj["hostname"],
        "host": obj["host"],
        "node": obj["host"],
        "state": "deleted" if what == DELETED else obj["vm_state"],
        "task_state": obj["task_state"],
        "power_state": "running" if POWER.get(obj["vm_state"]) == 1 else "shutdown",
        "availability_zone": obj["zone"],
        "created_at": obj["created"] + "Z",
        "launched_at": obj["launched_at"] and obj["launched_at"] + "Z",
        "metadata": obj["metadata"],
        "key_name": obj["key_name"],
        "image_uuid": obj["image_id"] or "",
        "locked": obj["locked"],
        "fault": None,
        "flavor": nova_object(
            "FlavorPayload",
            "1.4",
            {
                "flavorid": flavor["id"],
                "name": flavor["name"],
                "vcpus": flavor["vcpus"],
                "memory_mb": flavor["ram"],
                "root_gb": flavor["disk"],
            },
        ),
    }
    return Said("nova", event, nova_object(payload[what], "1.10", data), "nova-compute:compute-1", VERSIONED)


def server_group(what: str, obj: Obj) -> Said | None:
    if what == CHANGED:
        return None
    data = {"uuid": obj["id"], "name": obj["name"], "project_id": obj["project_id"], "user_id": obj.get("user_id")}
    event = f"server_group.{what}"
    return Said("nova", event, nova_object("ServerGroupPayload", "1.1", data), "nova-api:controller", VERSIONED)


def volume(what: str, obj: Obj) -> Said:
    payload = {
        "volume_id": obj["id"],
        "tenant_id": obj["project_id"],
        "user_id": obj["user_id"],
        "display_name": obj["name"],
        "availability_zone": obj["availability_zone"],
        "status": "deleting" if what == DELETED else obj["status"],
        "size": obj["size"],
        "volume_type": obj["volume_type"],
        "snapshot_id": obj["snapshot_id"],
        "created_at": obj["created_at"] + "+00:00",
        "host": "volume-1@lvm",
        "metadata": [{"key": key, "value": value} for key, value in obj["metadata"].items()],
    }
    return Said("cinder", f"volume.{what}.end", payload, "volume.volume-1@lvm")


def snapshot(what: str, obj: Obj) -> Said:
    payload = {
        "snapshot_id": obj["id"],
        "volume_id": obj["volume_id"],
        "tenant_id": obj["project_id"],
        "display_name": obj["name"],
        "status": "deleting" if what == DELETED else obj["status"],
        "volume_size": obj["size"],
        "created_at": obj["created_at"] + "+00:00",
    }
    return Said("cinder", f"snapshot.{what}.end", payload, "snapshot.volume-1@lvm")


def neutron(noun: str) -> Callable[[str, Obj], Said]:
    """Neutron shows the object as its API does; a deleted one also by its id."""

    def say(what: str, obj: Obj) -> Said:
        payload: Obj = {noun: {**obj, "tenant_id": obj["project_id"]}}
        if what == DELETED:
            payload[f"{noun}_id"] = obj["id"]
        return Said("neutron", f"{noun}.{what}.end", payload, "network.controller")

    return say


def project(what: str, obj: Obj) -> Said:
    event = f"identity.project.{what}d"
    return Said("keystone", event, {"resource_info": obj["id"]}, "identity.controller")


BODIES: dict[str, Callable[[str, Obj], Said | None]] = {
    "servers": server,
    "server_groups": server_group,
    "volumes": volume,
    "snapshots": snapshot,
    "projects": project,
    "networks": neutron("network"),
    "subnets": neutron("subnet"),
    "routers": neutron("router"),
    "ports": neutron("port"),
    "floatingips": neutron("floatingip"),
    "security_groups": neutron("security_group"),
    "security_group_rules": neutron("security_group_rule"),
}


def body_of(what: str, kind: str, obj: Obj) -> Said | None:
    """None for what services do not tell of."""
    say: Any = BODIES.get(kind)
    return say(what, obj) if say else None
