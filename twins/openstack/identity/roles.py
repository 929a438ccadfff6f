"""Roles and role assignments: https://docs.openstack.org/api-ref/identity/v3/#roles."""

from __future__ import annotations

from ..errors import conflict, not_found, policy_refusal
from ..state import Obj, new_hex
from ..wire import Call, Reply
from .projects import given, require_name
from .view import brief, fetch, linked, page, wanted


def show(call: Call, role: Obj) -> Obj:
    return linked(call, "roles", role)


def list_all(call: Call) -> Obj:
    found = wanted(call, call.state.all("roles"), "name")
    return page(call, "roles", (show(call, role) for role in found))


def get(call: Call) -> Obj:
    return {"role": show(call, fetch(call, "roles", call.params["role_id"], "role"))}


def create(call: Call) -> Obj:
    body = given(call, "role")
    name = require_name("role", body)
    if call.state.find("roles", name=name):
        raise conflict(f"Conflict occurred attempting to store role - Duplicate entry found with name {name}.")
    role = {
        "id": new_hex(),
        "name": name,
        "domain_id": None,
        "description": body.get("description"),
        "options": body.get("options") or {},
    }
    return {"role": show(call, call.state.add("roles", role))}


def delete(call: Call) -> None:
    role = fetch(call, "roles", call.params["role_id"], "role")
    for assignment in [entry for entry in call.state.all("assignments") if entry["role_id"] == role["id"]]:
        call.state.drop("assignments", assignment)
    call.state.drop("roles", role)


def key_of(project_id: str, user_id: str, role_id: str) -> str:
    return f"{project_id}/{user_id}/{role_id}"


def named(call: Call) -> tuple[str, str, str]:
    """The project, user and role of an assignment's path; each must exist."""
    project = fetch(call, "projects", call.params["project_id"], "project")
    user = fetch(call, "users", call.params["user_id"], "user")
    role = fetch(call, "roles", call.params["role_id"], "role")
    return project["id"], user["id"], role["id"]


def assign(call: Call) -> None:
    project_id, user_id, role_id = named(call)
    key = key_of(project_id, user_id, role_id)
    if call.state.get("assignments", key) is None:
        entry = {"id": key, "project_id": project_id, "user_id": user_id, "role_id": role_id}
        call.state.add("assignments", entry)


def assigned(call: Call) -> Obj:
    project_id, user_id, role_id = named(call)
    entry = call.state.get("assignments", key_of(project_id, user_id, role_id))
    if entry is None:
        raise not_found(
            f"Could not find role assignment with role: {role_id}, user or group: {user_id}, "
            f"project, domain, or system: {project_id}."
        )
    return entry


def check(call: Call) -> Reply:
    assigned(call)
    return Reply(204)


def unassign(call: Call) -> None:
    call.state.drop("assignments", assigned(call))


def list_assigned(call: Call) -> Obj:
    """GET /projects/{}/users/{}/roles: the roles assigned directly."""
    fetch(call, "projects", call.params["project_id"], "project")
    held = [
        fetch(call, "roles", entry["role_id"], "role")
        for entry in call.state.where("assignments", "project_id", call.params["project_id"])
        if entry["user_id"] == call.params["user_id"]
    ]
    return page(call, "roles", (show(call, role) for role in held))


def list_assignments(call: Call) -> Obj:
    """GET /role_assignments. Users may list those of the project they are in, admins all."""
    project_id, user_id = call.arg("scope.project.id"), call.arg("user.id")
    if not call.is_admin and user_id != call.context.user_id:
        raise policy_refusal("identity", "identity:list_role_assignments")
    found = call.state.where("assignments", "project_id", project_id) if project_id else call.state.all("assignments")
    chosen = [
        entry
        for entry in found
        if user_id in (None, entry["user_id"]) and call.arg("role.id") in (None, entry["role_id"])
    ]
    return page(call, "role_assignments", (show_assignment(call, entry) for entry in chosen))


def show_assignment(call: Call, entry: Obj) -> Obj:
    project: Obj = {"id": entry["project_id"]}
    user: Obj = {"id": entry["user_id"]}
    role: Obj = {"id": entry["role_id"]}
    if call.flag("include_names"):
        project = brief(call.cloud, fetch(call, "projects", entry["project_id"], "project"), "domain_id")
        user = brief(call.cloud, fetch(call, "users", entry["user_id"], "user"), "domain_id")
        role = {"id": entry["role_id"], "name": fetch(call, "roles", entry["role_id"], "role")["name"]}
    path = f"projects/{entry['project_id']}/users/{entry['user_id']}/roles/{entry['role_id']}"
    return {
        "links": {"assignment": f"{call.base}/v3/{path}"},
        "scope": {"project": project},
        "user": user,
        "role": role,
    }
