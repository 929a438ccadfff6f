"""Who belongs to a customer or a project, since when, until when, and by whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import Cast, client_of, grant, make_user
from waldur_core.events.models import Event
from waldur_core.permissions.models import Role, UserRole
from waldur_core.permissions.strings import RoleName

pytestmark = pytest.mark.django_db


def call(person: Any, cast: Cast, action: str, user: Any, role: str = "PROJECT.MEMBER", **more: Any) -> Any:
    kind, scope = ("customers", cast.customer) if role.startswith("CUSTOMER") else ("projects", cast.project)
    body = {"user": getattr(user, "uuid", user) and str(getattr(user, "uuid", user)), "role": role, **more}
    return client_of(person).post(f"/api/{kind}/{scope.uuid.hex}/{action}/", body)


def refusals(response: Any) -> list[str]:
    assert response.status_code == 400, response.content
    return list(response.json())


def members(cast: Cast, **params: Any) -> list[str]:
    rows = client_of(cast.staff).get(f"/api/projects/{cast.project.uuid.hex}/list_users/", params).json()
    return [row["user_username"] for row in rows]


def test_a_manager_adds_a_member_who_then_sees_the_project(cast: Cast) -> None:
    until = timezone.now() + timedelta(days=1)
    response = call(cast.manager, cast, "add_user", cast.stranger, expiration_time=until.isoformat())
    assert response.status_code == 201
    assert response.json() == {"expiration_time": until.isoformat().replace("+00:00", "Z")}
    assert client_of(cast.stranger).get(f"/api/projects/{cast.project.uuid.hex}/").status_code == 200
    assert UserRole.objects.get(user=cast.stranger).created_by == cast.manager


def test_a_role_may_be_named_by_uuid(cast: Cast) -> None:
    role = Role.objects.get(name="PROJECT.ADMIN")
    assert call(cast.manager, cast, "add_user", cast.stranger, role.uuid.hex).status_code == 201
    assert call(cast.manager, cast, "delete_user", cast.stranger, str(role.uuid)).status_code == 200


def test_each_change_is_on_the_record_with_actor_user_and_role(cast: Cast) -> None:
    for action, event_type in (("add", "role_granted"), ("update", "role_updated"), ("delete", "role_revoked")):
        assert call(cast.manager, cast, f"{action}_user", cast.stranger).status_code in (200, 201)
        event = Event.objects.get(event_type=event_type)
        assert (event.user, event.project, event.customer) == (cast.manager, cast.project, cast.customer)
        assert event.context["affected_user_username"] == "stranger"
        assert event.context["role_name"] == "PROJECT.MEMBER"


def test_the_role_must_belong_to_the_type_of_scope(cast: Cast) -> None:
    path = f"/api/projects/{cast.project.uuid.hex}/add_user/"
    for role in ("CUSTOMER.OWNER", "OFFERING.MANAGER", "NO.SUCH", "0" * 32, ""):
        body = {"role": role, "user": cast.stranger.uuid.hex}
        assert refusals(client_of(cast.owner).post(path, body)) == ["role"]


def test_a_disabled_role_cannot_be_given_but_can_be_taken(cast: Cast) -> None:
    Role.objects.filter(name="PROJECT.MEMBER").update(is_active=False)
    assert refusals(call(cast.manager, cast, "add_user", cast.stranger)) == ["role"]
    assert call(cast.manager, cast, "delete_user", cast.member).status_code == 200


def test_the_same_role_cannot_be_given_twice_but_another_can(cast: Cast) -> None:
    assert refusals(call(cast.manager, cast, "add_user", cast.member)) == ["role"]
    assert call(cast.manager, cast, "add_user", cast.member, "PROJECT.ADMIN").status_code == 201


def test_what_has_expired_can_be_given_again(cast: Cast) -> None:
    UserRole.objects.filter(user=cast.member).update(expiration_time=timezone.now() - timedelta(seconds=1))
    assert "member" not in members(cast)
    assert refusals(call(cast.manager, cast, "update_user", cast.stranger)) == ["role"]
    assert call(cast.manager, cast, "add_user", cast.member).status_code == 201
    assert UserRole.objects.filter(user=cast.member).count() == 2


@pytest.mark.parametrize("user", ["0" * 32, "nonsense", "", None, 7])
def test_the_user_must_exist(cast: Cast, user: Any) -> None:
    assert refusals(call(cast.manager, cast, "add_user", user)) == ["user"]


def test_an_inactive_user_cannot_be_added_but_removed(cast: Cast) -> None:
    inactive = make_user(is_active=False)
    assert refusals(call(cast.manager, cast, "add_user", inactive)) == ["user"]
    grant(inactive, RoleName.PROJECT_MEMBER, cast.project)
    assert call(cast.manager, cast, "delete_user", inactive).status_code == 200


@pytest.mark.parametrize("action", ["add_user", "update_user"])
def test_a_role_cannot_end_in_the_past(cast: Cast, action: str) -> None:
    user = cast.stranger if action == "add_user" else cast.member
    past = (timezone.now() - timedelta(days=1)).isoformat()
    assert refusals(call(cast.manager, cast, action, user, expiration_time=past)) == ["expiration_time"]


def test_an_end_can_be_set_and_taken_away(cast: Cast) -> None:
    later = (timezone.now() + timedelta(days=7)).isoformat()
    assert call(cast.manager, cast, "update_user", cast.member, expiration_time=later).json()["expiration_time"]
    assert call(cast.manager, cast, "update_user", cast.member).json() == {"expiration_time": None}


@pytest.mark.parametrize("action", ["update_user", "delete_user"])
def test_who_does_not_hold_the_role_cannot_lose_it(cast: Cast, action: str) -> None:
    assert refusals(call(cast.manager, cast, action, cast.stranger)) == ["role"]


def test_everybody_may_leave_but_not_throw_others_out(cast: Cast) -> None:
    assert call(cast.member, cast, "delete_user", cast.admin, "PROJECT.ADMIN").status_code == 403
    assert call(cast.member, cast, "delete_user", cast.member).status_code == 200
    assert client_of(cast.member).get(f"/api/projects/{cast.project.uuid.hex}/").status_code == 404


def test_leaving_does_not_help_a_stranger(cast: Cast) -> None:
    assert call(cast.stranger, cast, "delete_user", cast.stranger).status_code == 404


def test_a_project_manager_has_no_say_in_the_customer(cast: Cast) -> None:
    assert call(cast.manager, cast, "add_user", cast.manager, "CUSTOMER.OWNER").status_code == 403
    assert call(cast.owner, cast, "add_user", cast.manager, "CUSTOMER.OWNER").status_code == 201


@pytest.mark.parametrize("field", ["blocked", "archived"])
def test_a_closed_customer_takes_nobody_in_but_lets_people_go(cast: Cast, field: str) -> None:
    setattr(cast.customer, field, True)
    cast.customer.save()
    for person in (cast.owner, cast.staff):
        assert refusals(call(person, cast, "add_user", cast.stranger)) == ["customer"]
        assert refusals(call(person, cast, "add_user", cast.stranger, "CUSTOMER.OWNER")) == ["customer"]
        assert refusals(call(person, cast, "update_user", cast.member)) == ["customer"]
    assert call(cast.manager, cast, "delete_user", cast.member).status_code == 200


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["manager", "admin-of-project", "member"]),
        ({"o": "username"}, ["admin-of-project", "manager", "member"]),
        ({"role": "PROJECT.ADMIN"}, ["admin-of-project"]),
        ({"role": ["PROJECT.ADMIN", "PROJECT.MEMBER"], "o": "-username"}, ["member", "admin-of-project"]),
        ({"search_string": "memb"}, ["member"]),
        ({"username": "manager"}, ["manager"]),
        ({"role": "NO.SUCH"}, []),
    ],
)
def test_the_people_of_a_project(cast: Cast, params: dict[str, Any], expected: list[str]) -> None:
    assert members(cast, **params) == expected


def test_people_without_a_role_here_are_not_listed(cast: Cast) -> None:
    response = client_of(cast.member).get(f"/api/projects/{cast.project.uuid.hex}/list_users/?field=user_username")
    assert response["X-Result-Count"] == "3"
    assert {"user_username": "owner"} not in response.json()
