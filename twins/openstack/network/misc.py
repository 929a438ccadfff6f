"""The rest of Neutron that clients ask for: extensions, zones, agents, availabilities, and empty "
"collections."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from ..errors import NO_ROUTE, not_found
from ..seed import ZONES
from ..state import Obj
from ..wire import Call, Route

ALIASES = (
    "address-scope",
    "agent",
    "allowed-address-pairs",
    "availability_zone",
    "availability_zone_filter",
    "binding",
    "default-subnetpools",
    "dhcp_agent_scheduler",
    "empty-string-filtering",
    "ext-gw-mode",
    "external-net",
    "extra_dhcp_opt",
    "extraroute",
    "extraroute-atomic",
    "filter-validation",
    "fip-port-details",
    "ip-substring-filtering",
    "net-mtu",
    "net-mtu-writable",
    "network-ip-availability",
    "network_availability_zone",
    "pagination",
    "port-mac-address-regenerate",
    "port-security",
    "port-security-groups-filtering",
    "project-id",
    "provider",
    "quota-check-limit",
    "quota_details",
    "quotas",
    "rbac-policies",
    "router",
    "router_availability_zone",
    "security-group",
    "security-groups-normalized-cidr",
    "security-groups-remote-address-group",
    "service-type",
    "sorting",
    "standard-attr-description",
    "standard-attr-revisions",
    "standard-attr-tag",
    "standard-attr-timestamp",
    "stateful-security-group",
    "subnet-external-network",
    "subnet-service-types",
    "subnet_allocation",
)
EMPTY = ("agents", "subnetpools", "address_scopes", "address_groups", "flavors", "service_providers")
COLLECTIONS = ("networks", "subnets", "subnetpools", "ports")


def extension(alias: str) -> Obj:
    name = alias.replace("-", " ").replace("_", " ").capitalize()
    return {
        "name": name,
        "alias": alias,
        "description": name,
        "updated": "2026-01-01T00:00:00-00:00",
        "links": [],
    }


def list_extensions(call: Call) -> Obj:
    return {"extensions": [extension(alias) for alias in ALIASES]}


def show_extension(call: Call) -> Obj:
    if call.params["alias"] not in ALIASES:
        raise not_found(f"Extension with alias {call.params['alias']} does not exist")
    return {"extension": extension(call.params["alias"])}


def list_zones(call: Call) -> Obj:
    return {
        "availability_zones": [
            {"state": "available", "name": zone, "resource": resource}
            for zone in ZONES
            for resource in ("router", "network")
        ]
    }


def show_version(call: Call) -> Obj:
    links = [(name, {"rel": "self", "href": f"{call.base}/network/v2.0/{name}"}) for name in COLLECTIONS]
    return {"resources": [{"name": name[:-1], "collection": name, "links": [link]} for name, link in links]}


def list_versions(call: Call) -> Obj:
    link = {"rel": "self", "href": f"{call.base}/network/v2.0/"}
    return {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]}


def availability(call: Call, network: Obj) -> Obj:
    """How many addresses of a network there are and how many are taken."""
    rows = []
    for subnet in call.state.where("subnets", "network_id", network["id"]):
        used = len((call.state.get("allocations", subnet["id"]) or {"used": ()})["used"])
        total = sum(pool_size(pool) for pool in subnet["allocation_pools"])
        rows.append(
            {
                "subnet_id": subnet["id"],
                "subnet_name": subnet["name"],
                "ip_version": subnet["ip_version"],
                "cidr": str(ip_network(subnet["cidr"])),
                "used_ips": used,
                "total_ips": total,
            }
        )
    return {
        "network_id": network["id"],
        "network_name": network["name"],
        "project_id": network["project_id"],
        "tenant_id": network["project_id"],
        "subnet_ip_availability": rows,
        "used_ips": sum(row["used_ips"] for row in rows),
        "total_ips": sum(row["total_ips"] for row in rows),
    }


def pool_size(pool: Obj) -> int:
    return int(ip_address(pool["end"])) - int(ip_address(pool["start"])) + 1


def list_availabilities(call: Call) -> Obj:
    rows = [availability(call, network) for network in call.state.all("networks")]
    wanted = call.args("network_id")
    return {"network_ip_availabilities": [row for row in rows if not wanted or row["network_id"] in wanted]}


def show_availability(call: Call) -> Obj:
    network = call.state.get("networks", call.params["network_id"])
    if network is None:
        raise not_found(NO_ROUTE)
    return {"network_ip_availability": availability(call, network)}


def empty(collection: str) -> Route:
    path = "/" + collection.replace("_", "-")
    return Route("GET", path, f"{collection}.list", lambda call: {collection: []})


ROUTES = [
    Route("GET", "/", "version.list", list_versions, public=True),
    Route("GET", "/v2.0", "version.show", show_version),
    Route("GET", "/v2.0/extensions", "extension.list", list_extensions),
    Route("GET", "/v2.0/extensions/{alias}", "extension.show", show_extension),
    Route("GET", "/v2.0/availability_zones", "availability_zone.list", list_zones),
    Route(
        "GET",
        "/v2.0/network-ip-availabilities",
        "network_ip_availability.list",
        list_availabilities,
        policy="get_network_ip_availability",
    ),
    Route(
        "GET",
        "/v2.0/network-ip-availabilities/{network_id}",
        "network_ip_availability.show",
        show_availability,
        policy="get_network_ip_availability",
    ),
]
EMPTY_ROUTES = [empty(collection) for collection in EMPTY]
