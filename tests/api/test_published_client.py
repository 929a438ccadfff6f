"""Every answer of the core parses with the models of the published client, which crash on a null they do not expect."""

from typing import Any

import pytest
import waldur_api_client.models as published

from tests.api.keys import ED25519
from tests.factories import Cast, client_of
from waldur_core.structure.models import ServiceSettings, SshPublicKey

pytestmark = pytest.mark.django_db


def parse(model: Any, client: Any, path: str, **params: Any) -> Any:
    response = client.get(path, params)
    assert response.status_code == 200, response.content
    data = response.json()
    return [model.from_dict(row) for row in data] if isinstance(data, list) else model.from_dict(data)


@pytest.fixture(params=["staff", "owner", "member"])
def client(request: pytest.FixtureRequest, cast: Cast) -> Any:
    return client_of(getattr(cast, request.param))


def test_users(cast: Cast, client: Any) -> None:
    for user in parse(published.User, client, "/api/users/"):
        assert parse(published.User, client, f"/api/users/{user.uuid.hex}/").username == user.username
    assert parse(published.UserMe, client, "/api/users/me/").uuid
    assert parse(published.ProfileCompleteness, client, "/api/users/profile_completeness/").missing_fields


def test_oneself_with_token_and_permissions(cast: Cast) -> None:
    client = client_of(cast.manager)
    me = parse(published.UserMe, client, "/api/users/me/")
    assert me.token == cast.manager.auth_token.key
    [permission] = me.permissions
    assert (permission.role_name, permission.scope_type) == ("PROJECT.MANAGER", "project")
    assert (permission.scope_uuid, permission.project_uuid) == (cast.project.uuid, cast.project.uuid)
    assert (permission.customer_uuid, permission.customer_name) == (cast.customer.uuid, "Customer")


def test_tokens(cast: Cast) -> None:
    client = client_of(cast.staff)
    assert [token.user_username for token in parse(published.AuthToken, client, "/api/auth-tokens/")] == ["staff"]
    assert parse(published.AuthToken, client, f"/api/auth-tokens/{cast.staff.pk}/").user_token_lifetime == 3600
    assert parse(published.UserAuthToken, client, f"/api/users/{cast.staff.uuid.hex}/token/").created


def test_keys(cast: Cast, client: Any) -> None:
    SshPublicKey.objects.create(user=cast.owner, name="shared", public_key=ED25519, is_shared=True)
    [key] = parse(published.SshKey, client, "/api/keys/")
    assert (key.name, key.type_, key.user_uuid) == ("shared", "ssh-ed25519", cast.owner.uuid)


def test_roles(cast: Cast, client: Any) -> None:
    roles = {role.name: role for role in parse(published.RoleDetails, client, "/api/roles/")}
    assert roles["CUSTOMER.OWNER"].content_type == published.RoleType.CUSTOMER
    assert roles["CUSTOMER.OWNER"].users_count == 2
    assert parse(published.RoleDetails, client, f"/api/roles/{roles['PROJECT.ADMIN'].uuid.hex}/").is_system_role


def test_customers_and_their_people(cast: Cast, client: Any) -> None:
    [customer] = parse(published.Customer, client, "/api/customers/", name_exact="Customer")
    assert (customer.projects_count, customer.users_count) == (1, 4)
    path = f"/api/customers/{customer.uuid.hex}/"
    assert parse(published.Customer, client, path).default_tax_percent == "0.00"
    [owner] = parse(published.UserRoleDetails, client, f"{path}list_users/")
    assert (owner.user_username, owner.role_name) == ("owner", "CUSTOMER.OWNER")
    assert parse(published.Country, client, "/api/customers/countries/", page_size=300)[0].value == "AF"


def test_projects_and_their_people(cast: Cast, client: Any) -> None:
    [project] = parse(published.Project, client, "/api/projects/")
    assert (project.name, project.customer_uuid) == ("Project", cast.customer.uuid)
    path = f"/api/projects/{project.uuid.hex}/"
    assert parse(published.Project, client, path).end_date is None
    assert len(parse(published.UserRoleDetails, client, f"{path}list_users/")) == 3
    assert [user.username for user in parse(published.BasicUser, client, f"{path}other_users/")] == ["owner"]


def test_service_settings(cast: Cast, client: Any) -> None:
    secret: Any = {"password": "hunter2"}
    ServiceSettings.objects.create(
        name="Cloud", type="OpenStack", shared=True, options={"zone": "a"}, secret_options=secret
    )
    [settings] = parse(published.ServiceSettings, client, "/api/service-settings/")
    assert settings.options["zone"] == "a"
    assert b"hunter2" not in client.get(f"/api/service-settings/{settings.uuid.hex}/").content


def test_metadata_version_and_events(cast: Cast, client: Any) -> None:
    permissions = parse(published.PermissionMetadataResponse, client, "/api/metadata/permissions/")
    assert permissions.permission_map["project"].value == "PROJECT.CREATE_PERMISSION"
    assert parse(published.EventMetadataResponse, client, "/api/metadata/events/").event_groups["ssh"]
    assert parse(published.Version, client, "/api/version/").version
    client.post("/api/keys/", {"public_key": ED25519})
    assert "ssh_key_creation_succeeded" in [e.event_type for e in parse(published.Event, client, "/api/events/")]
