"""Quota sets and limits: https://docs.openstack.org/api-ref/compute/#quota-sets-os-quota-sets."""

from __future__ import annotations

from ..errors import bad_request, forbidden, policy_refusal
from ..state import Obj
from ..wire import Call, Reply, Route

DEFAULTS = {
    "cores": 20,
    "instances": 10,
    "key_pairs": 100,
    "metadata_items": 128,
    "ram": 51200,
    "server_group_members": 10,
    "server_groups": 10,
}
NETWORKING = {"fixed_ips": -1, "floating_ips": -1, "security_group_rules": -1, "security_groups": -1}
FILES = {"injected_file_content_bytes": 10240, "injected_file_path_bytes": 255, "injected_files": 5}
ABSOLUTE = {
    "maxTotalCores": "cores",
    "maxTotalInstances": "instances",
    "maxTotalKeypairs": "key_pairs",
    "maxServerMeta": "metadata_items",
    "maxTotalRAMSize": "ram",
    "maxServerGroups": "server_groups",
    "maxServerGroupMembers": "server_group_members",
}
USED = {
    "totalRAMUsed": "ram",
    "totalCoresUsed": "cores",
    "totalInstancesUsed": "instances",
    "totalServerGroupsUsed": "server_groups",
}
OLD_ABSOLUTE = {
    "maxPersonality": 5,
    "maxPersonalitySize": 10240,
    "maxImageMeta": 128,
    "maxTotalFloatingIps": -1,
    "maxSecurityGroups": -1,
    "maxSecurityGroupRules": -1,
    "totalFloatingIpsUsed": 0,
    "totalSecurityGroupsUsed": 0,
}


def names(call: Call) -> dict[str, int]:
    """The quotas of a microversion: networking ones until 2.35, files until 2.56."""
    older = NETWORKING if call.version < (2, 36) else {}
    files = FILES if call.version < (2, 57) else {}
    return {**DEFAULTS, **older, **files}


def limits(call: Call, project_id: str) -> dict[str, int]:
    stored = (call.state.get("compute_quotas", project_id) or {}).get("limits", {})
    known = names(call)
    return {**known, **{name: limit for name, limit in stored.items() if name in known}}


def usage(call: Call, project_id: str) -> dict[str, int]:
    servers = call.state.where("servers", "project_id", project_id)
    return {
        "instances": len(servers),
        "cores": sum(server["flavor"]["vcpus"] for server in servers),
        "ram": sum(server["flavor"]["ram"] for server in servers),
        "server_groups": len(call.state.where("server_groups", "project_id", project_id)),
    }


def check_servers(call: Call, flavor: Obj, count: int = 1, less: Obj | None = None) -> None:
    """403 when ``count`` more servers of a flavor (instead of one of flavor ``less``) are too much."""
    allowed = limits(call, call.project_id)
    if all(allowed[name] < 0 for name in ("cores", "instances", "ram")):
        return
    used = usage(call, call.project_id)
    wanted = {"cores": flavor["vcpus"] * count, "instances": count, "ram": flavor["ram"] * count}
    if less is not None:
        wanted = {"cores": flavor["vcpus"] - less["vcpus"], "ram": flavor["ram"] - less["ram"]}
    over = [name for name, amount in wanted.items() if amount > 0 and 0 <= allowed[name] < used[name] + amount]
    if not over:
        return
    listed = [", ".join(str(row[name]) for name in over) for row in (wanted, used, allowed)]
    text = ", ".join(over)
    raise forbidden(
        f"Quota exceeded for {text}: Requested {listed[0]}, but already used {listed[1]} of {listed[2]} {text}"
    )


def target(call: Call) -> str:
    project_id = call.params["target"]
    if not call.is_admin and project_id != call.project_id:
        raise policy_refusal("compute", "os_compute_api:os-quota-sets:show")
    return known(call)


def known(call: Call) -> str:
    """The id of the project, which Nova alone of all services looks up in Keystone."""
    project_id = call.params["target"]
    if call.state.get("projects", project_id) is None:
        raise bad_request(f"Project ID {project_id} is not a valid project.")
    return project_id


def show(call: Call) -> Obj:
    project_id = target(call)
    return {"quota_set": {"id": project_id, **limits(call, project_id)}}


def show_detail(call: Call) -> Obj:
    project_id = target(call)
    used = usage(call, project_id)
    rows = {
        name: {"limit": limit, "in_use": used.get(name, 0), "reserved": 0}
        for name, limit in limits(call, project_id).items()
    }
    return {"quota_set": {"id": project_id, **rows}}


def show_defaults(call: Call) -> Obj:
    return {"quota_set": {"id": known(call), **names(call)}}


def update(call: Call) -> Obj:
    project_id = known(call)
    body = dict((call.body or {}).get("quota_set") or {})
    forced = str(body.pop("force", False)).lower() == "true"
    body.pop("tenant_id", None)
    used = usage(call, project_id)
    for name, limit in body.items():
        if name not in names(call):
            raise bad_request(
                f"Invalid input for field/attribute quota_set. Value: {body}. Additional properties are not "
                f"allowed ('{name}' was unexpected)"
            )
        if not forced and 0 <= int(limit) < used.get(name, 0):
            raise bad_request(
                f"Quota limit {limit} for {name} must be greater than or equal to already used and reserved "
                f"{used[name]}."
            )
    stored = (call.state.get("compute_quotas", project_id) or {}).get("limits", {})
    chosen = {name: int(limit) for name, limit in body.items()}
    call.state.add("compute_quotas", {"id": project_id, "limits": {**stored, **chosen}})
    return {"quota_set": limits(call, project_id)}


def delete(call: Call) -> Reply:
    stored = call.state.get("compute_quotas", call.params["target"])
    if stored is not None:
        call.state.drop("compute_quotas", stored)
    return Reply(202)


def show_limits(call: Call) -> Obj:
    project_id = call.project_id
    if call.is_admin:
        project_id = call.arg("tenant_id") or project_id
    allowed, used = limits(call, project_id), usage(call, project_id)
    absolute = {name: allowed[key] for name, key in ABSOLUTE.items()}
    absolute |= {name: used[key] for name, key in USED.items()}
    if call.version < (2, 36):
        absolute |= OLD_ABSOLUTE
    return {"limits": {"rate": [], "absolute": absolute}}


ROUTES = [
    Route("GET", "/os-quota-sets/{target}", "compute_quota.show", show),
    Route("GET", "/os-quota-sets/{target}/detail", "compute_quota.show_detail", show_detail),
    Route("GET", "/os-quota-sets/{target}/defaults", "compute_quota.show_defaults", show_defaults),
    Route(
        "PUT",
        "/os-quota-sets/{target}",
        "compute_quota.update",
        update,
        policy="os_compute_api:os-quota-sets:update",
    ),
    Route(
        "DELETE",
        "/os-quota-sets/{target}",
        "compute_quota.delete",
        delete,
        policy="os_compute_api:os-quota-sets:delete",
    ),
    Route("GET", "/limits", "limits.show", show_limits),
]
