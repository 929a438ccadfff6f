"""The table of Keystone's paths."""

from __future__ import annotations

from ..state import Obj
from ..wire import Call, Reply, Route
from . import catalog, projects, roles, tokens, users
from .view import page

VERSION: Obj = {"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z"}
MEDIA = [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}]


def version(call: Call) -> Obj:
    links = [{"rel": "self", "href": f"{call.base}/v3/"}]
    return {**VERSION, "links": links, "media-types": MEDIA}


def show_versions(call: Call) -> Reply:
    """GET /: several choices, of which there is one."""
    return Reply(300, {"versions": {"values": [version(call)]}}, {"Location": f"{call.base}/v3/"})


def show_version(call: Call) -> Obj:
    return {"version": version(call)}


def nothing(collection: str) -> Route:
    return Route("GET", f"/{collection}", f"{collection}.list", lambda call: page(call, collection, []))


def show_limit_model(call: Call) -> Obj:
    text = "Limit enforcement and validation does not take project hierarchy into consideration."
    return {"model": {"name": "flat", "description": text}}


ASSIGNMENT = "/projects/{project_id}/users/{user_id}/roles/{role_id}"
ROUTES = [
    Route("GET", "/", "version.show", show_version, public=True),
    Route("POST", "/auth/tokens", "token.create", tokens.issue, public=True),
    Route("GET", "/auth/tokens", "token.show", tokens.validate),
    Route("DELETE", "/auth/tokens", "token.delete", tokens.revoke),
    Route("GET", "/auth/projects", "auth_project.list", projects.list_own),
    Route("GET", "/auth/domains", "auth_domain.list", projects.list_own_domains),
    Route("GET", "/auth/catalog", "catalog.show", tokens.own_catalog),
    Route("GET", "/projects", "project.list", projects.list_all, policy="identity:list_projects"),
    Route("POST", "/projects", "project.create", projects.create, 201, policy="identity:create_project"),
    Route("GET", "/projects/{project_id}", "project.show", projects.get),
    Route("PATCH", "/projects/{project_id}", "project.update", projects.update, policy="identity:update_project"),
    Route("DELETE", "/projects/{project_id}", "project.delete", projects.delete, 204, "identity:delete_project"),
    Route("GET", "/projects/{project_id}/tags", "project_tag.list", projects.list_tags),
    Route(
        "PUT",
        "/projects/{project_id}/tags",
        "project_tag.replace",
        projects.replace_tags,
        policy="identity:update_project_tags",
    ),
    Route(
        "PUT",
        "/projects/{project_id}/tags/{tag}",
        "project_tag.create",
        projects.add_tag,
        201,
        "identity:create_project_tag",
    ),
    Route(
        "DELETE",
        "/projects/{project_id}/tags/{tag}",
        "project_tag.delete",
        projects.remove_tag,
        204,
        "identity:delete_project_tag",
    ),
    Route(
        "GET",
        "/projects/{project_id}/users/{user_id}/roles",
        "role_assignment.list_of_user",
        roles.list_assigned,
        policy="identity:list_grants",
    ),
    Route("PUT", ASSIGNMENT, "role_assignment.create", roles.assign, 204, "identity:create_grant"),
    Route("GET", ASSIGNMENT, "role_assignment.check", roles.check, 204, "identity:check_grant"),
    Route("DELETE", ASSIGNMENT, "role_assignment.delete", roles.unassign, 204, "identity:revoke_grant"),
    Route("GET", "/role_assignments", "role_assignment.list", roles.list_assignments),
    Route("GET", "/users", "user.list", users.list_all, policy="identity:list_users"),
    Route("POST", "/users", "user.create", users.create, 201, "identity:create_user"),
    Route("GET", "/users/{user_id}", "user.show", users.get),
    Route("PATCH", "/users/{user_id}", "user.update", users.update, policy="identity:update_user"),
    Route("DELETE", "/users/{user_id}", "user.delete", users.delete, 204, "identity:delete_user"),
    Route("POST", "/users/{user_id}/password", "user.change_password", users.change_password, 204, public=True),
    Route("GET", "/users/{user_id}/projects", "user_project.list", users.list_projects),
    Route("GET", "/users/{user_id}/groups", "user_group.list", users.list_groups),
    Route("GET", "/roles", "role.list", roles.list_all, policy="identity:list_roles"),
    Route("POST", "/roles", "role.create", roles.create, 201, "identity:create_role"),
    Route("GET", "/roles/{role_id}", "role.show", roles.get, policy="identity:get_role"),
    Route("DELETE", "/roles/{role_id}", "role.delete", roles.delete, 204, "identity:delete_role"),
    Route("GET", "/domains", "domain.list", projects.list_domains, policy="identity:list_domains"),
    Route("POST", "/domains", "domain.create", projects.create_domain, 201, "identity:create_domain"),
    Route("GET", "/domains/{domain_id}", "domain.show", projects.get_domain),
    Route("GET", "/services", "service.list", catalog.list_services, policy="identity:list_services"),
    Route("GET", "/services/{id}", "service.show", catalog.show_service, policy="identity:get_service"),
    Route("GET", "/endpoints", "endpoint.list", catalog.list_endpoints, policy="identity:list_endpoints"),
    Route("GET", "/endpoints/{id}", "endpoint.show", catalog.show_endpoint, policy="identity:get_endpoint"),
    Route("GET", "/regions", "region.list", catalog.list_regions),
    Route("GET", "/regions/{id}", "region.show", catalog.show_region),
    nothing("limits"),
    Route("GET", "/limits/model", "limit_model.show", show_limit_model, public=True),
    nothing("registered_limits"),
    nothing("groups"),
]
