"""Cinder as a service of the twin."""

from __future__ import annotations

from dataclasses import replace

from ..seed import ZONES
from ..service import Service
from ..state import Obj
from ..wire import Call, Reply, Route
from . import actions, attachments, backups, messages, metadata, quotas, snapshots, types, volumes
from .view import HOST, POOL_SIZE

LOW, HIGH = (3, 0), (3, 71)


def show_versions(call: Call) -> Reply:
    return Reply(300, versions(call))


def show_version(call: Call) -> Obj:
    return versions(call)


def versions(call: Call) -> Obj:
    return {
        "versions": [
            {
                "id": "v3.0",
                "status": "CURRENT",
                "version": f"{HIGH[0]}.{HIGH[1]}",
                "min_version": f"{LOW[0]}.{LOW[1]}",
                "updated": "2023-08-31T00:00:00Z",
                "links": [
                    {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
                    {"rel": "self", "href": f"{call.base}/volume/v3/"},
                ],
                "media-types": [
                    {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}
                ],
            }
        ]
    }


def list_zones(call: Call) -> Obj:
    return {"availabilityZoneInfo": [{"zoneName": zone, "zoneState": {"available": True}} for zone in ZONES]}


def list_services(call: Call) -> Obj:
    hosts = (("cinder-scheduler", "volume-1"), ("cinder-volume", HOST), ("cinder-backup", "volume-1"))
    return {
        "services": [
            {
                "binary": binary,
                "host": host,
                "zone": "nova",
                "status": "enabled",
                "state": "up",
                "updated_at": f"{call.stamp()}.000000",
                "disabled_reason": None,
            }
            for binary, host in hosts
        ]
    }


def list_pools(call: Call) -> Obj:
    return {
        "pools": [
            {
                "name": f"{HOST}#{type_['name']}",
                "capabilities": {
                    "volume_backend_name": type_["name"],
                    "total_capacity_gb": POOL_SIZE,
                    "free_capacity_gb": POOL_SIZE,
                    "allocated_capacity_gb": 0,
                    "storage_protocol": "iSCSI",
                },
            }
            for type_ in call.state.all("volume_types")
        ]
    }


def list_extensions(call: Call) -> Obj:
    return {"extensions": []}


def list_transfers(call: Call) -> Obj:
    return {"transfers": []}


VERSIONED = [
    Route("GET", "/", "version.show", show_version, public=True),
    Route("GET", "/volumes", "volume.list", volumes.list_brief),
    Route("POST", "/volumes", "volume.create", volumes.create),
    Route("GET", "/volumes/detail", "volume.list", volumes.list_detail),
    Route("GET", "/volumes/summary", "volume.summary", volumes.summary),
    Route("GET", "/volumes/{id}", "volume.show", volumes.show),
    Route("PUT", "/volumes/{id}", "volume.update", volumes.update),
    Route("DELETE", "/volumes/{id}", "volume.delete", volumes.delete),
    Route("POST", "/volumes/{id}/action", "volume.action", actions.run),
    Route("GET", "/snapshots", "snapshot.list", snapshots.list_brief),
    Route("POST", "/snapshots", "snapshot.create", snapshots.create),
    Route("GET", "/snapshots/detail", "snapshot.list", snapshots.list_detail),
    Route("GET", "/snapshots/{id}", "snapshot.show", snapshots.show),
    Route("PUT", "/snapshots/{id}", "snapshot.update", snapshots.update),
    Route("DELETE", "/snapshots/{id}", "snapshot.delete", snapshots.delete),
    Route("POST", "/snapshots/{id}/action", "snapshot.action", snapshots.act),
    Route("GET", "/backups", "backup.list", backups.list_brief),
    Route("POST", "/backups", "backup.create", backups.create),
    Route("GET", "/backups/detail", "backup.list", backups.list_detail),
    Route("GET", "/backups/{id}", "backup.show", backups.show),
    Route("PUT", "/backups/{id}", "backup.update", backups.update),
    Route("DELETE", "/backups/{id}", "backup.delete", backups.delete),
    Route("POST", "/backups/{id}/restore", "backup.restore", backups.restore),
    Route("POST", "/backups/{id}/action", "backup.action", backups.act),
    Route("GET", "/types", "volume_type.list", types.list_all),
    Route("POST", "/types", "volume_type.create", types.create, policy="volume_extension:type_create"),
    Route("GET", "/types/{id}", "volume_type.show", types.show),
    Route("PUT", "/types/{id}", "volume_type.update", types.update, policy="volume_extension:type_update"),
    Route("DELETE", "/types/{id}", "volume_type.delete", types.delete, policy="volume_extension:type_delete"),
    Route(
        "GET",
        "/types/{id}/extra_specs",
        "volume_type_spec.list",
        types.list_specs,
        policy="volume_extension:types_extra_specs:index",
    ),
    Route(
        "POST",
        "/types/{id}/extra_specs",
        "volume_type_spec.create",
        types.set_specs,
        policy="volume_extension:types_extra_specs:create",
    ),
    Route(
        "GET",
        "/types/{id}/extra_specs/{key}",
        "volume_type_spec.show",
        types.show_spec,
        policy="volume_extension:types_extra_specs:show",
    ),
    Route(
        "DELETE",
        "/types/{id}/extra_specs/{key}",
        "volume_type_spec.delete",
        types.delete_spec,
        policy="volume_extension:types_extra_specs:delete",
    ),
    Route(
        "GET",
        "/types/{id}/os-volume-type-access",
        "volume_type_access.list",
        types.list_access,
        policy="volume_extension:volume_type_access",
    ),
    Route(
        "POST",
        "/types/{id}/action",
        "volume_type.action",
        types.change_access,
        policy="volume_extension:volume_type_access:addProjectAccess",
    ),
    Route("GET", "/attachments", "attachment.list", attachments.list_brief),
    Route("POST", "/attachments", "attachment.create", attachments.create),
    Route("GET", "/attachments/detail", "attachment.list", attachments.list_detail),
    Route("GET", "/attachments/{id}", "attachment.show", attachments.show),
    Route("PUT", "/attachments/{id}", "attachment.update", attachments.update),
    Route("POST", "/attachments/{id}/action", "attachment.complete", attachments.finish, 204),
    Route("DELETE", "/attachments/{id}", "attachment.delete", attachments.delete),
    *messages.ROUTES,
    *metadata.ROUTES,
    *quotas.ROUTES,
    Route("GET", "/os-availability-zone", "availability_zone.list", list_zones),
    Route("GET", "/os-services", "service.list", list_services, policy="volume_extension:services:index"),
    Route(
        "GET",
        "/scheduler-stats/get_pools",
        "pool.list",
        list_pools,
        policy="scheduler_extension:scheduler_stats:get_pools",
    ),
    Route("GET", "/extensions", "extension.list", list_extensions),
    Route("GET", "/os-volume-transfer", "transfer.list", list_transfers),
]
OPERATIONS = actions.OPERATIONS | snapshots.OPERATIONS | types.OPERATIONS
SERVICE = Service(
    "block_storage",
    "/volume",
    [
        Route("GET", "/", "version.list", show_versions, public=True),
        *(replace(route, path="/v3" + route.path) for route in VERSIONED),
    ],
    microversion=("volume", LOW, HIGH),
    version_in_path="/v3",
    actions=OPERATIONS,
)
