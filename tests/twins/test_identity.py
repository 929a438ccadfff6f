"""Keystone: who may come in, for how long, and what they may see."""

import pytest

from tests.twins.wire import Wire, login, password_auth
from twins.openstack import OpenStackTwin, TwinClient

NO = {"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}


def test_the_version_documents_lead_to_v3(twin: OpenStackTwin) -> None:
    nobody = Wire(twin.base_url)
    assert nobody.call("GET", "/").status == 300
    assert nobody.get("/v3")["version"]["id"] == "v3.14"


@pytest.mark.parametrize(
    "auth",
    [
        password_auth("admin", "wrong", "admin"),
        password_auth("nobody", "secret", "admin"),
        password_auth("admin", "secret", "nowhere"),
    ],
)
def test_a_wrong_name_password_or_project_is_401(twin: OpenStackTwin, auth: dict) -> None:
    answer = Wire(twin.base_url).call("POST", "/v3/auth/tokens", auth)
    assert (answer.status, answer.body) == (401, NO)
    assert answer.headers["WWW-Authenticate"] == f'Keystone uri="{twin.auth_url}"'


def test_an_unscoped_token_lists_projects_and_can_be_exchanged_for_a_scoped_one(member: Wire) -> None:
    unscoped = member.call("POST", "/v3/auth/tokens", password_auth("blue", "pw"))
    assert "project" not in unscoped.body["token"]
    token = unscoped.headers["X-Subject-Token"]
    projects = Wire(member.base, token).get("/v3/auth/projects")["projects"]
    assert [project["name"] for project in projects] == ["blue"]
    identity = {"methods": ["token"], "token": {"id": token}}
    scope = {"project": {"id": member.project_id}}
    scoped = member.call("POST", "/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
    assert [role["name"] for role in scoped.body["token"]["roles"]] == ["member", "reader"]
    assert {entry["type"] for entry in scoped.body["token"]["catalog"]} >= {"compute", "network", "volumev3", "image"}


def test_tokens_are_validated_revoked_and_expire(member: Wire, admin: Wire, inspect: TwinClient) -> None:
    assert admin.get("/v3/auth/tokens", X_Subject_Token=member.token)["token"]["user"]["name"] == "blue"
    admin.delete("/v3/auth/tokens", X_Subject_Token=member.token)
    assert admin.call("GET", "/v3/auth/tokens", X_Subject_Token=member.token).status == 404
    assert member.call("GET", "/compute/v2.1/servers").body == NO
    again = login(member.base, "blue", "pw", "blue")
    inspect.expire_tokens()
    assert again.call("GET", "/network/v2.0/networks").status == 401


def test_a_token_ends_after_its_time() -> None:
    with OpenStackTwin(token_ttl=60) as twin:
        admin = login(twin.base_url, "admin", "secret", "admin")
        twin.client.advance(59)
        assert admin.call("GET", "/v3/projects").status == 200
        twin.client.advance(2)
        assert admin.call("GET", "/v3/projects").status == 401


def test_a_new_password_ends_old_tokens(member: Wire, admin: Wire) -> None:
    body = {"user": {"password": "new", "original_password": "pw"}}
    assert member.call("POST", f"/v3/users/{member.user_id}/password", body).status == 204
    assert member.call("GET", "/v3/auth/projects").status == 401
    assert login(member.base, "blue", "new", "blue").token


def test_a_lost_role_ends_the_token(member: Wire, admin: Wire) -> None:
    role = admin.get("/v3/roles?name=member")["roles"][0]["id"]
    admin.delete(f"/v3/projects/{member.project_id}/users/{member.user_id}/roles/{role}")
    assert member.call("GET", "/compute/v2.1/servers").status == 401


def test_project_names_are_unique_in_a_domain(admin: Wire) -> None:
    admin.post("/v3/projects", {"project": {"name": "one", "tags": ["x", "y"]}})
    answer = admin.call("POST", "/v3/projects", {"project": {"name": "one"}})
    assert answer.status == 409
    assert answer.body["error"]["message"].startswith(
        "Conflict occurred attempting to store project - it is not permitted to have two projects with either the "
        "same name or same id in the same domain: name is one, project id "
    )


def test_projects_are_found_by_tag_name_and_domain(admin: Wire) -> None:
    admin.post("/v3/projects", {"project": {"name": "one", "tags": ["x", "y"]}})
    admin.post("/v3/projects", {"project": {"name": "two", "tags": ["x"]}})
    for query, names in {
        "tags=x": ["one", "two"],
        "tags=x,y": ["one"],
        "tags-any=y,z": ["one"],
        "name=two&domain_id=default": ["two"],
        "domain_id=other": [],
    }.items():
        assert [row["name"] for row in admin.get(f"/v3/projects?{query}")["projects"]] == names, query


def test_admin_rules_name_themselves_when_they_refuse(member: Wire) -> None:
    answer = member.call("GET", "/v3/projects")
    assert answer.status == 403
    message = "You are not authorized to perform the requested action: identity:list_projects."
    assert answer.body == {"error": {"code": 403, "message": message, "title": "Forbidden"}}


def test_role_assignments_are_listed_with_names(admin: Wire, member: Wire) -> None:
    query = f"scope.project.id={member.project_id}&include_names=true"
    (row,) = admin.get(f"/v3/role_assignments?{query}")["role_assignments"]
    assert (row["user"]["name"], row["role"]["name"]) == ("blue", "member")
    assert row["scope"]["project"]["domain"]["name"] == "Default"


def test_unknown_paths_and_methods_are_refused_as_keystone_does(admin: Wire) -> None:
    assert admin.call("GET", "/v3/nothing").body.startswith(b"<!doctype html>")
    assert admin.call("PUT", "/v3/users", {}).status == 405
    assert admin.call("GET", "/v3/users/zzz").body["error"]["message"] == "Could not find user: zzz."
