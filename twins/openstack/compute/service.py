"""Nova as a service of the twin."""

from __future__ import annotations

from dataclasses import replace

from ..service import Service
from ..state import Obj
from ..wire import Call, Reply, Route
from . import (
    actions,
    consoles,
    flavors,
    hosts,
    interfaces,
    keypairs,
    listing,
    metadata,
    quotas,
    server_groups,
    servers,
    volume_attachments,
)

LOW, HIGH = (2, 1), (2, 96)


def version(call: Call) -> Obj:
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": f"{HIGH[0]}.{HIGH[1]}",
        "min_version": f"{LOW[0]}.{LOW[1]}",
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{call.base}/compute/v2.1/"}],
    }


def show_versions(call: Call) -> Obj:
    return {"versions": [version(call)]}


def show_version(call: Call) -> Reply:
    media = [{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}]
    described = {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"}
    shown = version(call)
    return Reply(200, {"version": {**shown, "links": [*shown["links"], described], "media-types": media}})


def list_extensions(call: Call) -> Obj:
    return {"extensions": []}


VERSIONED = [
    Route("GET", "/", "version.show", show_version, public=True),
    Route("GET", "/servers", "server.list", listing.list_brief),
    Route("POST", "/servers", "server.create", servers.create),
    Route("GET", "/servers/detail", "server.list", listing.list_detail),
    Route("GET", "/servers/{id}", "server.show", servers.show),
    Route("PUT", "/servers/{id}", "server.update", servers.update),
    Route("DELETE", "/servers/{id}", "server.delete", servers.delete, 204),
    Route("POST", "/servers/{id}/action", "server.action", actions.run),
    Route("POST", "/servers/{id}/remote-consoles", "server.get_console", consoles.remote_console),
    Route("GET", "/servers/{id}/ips", "server_ip.list", servers.list_ips),
    Route("GET", "/servers/{id}/os-security-groups", "server_security_group.list", servers.list_groups),
    Route("GET", "/extensions", "extension.list", list_extensions),
    *metadata.ROUTES,
    *interfaces.ROUTES,
    *volume_attachments.ROUTES,
    *flavors.ROUTES,
    *keypairs.ROUTES,
    *server_groups.ROUTES,
    *quotas.ROUTES,
    *hosts.ROUTES,
]
SERVICE = Service(
    "compute",
    "/compute",
    [
        Route("GET", "/", "version.list", show_versions, public=True),
        *(replace(route, path="/v2.1" + route.path) for route in VERSIONED),
    ],
    microversion=("compute", LOW, HIGH),
    version_in_path="/v2.1",
    actions=actions.OPERATIONS | flavors.OPERATIONS,
)
