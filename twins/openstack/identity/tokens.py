"""Authentication and tokens: https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management."""

from __future__ import annotations

import secrets
from typing import Any

from twins.clock import iso

from ..cloud import Cloud
from ..errors import UNAUTHORIZED, ApiError, bad_request, not_found
from ..state import Obj
from ..wire import Call, Context, Reply
from .catalog import catalog
from .view import brief

IMPLIED = {"admin": ("manager", "member", "reader"), "manager": ("member", "reader"), "member": ("reader",)}


def unauthorized() -> ApiError:
    return ApiError(401, UNAUTHORIZED)


def authenticate(cloud: Cloud, token_id: str | None) -> Context:
    """The caller of a request, or 401. Roles are read anew, so a revoked assignment ends its tokens."""
    token = living(cloud, token_id)
    if token is None:
        raise unauthorized()
    return Context(
        token["id"],
        token["user_id"],
        token["project_id"],
        token["domain_id"],
        tuple(role_names(cloud, token)),
    )


def living(cloud: Cloud, token_id: str | None) -> Obj | None:
    """A token that is neither expired, revoked, nor without its user, project or roles."""
    token = cloud.state.get("tokens", token_id)
    if token is None or token["expires"] <= cloud.clock.now():
        return None
    user = cloud.state.get("users", token["user_id"])
    if user is None or not user["enabled"]:
        return None
    if not token["project_id"]:
        return token
    project = cloud.state.get("projects", token["project_id"])
    if project is None or not project["enabled"] or not role_names(cloud, token):
        return None
    return token


def role_names(cloud: Cloud, token: Obj) -> list[str]:
    """The roles of a token's user on its scope, with the roles they imply."""
    if not token["project_id"]:
        return admin_anywhere(cloud, token) if token["domain_id"] else []
    assigned = cloud.state.where("assignments", "project_id", token["project_id"])
    return with_implied(cloud, [entry for entry in assigned if entry["user_id"] == token["user_id"]])


def admin_anywhere(cloud: Cloud, token: Obj) -> list[str]:
    """Domain scope: whoever is admin of a project is admin of its domain, which spares a second "
    "assignment."""
    names = with_implied(cloud, cloud.state.where("assignments", "user_id", token["user_id"]))
    return names if "admin" in names else []


def with_implied(cloud: Cloud, assignments: Any) -> list[str]:
    names: dict[str, None] = {}
    for entry in assignments:
        role = cloud.state.get("roles", entry["role_id"])
        if role is not None:
            names.update(dict.fromkeys((role["name"], *IMPLIED.get(role["name"], ()))))
    return list(names)


def issue(call: Call) -> Reply:
    auth = (call.body or {}).get("auth") if isinstance(call.body, dict) else None
    if not isinstance(auth, dict) or not isinstance(auth.get("identity"), dict):
        raise bad_request("'identity' is a required property")
    user, methods, audit_ids = identify(call, auth["identity"])
    project_id, domain_id = scope_of(call, auth.get("scope"), user)
    now = call.cloud.clock.now()
    token: Obj = {
        "id": "gAAAAAB" + secrets.token_urlsafe(64),
        "user_id": user["id"],
        "project_id": project_id,
        "domain_id": domain_id,
        "methods": methods,
        "audit_ids": [secrets.token_urlsafe(16), *audit_ids],
        "issued": now,
        "expires": now + call.cloud.settings.token_ttl,
    }
    if (project_id or domain_id) and not role_names(call.cloud, token):
        raise unauthorized()
    call.state.add("tokens", token)
    forget_expired(call.cloud)
    return Reply(201, {"token": show(call, token)}, {"X-Subject-Token": token["id"]})


def identify(call: Call, identity: Obj) -> tuple[Obj, list[str], list[str]]:
    """The user who proves to be who they say, the methods used, and the audit ids carried over."""
    methods = identity.get("methods") or []
    if "token" in methods:
        known = living(call.cloud, (identity.get("token") or {}).get("id"))
        if known is None:
            raise unauthorized()
        user = call.state.get("users", known["user_id"]) or {}
        return user, sorted({*known["methods"], "token"}), known["audit_ids"][-1:]
    if "password" not in methods:
        raise unauthorized()
    given = (identity.get("password") or {}).get("user") or {}
    found = find_user(call, given)
    if found is None or not found["enabled"] or given.get("password") != found["password"]:
        raise unauthorized()
    return found, ["password"], []


def find_user(call: Call, given: Obj) -> Obj | None:
    if "id" in given:
        return call.state.get("users", given["id"])
    domain = find_domain(call, given.get("domain"))
    return call.state.find("users", name=given.get("name"), domain_id=domain) if domain else None


def find_domain(call: Call, given: Obj | None) -> str | None:
    if not given:
        return None
    domain = (
        call.state.get("domains", given["id"]) if "id" in given else call.state.find("domains", name=given.get("name"))
    )
    return str(domain["id"]) if domain else None


def scope_of(call: Call, scope: Any, user: Obj) -> tuple[str, str]:
    """The project id and domain id a token is for; both empty when unscoped."""
    if scope is None:
        default = call.state.get("projects", user.get("default_project_id"))
        held = any(entry["user_id"] == user["id"] for entry in assignments_on(call, default)) if default else False
        return (default["id"], "") if default and held else ("", "")
    if not isinstance(scope, dict) or "system" in scope:
        raise unauthorized()
    if "domain" in scope:
        domain = find_domain(call, scope["domain"])
        if domain is None:
            raise unauthorized()
        return "", domain
    given = scope.get("project") or {}
    project = call.state.get("projects", given.get("id"))
    if project is None and "name" in given:
        domain = find_domain(call, given.get("domain"))
        project = call.state.find("projects", name=given["name"], domain_id=domain)
    if project is None or not project["enabled"]:
        raise unauthorized()
    return project["id"], ""


def assignments_on(call: Call, project: Obj) -> list[Obj]:
    return list(call.state.where("assignments", "project_id", project["id"]))


def forget_expired(cloud: Cloud) -> None:
    """Drop tokens that are long over, oldest first, so that the state stays small."""
    now = cloud.clock.now()
    for token in list(cloud.state.all("tokens"))[:2]:
        if token["expires"] <= now:
            cloud.state.drop("tokens", token)


def show(call: Call, token: Obj) -> Obj:
    cloud = call.cloud
    user = cloud.state.get("users", token["user_id"]) or {}
    shown: Obj = {
        "methods": token["methods"],
        "user": {**brief(cloud, user, "domain_id"), "password_expires_at": None},
        "audit_ids": token["audit_ids"],
        "expires_at": iso(token["expires"]) + ".000000Z",
        "issued_at": iso(token["issued"]) + ".000000Z",
    }
    if token["project_id"]:
        shown["project"] = brief(cloud, cloud.state.get("projects", token["project_id"]) or {}, "domain_id")
        shown["is_domain"] = False
    if token["domain_id"]:
        domain = cloud.state.get("domains", token["domain_id"]) or {}
        shown["domain"] = {"id": domain["id"], "name": domain["name"]}
    if not token["project_id"] and not token["domain_id"]:
        return shown
    roles = {role["name"]: role["id"] for role in cloud.state.all("roles")}
    shown["roles"] = [{"id": roles[name], "name": name} for name in role_names(cloud, token)]
    if not call.flag("nocatalog"):
        shown["catalog"] = catalog(cloud, call.base, token["project_id"])
    return shown


def subject(call: Call) -> Obj:
    """The token named by X-Subject-Token. Users may look at their own, admins at all."""
    name = call.headers.get("X-Subject-Token")
    if not name:
        raise not_found("No token in the request")
    token = living(call.cloud, name)
    if token is None:
        raise not_found("Could not recognize Fernet token")
    if token["user_id"] != call.context.user_id and not call.is_admin:
        raise ApiError(403, "You are not authorized to perform the requested action: identity:validate_token.")
    return token


def validate(call: Call) -> Reply:
    token = subject(call)
    return Reply(200, {"token": show(call, token)}, {"X-Subject-Token": token["id"]})


def revoke(call: Call) -> Reply:
    call.state.drop("tokens", subject(call))
    return Reply(204)


def own_projects(call: Call) -> list[Obj]:
    """GET /auth/projects: where the caller has a role."""
    held = call.state.where("assignments", "user_id", call.context.user_id)
    ids = dict.fromkeys(entry["project_id"] for entry in held)
    return [project for key in ids if (project := call.state.get("projects", key)) and project["enabled"]]


def own_catalog(call: Call) -> Obj:
    if not call.project_id and not call.context.domain_id:
        raise ApiError(403, "Attempted to get a catalog without a scope.")
    return {"catalog": catalog(call.cloud, call.base, call.project_id)}


def revoke_all_of(call: Call, user_id: str) -> None:
    """A changed password or a deleted user ends all tokens of that user."""
    for token in [token for token in call.state.all("tokens") if token["user_id"] == user_id]:
        call.state.drop("tokens", token)
