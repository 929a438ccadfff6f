"""Users: https://docs.openstack.org/api-ref/identity/v3/#users."""

from __future__ import annotations

from ..errors import conflict, policy_refusal
from ..state import Obj, new_hex
from ..wire import Call
from .projects import given, require_name
from .tokens import revoke_all_of, unauthorized
from .view import fetch, linked, page, wanted

SECRET = ("password", "original_password")
CORE = ("id", "name", "domain_id", "enabled", "default_project_id", "password_expires_at", "options")


def show(call: Call, user: Obj) -> Obj:
    """A user without the password, and without a default project when none is set."""
    shown = {key: value for key, value in user.items() if key not in SECRET}
    if shown.get("default_project_id") is None:
        shown.pop("default_project_id", None)
    return linked(call, "users", shown)


def refuse_twins(call: Call, name: str, domain_id: str, own_id: str = "") -> None:
    other = call.state.find("users", name=name, domain_id=domain_id)
    if other is not None and other["id"] != own_id:
        raise conflict(
            "Conflict occurred attempting to store user - "
            f"Duplicate entry found with name {name} at domain ID {domain_id}."
        )


def create(call: Call) -> Obj:
    body = given(call, "user")
    name = require_name("user", body)
    domain_id = body.get("domain_id") or "default"
    fetch(call, "domains", domain_id, "domain")
    refuse_twins(call, name, domain_id)
    known = {
        "id": new_hex(),
        "name": name,
        "domain_id": domain_id,
        "enabled": body.get("enabled", True),
        "default_project_id": body.get("default_project_id"),
        "password_expires_at": None,
        "options": body.get("options") or {},
        "password": body.get("password"),
    }
    user = {**{key: value for key, value in body.items() if key not in known}, **known}
    return {"user": show(call, call.state.add("users", user))}


def list_all(call: Call) -> Obj:
    found = wanted(call, call.state.all("users"), "name", "domain_id", "enabled")
    return page(call, "users", (show(call, user) for user in found))


def visible(call: Call, rule: str) -> Obj:
    user = fetch(call, "users", call.params["user_id"], "user")
    if not call.is_admin and user["id"] != call.context.user_id:
        raise policy_refusal("identity", rule)
    return user


def get(call: Call) -> Obj:
    return {"user": show(call, visible(call, "identity:get_user"))}


def update(call: Call) -> Obj:
    user = fetch(call, "users", call.params["user_id"], "user")
    body = given(call, "user")
    if "name" in body:
        refuse_twins(call, require_name("user", body), user["domain_id"], user["id"])
    call.state.edit("users", user, **{key: value for key, value in body.items() if key not in ("id", "domain_id")})
    if "password" in body or body.get("enabled") is False:
        revoke_all_of(call, user["id"])
    extra = {key: value for key, value in user.items() if key not in (*CORE, *SECRET)}
    return {"user": show(call, {**user, "extra": extra})}


def delete(call: Call) -> None:
    user = fetch(call, "users", call.params["user_id"], "user")
    for assignment in list(call.state.where("assignments", "user_id", user["id"])):
        call.state.drop("assignments", assignment)
    revoke_all_of(call, user["id"])
    call.state.drop("users", user)


def change_password(call: Call) -> None:
    """POST /users/{user_id}/password: users change their own with the old one."""
    user = fetch(call, "users", call.params["user_id"], "user")
    body = given(call, "user")
    if body.get("original_password") != user["password"]:
        raise unauthorized()
    call.state.edit("users", user, password=body.get("password"))
    revoke_all_of(call, user["id"])


def list_projects(call: Call) -> Obj:
    user = visible(call, "identity:list_user_projects")
    held = dict.fromkeys(entry["project_id"] for entry in call.state.where("assignments", "user_id", user["id"]))
    projects = [project for key in held if (project := call.state.get("projects", key))]
    return page(call, "projects", (linked(call, "projects", project) for project in projects))


def list_groups(call: Call) -> Obj:
    visible(call, "identity:list_groups_for_user")
    return page(call, "groups", [])
