"""Routers, their gateways and routes: https://docs.openstack.org/api-ref/network/v2/#routers."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from ..errors import ApiError, bad_request, conflict
from ..state import Obj
from ..wire import Call, Route
from . import ports
from .automatic import INTERFACE
from .networks import NETWORKS
from .resource import Resource, in_use, invalid

GATEWAY = "network:router_gateway"
ADMIN_ONLY = ("distributed", "ha")


def show(call: Call, router: Obj) -> Obj:
    shown = {
        **router,
        "availability_zones": [],
        "created_at": router["created_at"] + "Z",
        "updated_at": router["updated_at"] + "Z",
    }
    if not call.is_admin:
        for name in ADMIN_ONLY:
            shown.pop(name)
    return shown


def ports_of(call: Call, router: Obj, owner: str) -> list[Obj]:
    return [port for port in call.state.where("ports", "device_id", router["id"]) if port["device_owner"] == owner]


def prepare(call: Call, router: Obj) -> None:
    router["status"] = "ACTIVE"
    router["routes"] = []
    if router["external_gateway_info"]:
        router["external_gateway_info"] = set_gateway(call, router, router["external_gateway_info"])


def update(call: Call, router: Obj, changes: Obj) -> None:
    if "routes" in changes:
        changes["routes"] = check_routes(call, router, changes["routes"] or [])
    if "external_gateway_info" not in changes:
        return
    wanted = changes["external_gateway_info"] or {}
    present = router["external_gateway_info"] or {}
    same_network = present.get("network_id") == wanted.get("network_id")
    if present and wanted and same_network and not wanted.get("external_fixed_ips"):
        changes["external_gateway_info"] = {**present, "enable_snat": wanted.get("enable_snat", True)}
        return
    if present:
        clear_gateway(call, router, present)
    changes["external_gateway_info"] = set_gateway(call, router, wanted) if wanted else None


def set_gateway(call: Call, router: Obj, wanted: Obj) -> Obj:
    """A port on the external network; returns the shown form of the gateway."""
    if not wanted.get("network_id"):
        raise invalid("Invalid input for external_gateway_info. Reason: 'network_id' is required.")
    network = NETWORKS.fetch(call, wanted["network_id"])
    if not network["router:external"]:
        raise bad_request(f"Bad router request: Network {network['id']} is not an external network.")
    for name in ("enable_snat", "external_fixed_ips"):
        if name in wanted and not call.is_admin:
            refuse_detail("update" if call.method == "PUT" else "create", name)
    port = ports.make(
        call,
        network_id=network["id"],
        fixed_ips=wanted.get("external_fixed_ips") or None,
        device_id=router["id"],
        device_owner=GATEWAY,
        project_id="",
        port_security_enabled=False,
        **{"binding:host_id": "network-1"},
    )
    return {
        "network_id": network["id"],
        "external_fixed_ips": port["fixed_ips"],
        "enable_snat": wanted.get("enable_snat", True),
    }


def refuse_detail(verb: str, name: str) -> None:
    rule = f"rule:{verb}_router"
    part = f"{rule}:external_gateway_info"
    raise ApiError(
        403,
        f"({rule} and ({part} and ({part}:network_id and {part}:{name}))) is disallowed by policy",
        "PolicyNotAuthorized",
    )


def clear_gateway(call: Call, router: Obj, present: Obj) -> None:
    """Take the gateway away, unless floating IPs go through it."""
    if call.state.where("floatingips", "router_id", router["id"]):
        raise conflict(
            f"Gateway cannot be updated for router {router['id']}, since a gateway to external network "
            f"{present['network_id']} is required by one or more floating IPs.",
            "RouterExternalGatewayInUseByFloatingIp",
        )
    for port in ports_of(call, router, GATEWAY):
        ports.drop(call.state, port)


def check_routes(call: Call, router: Obj, routes: list[Obj]) -> list[Obj]:
    """Each next hop must be on a network of the router."""
    subnet_ids = {
        fixed["subnet_id"]
        for port in call.state.where("ports", "device_id", router["id"])
        for fixed in port["fixed_ips"]
    }
    reachable = [ip_network((call.state.get("subnets", key) or {})["cidr"]) for key in subnet_ids]
    for route in routes:
        try:
            hop = ip_address(route["nexthop"])
            ip_network(route["destination"])
        except (ValueError, KeyError):
            raise invalid(f"Invalid input for routes. Reason: Invalid data format for hostroute: '{route}'.") from None
        if not any(hop in network for network in reachable):
            raise bad_request(
                f"Invalid format for routes: {routes}, the nexthop is not connected with router",
                "InvalidRoutes",
            )
    return [{"destination": route["destination"], "nexthop": route["nexthop"]} for route in routes]


def delete(call: Call, router: Obj) -> None:
    attached = ports_of(call, router, INTERFACE)
    if attached:
        ids = ", ".join(port["id"] for port in attached)
        raise in_use("RouterInUse", f"Router {router['id']} has ports still attached: {ids}")
    if router["external_gateway_info"]:
        clear_gateway(call, router, router["external_gateway_info"])


def add_routes(call: Call) -> Obj:
    return change_routes(call, lambda routes, given: [*routes, *(route for route in given if route not in routes)])


def remove_routes(call: Call) -> Obj:
    return change_routes(call, lambda routes, given: [route for route in routes if route not in given])


def change_routes(call: Call, change: Any) -> Obj:
    router = ROUTERS.fetch_own(call, "update")
    given = ((call.body or {}).get("router") or {}).get("routes") or []
    ROUTERS.touch(call, router, routes=check_routes(call, router, change(router["routes"], given)))
    return {"router": ROUTERS.present(call, router)}


ROUTERS = Resource(
    path="routers",
    singular="router",
    kind="routers",
    type="Router",
    missing="Router {id} could not be found",
    fields={
        "name": "",
        "description": "",
        "admin_state_up": True,
        "external_gateway_info": None,
        "availability_zone_hints": [],
        "flavor_id": None,
        "routes": [],
        "distributed": False,
        "ha": False,
    },
    admin_fields=ADMIN_ONLY,
    quota="router",
    first_revision=1,
    show=show,
    prepare=prepare,
    update=update,
    delete=delete,
    more_routes=[
        Route("PUT", "/routers/{id}/add_extraroutes", "router.add_routes", add_routes),
        Route("PUT", "/routers/{id}/remove_extraroutes", "router.remove_routes", remove_routes),
    ],
)
