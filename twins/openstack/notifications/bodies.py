"""What services say of a change: Nova's versioned notifications, the unversioned ones of Cinder and Keystone.

As real services send them (`tests/contract/test_notifications.py` compares); not every field of theirs is here, but
none that they do not have. Neutron's are in `requests.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..compute.view import POWER
from ..state import Obj, new_id

CREATED, CHANGED, DELETED = "create", "update", "delete"
VERSIONED = "versioned_notifications"
# what Cinder says when a volume or snapshot has left this status
VERBS = {
    "creating": "create", "downloading": "create", "attaching": "attach", "reserved": "attach", "detaching": "detach",
    "in-use": "detach", "extending": "resize", "retyping": "retype",
}  # fmt: skip


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


def server(what: str, obj: Obj, before: Obj) -> Said:
    """Its creation is told of when it has ended."""
    if what == CREATED or (what == CHANGED and before.get("vm_state") != "building"):
        event, payload, version = "instance.update", "InstanceUpdatePayload", "2.1"
    elif what == CHANGED:
        event, payload, version = "instance.create.end", "InstanceCreatePayload", "1.13"
    else:
        event, payload, version = "instance.delete.end", "InstanceActionPayload", "1.9"
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
        "task_state": None if what == DELETED else obj["task_state"],
        "power_state": "running" if POWER.get(obj["vm_state"]) == 1 else "shutdown",
        "availability_zone": obj["zone"],
        "created_at": obj["created"] + "Z",
        "launched_at": obj["launched_at"] and obj["launched_at"] + "Z",
        "metadata": obj["metadata"],
        "key_name": obj["key_name"],
        "image_uuid": obj["image_id"] or "",
        "locked": obj["locked"],
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
    return Said("nova", event, nova_object(payload, version, data), "nova-compute:compute-1", VERSIONED)


def server_group(what: str, obj: Obj, before: Obj) -> Said | None:
    if what == CHANGED:
        return None
    data = {"uuid": obj["id"], "name": obj["name"], "project_id": obj["project_id"], "user_id": obj.get("user_id")}
    event = f"server_group.{what}"
    return Said("nova", event, nova_object("ServerGroupPayload", "1.1", data), "nova-api:controller", VERSIONED)


def cinder_event(noun: str, what: str, obj: Obj, before: Obj) -> str | None:
    """Cinder tells of what has come to its end, of a new name or text, and of nothing else."""
    old, new = str(before.get("status", obj["status"])), str(obj["status"])
    if what == DELETED:
        verb: str | None = "delete"
    elif what == CHANGED and old == new:
        verb = "update" if before.keys() & {"name", "description"} else None
    elif what == CREATED or new.endswith("ing") or new in ("reserved", "backing-up", "restoring-backup"):
        verb = None
    else:
        verb = VERBS.get(old) or ("reset_status" if old in ("available", "error") else None)
    if verb is None:
        return None
    return f"{noun}.{verb}" if verb == "retype" else f"{noun}.{verb}.end"


def volume(what: str, obj: Obj, before: Obj) -> Said | None:
    event = cinder_event("volume", what, obj, before)
    if event is None:
        return None
    payload = {
        "volume_id": obj["id"],
        "tenant_id": obj["project_id"],
        "user_id": obj["user_id"],
        "display_name": obj["name"],
        "availability_zone": obj["availability_zone"],
        "status": "deleted" if what == DELETED else obj["status"],
        "size": obj["size"],
        "snapshot_id": obj["snapshot_id"],
        "created_at": obj["created_at"] + "+00:00",
        "host": "volume-1@lvm",
        "metadata": [{"key": key, "value": value} for key, value in obj["metadata"].items()],
    }
    return Said("openstack", event, payload, "volume.volume-1@lvm")


def snapshot(what: str, obj: Obj, before: Obj) -> Said | None:
    event = cinder_event("snapshot", what, obj, before)
    if event is None:
        return None
    payload = {
        "snapshot_id": obj["id"],
        "volume_id": obj["volume_id"],
        "tenant_id": obj["project_id"],
        "display_name": obj["name"],
        "status": "deleted" if what == DELETED else obj["status"],
        "volume_size": obj["size"],
        "created_at": obj["created_at"] + "+00:00",
        "deleted": "",
        "metadata": "",
    }
    return Said("openstack", event, payload, "snapshot.volume-1@lvm")


def project(what: str, obj: Obj, before: Obj) -> Said:
    """Keystone speaks CADF by default."""
    payload = {
        "typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event",
        "eventType": "activity",
        "id": new_id(),
        "action": f"{what}d.project",
        "outcome": "success",
        "observer": {"id": new_id().replace("-", ""), "typeURI": "service/security"},
        "target": {"id": obj["id"], "typeURI": "data/security/project"},
        "resource_info": obj["id"],
    }
    return Said("keystone", f"identity.project.{what}d", payload, "identity.controller")


def port(what: str, obj: Obj, before: Obj) -> Said:
    """As Neutron says it when Nova has asked."""
    payload: Obj = {"port": {**obj, "tenant_id": obj["project_id"]}}
    if what == DELETED:
        payload["port_id"] = obj["id"]
    return Said("neutron", f"port.{what}.end", payload, "network.controller")


BODIES: dict[str, Callable[[str, Obj, Obj], Said | None]] = {
    "servers": server,
    "server_groups": server_group,
    "volumes": volume,
    "snapshots": snapshot,
    "projects": project,
    "ports": port,
}


def body_of(what: str, kind: str, obj: Obj, before: Obj) -> Said | None:
    """What is said of a change, `before` which the changed fields were so; None for what services do not tell of."""
    say: Any = BODIES.get(kind)
    return say(what, obj, before) if say else None
