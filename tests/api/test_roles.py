"""Roles are data: staff edit what they permit, and it counts at once."""

from typing import Any

import pytest

from tests.factories import Cast, client_of
from waldur_core.events.models import Event
from waldur_core.permissions.models import Role

pytestmark = pytest.mark.django_db
ROLES = "/api/roles/"


def path(name: str, action: str = "") -> str:
    return f"{ROLES}{Role.objects.get(name=name).uuid.hex}/{action}"


def new(**more: Any) -> dict[str, Any]:
    return {"name": "PROJECT.AUDITOR", "content_type": "project", "permissions": ["PROJECT.UPDATE"], **more}


def test_staff_make_change_and_delete_a_role(cast: Cast) -> None:
    client = client_of(cast.staff)
    answer = client.post(ROLES, new()).json()
    assert (answer["permissions"], answer["is_system_role"]) == (["PROJECT.UPDATE"], False)
    assert client.put(path("PROJECT.AUDITOR"), new(permissions=[])).json()["permissions"] == []
    assert client.delete(path("PROJECT.AUDITOR")).status_code == 204
    for what in ("created", "updated", "deleted"):
        assert Event.objects.get(event_type=f"role_definition_{what}").user == cast.staff


def test_permissions_may_come_as_the_published_client_sends_them(cast: Cast) -> None:
    body = new(permissions={"PROJECT.UPDATE": True, "PROJECT.DELETE": False})
    assert client_of(cast.staff).post(ROLES, body).json()["permissions"] == ["PROJECT.UPDATE"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (new(permissions=["NO.SUCH"]), "permissions"),
        (new(permissions="PROJECT.UPDATE"), "permissions"),
        (new(content_type="volume"), "content_type"),
        (new(name="PROJECT.ADMIN"), "name"),
        (new(name=""), "name"),
    ],
)
def test_a_role_must_make_sense(cast: Cast, body: dict[str, Any], field: str) -> None:
    response = client_of(cast.staff).post(ROLES, body)
    assert (response.status_code, list(response.json())) == (400, [field])


def test_what_a_role_permits_counts_at_once(cast: Cast) -> None:
    project = f"/api/projects/{cast.project.uuid.hex}/"
    assert client_of(cast.member).patch(project, {"name": "new"}).status_code == 403
    client_of(cast.staff).patch(path("PROJECT.MEMBER"), {"permissions": ["PROJECT.UPDATE"]})
    assert client_of(cast.member).patch(project, {"name": "new"}).status_code == 200
    client_of(cast.staff).post(path("PROJECT.MEMBER", "disable/"))
    assert client_of(cast.member).patch(project, {"name": "newer"}).status_code == 404
    client_of(cast.staff).post(path("PROJECT.MEMBER", "enable/"))
    assert client_of(cast.member).patch(project, {"name": "newer"}).status_code == 200
    kinds = ("role_disabled", "role_enabled")
    assert [Event.objects.filter(event_type=kind).count() for kind in kinds] == [1, 1]


def test_a_system_role_keeps_name_and_scope_and_stays(cast: Cast) -> None:
    client = client_of(cast.staff)
    assert client.delete(path("CUSTOMER.SUPPORT")).status_code == 409
    for body in ({"name": "OTHER"}, {"content_type": "project"}):
        assert client.patch(path("CUSTOMER.SUPPORT"), body).status_code == 400


def test_a_role_in_use_cannot_be_deleted(cast: Cast) -> None:
    Role.objects.filter(name="PROJECT.MEMBER").update(is_system_role=False)
    response = client_of(cast.staff).delete(path("PROJECT.MEMBER"))
    assert response.status_code == 409
    assert Role.objects.filter(name="PROJECT.MEMBER").exists()


def test_filters(cast: Cast) -> None:
    def names(**params: str) -> list[str]:
        return [row["name"] for row in client_of(cast.member).get(ROLES, params).json()]

    assert names(content_type="project") == ["PROJECT.ADMIN", "PROJECT.MANAGER", "PROJECT.MEMBER"]
    assert names(is_active="false") == ["CUSTOMER.MANAGER", "CUSTOMER.SUPPORT"]
    assert names(query="system admin") == ["PROJECT.ADMIN"]
    assert names(o="-users_count")[0] == "CUSTOMER.OWNER"
