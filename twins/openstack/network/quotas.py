"""Quotas: https://docs.openstack.org/api-ref/network/v2/#quotas-extension-quotas."""

from __future__ import annotations

from ..errors import ApiError, bad_request, conflict
from ..state import Obj
from ..wire import Call, Route

DEFAULTS = {
    "network": 100,
    "subnet": 100,
    "subnetpool": -1,
    "port": 500,
    "router_route": 30,
    "router": 10,
    "floatingip": 50,
    "rbac_policy": 10,
    "security_group": 10,
    "security_group_rule": 100,
}
KINDS = {
    "network": "networks",
    "subnet": "subnets",
    "port": "ports",
    "router": "routers",
    "floatingip": "floatingips",
    "rbac_policy": "rbac_policies",
    "security_group": "security_groups",
    "security_group_rule": "security_group_rules",
}


def limits(call: Call, project_id: str) -> dict[str, int]:
    stored = call.state.get("network_quotas", project_id) or {}
    return {**DEFAULTS, **stored.get("limits", {})}


def used(call: Call, name: str, project_id: str) -> int:
    kind = KINDS.get(name)
    return len(call.state.where(kind, "project_id", project_id)) if kind else 0


def check_quota(call: Call, name: str, kind: str, project_id: str, count: int = 1) -> None:
    """409 OverQuota when one more of ``name`` is too many."""
    limit = limits(call, project_id)[name]
    if project_id and limit >= 0 and used(call, name, project_id) + count > limit:
        raise conflict(f"Quota exceeded for resources: ['{name}'].", "OverQuota")


def may_see(call: Call, project_id: str) -> None:
    if not call.is_admin and project_id != call.project_id:
        raise ApiError(403, "rule:get_quota is disallowed by policy", "PolicyNotAuthorized")


def show(call: Call) -> Obj:
    project_id = call.params["project_id"]
    may_see(call, project_id)
    return {"quota": limits(call, project_id)}


def show_details(call: Call) -> Obj:
    project_id = call.params["project_id"]
    may_see(call, project_id)
    rows = {
        name: {"limit": limit, "used": used(call, name, project_id), "reserved": 0}
        for name, limit in limits(call, project_id).items()
    }
    return {"quota": rows}


def show_default(call: Call) -> Obj:
    return {"quota": DEFAULTS}


def list_all(call: Call) -> Obj:
    stored = call.state.all("network_quotas")
    return {
        "quotas": [
            {**limits(call, entry["id"]), "project_id": entry["id"], "tenant_id": entry["id"]} for entry in stored
        ]
    }


def update(call: Call) -> Obj:
    project_id = call.params["project_id"]
    body = dict((call.body or {}).get("quota") or {})
    forced = str(body.pop("force", False)).lower() == "true"
    body.pop("check_limit", None)
    for name, limit in body.items():
        if name not in DEFAULTS:
            raise bad_request(f"Unrecognized attribute(s) '{name}'", "HTTPBadRequest")
        if not str(limit).lstrip("-").isdigit():
            raise bad_request(f"Invalid input for operation: '{limit}' is not an integer.", "InvalidInput")
        if int(limit) < -1:
            raise bad_request(
                f"Invalid input for {name}. Reason: '{limit}' is too small - must be at least '-1'.",
                "HTTPBadRequest",
            )
        usage = used(call, name, project_id)
        if not forced and 0 <= int(limit) < usage:
            raise bad_request(
                f"Quota limit {limit} for {name} must be greater than or equal to already used {usage}",
                "HTTPBadRequest",
            )
    stored = call.state.get("network_quotas", project_id) or {"id": project_id, "limits": {}}
    chosen = {name: int(limit) for name, limit in body.items()}
    call.state.add("network_quotas", {"id": project_id, "limits": {**stored["limits"], **chosen}})
    return {"quota": limits(call, project_id)}


def delete(call: Call) -> None:
    stored = call.state.get("network_quotas", call.params["project_id"])
    if stored is not None:
        call.state.drop("network_quotas", stored)


ROUTES = [
    Route("GET", "/quotas", "quota.list", list_all, policy="get_quota"),
    Route("GET", "/quotas/{project_id}", "quota.show", show),
    Route("GET", "/quotas/{project_id}/default", "quota.show_default", show_default),
    Route("GET", "/quotas/{project_id}/details.json", "quota.show_details", show_details),
    Route("GET", "/quotas/{project_id}/details", "quota.show_details", show_details),
    Route("PUT", "/quotas/{project_id}", "quota.update", update, policy="update_quota"),
    Route("DELETE", "/quotas/{project_id}", "quota.delete", delete, 204, "delete_quota"),
]
