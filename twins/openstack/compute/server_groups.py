"""Server groups: https://docs.openstack.org/api-ref/compute/#server-groups-os-server-groups."""

from __future__ import annotations

from .. import paging
from ..errors import bad_request, forbidden, not_found
from ..schema import invalid
from ..state import Obj, new_id
from ..wire import Call, Route
from .quotas import limits

POLICIES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")


def members(call: Call, group: Obj) -> list[str]:
    servers = call.state.where("servers", "project_id", group["project_id"])
    return [server["id"] for server in servers if server["server_group"] == group["id"]]


def show_group(call: Call, group: Obj) -> Obj:
    """``policies`` until 2.63, ``policy`` and ``rules`` from 2.64 on."""
    shown: Obj = {"id": group["id"], "name": group["name"]}
    if call.version >= (2, 64):
        shown |= {"policy": group["policy"], "rules": group["rules"]}
    else:
        shown |= {"policies": [group["policy"]], "metadata": {}}
    shown["members"] = members(call, group)
    if call.version >= (2, 13):
        shown |= {"project_id": group["project_id"], "user_id": group["user_id"]}
    return shown


def fetch(call: Call) -> Obj:
    group = call.state.get("server_groups", call.params["id"])
    if group is None or (group["project_id"] != call.project_id and not call.is_admin):
        raise not_found(f"Instance group {call.params['id']} could not be found.")
    return group


def list_all(call: Call) -> Obj:
    groups = call.state.where("server_groups", "project_id", call.project_id)
    if call.is_admin and call.arg("all_projects") is not None:
        groups = call.state.all("server_groups")
    rows, _ = paging.cut(call, list(groups), lambda key: bad_request(f"marker [{key}] not found"))
    return {"server_groups": [show_group(call, group) for group in rows]}


def show(call: Call) -> Obj:
    return {"server_group": show_group(call, fetch(call))}


def create(call: Call) -> Obj:
    body = (call.body or {}).get("server_group") or {}
    if not body.get("name"):
        raise invalid("server_group", body, "'name' is a required property")
    policy = body.get("policy") if call.version >= (2, 64) else (body.get("policies") or [None])[0]
    if policy not in POLICIES:
        raise invalid("policy", policy, f"'{policy}' is not one of {list(POLICIES)}")
    held = call.state.where("server_groups", "project_id", call.project_id)
    if 0 <= limits(call, call.project_id)["server_groups"] < len(held) + 1:
        raise forbidden("Quota exceeded, too many server groups.")
    group = call.state.add(
        "server_groups",
        {
            "id": new_id(),
            "name": body["name"],
            "policy": policy,
            "rules": dict(body.get("rules") or {}),
            "project_id": call.project_id,
            "user_id": call.context.user_id,
        },
    )
    return {"server_group": show_group(call, group)}


def delete(call: Call) -> None:
    call.state.drop("server_groups", fetch(call))


ROUTES = [
    Route("GET", "/os-server-groups", "server_group.list", list_all),
    Route("POST", "/os-server-groups", "server_group.create", create),
    Route("GET", "/os-server-groups/{id}", "server_group.show", show),
    Route("DELETE", "/os-server-groups/{id}", "server_group.delete", delete, 204),
]
