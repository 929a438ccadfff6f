"""People: what they see of each other, what they may change of themselves, and what staff do."""

from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType

from tests.factories import Cast, client_of, grant, make_customer, make_project, make_user
from waldur_core.events.models import Event
from waldur_core.permissions.models import UserRole
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.models import AuthToken, User

pytestmark = pytest.mark.django_db
USERS = "/api/users/"


def path(user: User, action: str = "") -> str:
    return f"{USERS}{user.uuid.hex}/" + (f"{action}/" if action else "")


def usernames(response: Any) -> set[str]:
    assert response.status_code == 200, response.content
    return {row["username"] for row in response.json()}


def test_one_sees_the_people_one_works_with(cast: Cast) -> None:
    grant(colleague := make_user("colleague"), RoleName.PROJECT_MEMBER, make_project(cast.customer))
    assert usernames(client_of(cast.member).get(USERS)) == {"member", "admin-of-project", "manager", "owner"}
    assert colleague.username in usernames(client_of(cast.owner).get(USERS))
    assert usernames(client_of(cast.stranger).get(USERS)) == {"stranger"}
    assert usernames(client_of(cast.support).get(USERS)) == set(User.objects.values_list("username", flat=True))


def test_colleagues_see_the_business_card_only(cast: Cast) -> None:
    shown = client_of(cast.member).get(path(cast.manager)).json()
    assert "email" in shown
    assert not {"permissions", "is_staff", "token_lifetime", "description", "has_usable_password"} & set(shown)
    assert "permissions" in client_of(cast.manager).get(path(cast.manager)).json()
    assert "permissions" in client_of(cast.support).get(path(cast.manager)).json()


def test_no_answer_shows_a_key_or_a_password(cast: Cast) -> None:
    key = AuthToken.objects.issue(cast.member).key
    client = client_of(cast.staff)
    for url in (USERS, path(cast.member), path(cast.member, "token"), "/api/auth-tokens/"):
        content = client.get(url, {"page_size": 300}).content.decode()
        assert key not in content
        assert "pbkdf2" not in content and "md5$" not in content


def test_staff_make_users_who_have_no_password_yet(cast: Cast) -> None:
    response = client_of(cast.staff).post(USERS, {"username": "new", "email": "new@example.org", "first_name": "Ann"})
    assert response.status_code == 201, response.content
    user = User.objects.get(username="new")
    assert not user.has_usable_password()
    event = Event.objects.get(event_type="user_creation_succeeded")
    assert (event.user, event.scope_uuid) == (cast.staff, user.uuid)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "member", "email": "a@example.org"}, "username"),
        ({"username": "Capital", "email": "a@example.org"}, "username"),
        ({"username": "with space", "email": "a@example.org"}, "username"),
        ({"username": "x" * 129, "email": "a@example.org"}, "username"),
        ({"username": "ok", "email": "nonsense"}, "email"),
        ({"username": "ok"}, "email"),
        ({"email": "a@example.org"}, "username"),
        ({"username": "ok", "email": "a@example.org", "token_lifetime": -1}, "token_lifetime"),
    ],
)
def test_a_new_user_must_make_sense(cast: Cast, body: dict[str, Any], field: str) -> None:
    response = client_of(cast.staff).post(USERS, body)
    assert (response.status_code, list(response.json())) == (400, [field])


def test_one_may_change_oneself_but_not_ones_powers(cast: Cast) -> None:
    body = {"first_name": "Ann", "token_lifetime": 60, "is_staff": True, "is_support": True, "username": "root"}
    assert client_of(cast.member).patch(path(cast.member), body).status_code == 200
    cast.member.refresh_from_db()
    assert (cast.member.first_name, cast.member.token_lifetime) == ("Ann", 60)
    assert (cast.member.is_staff, cast.member.is_support, cast.member.username) == (False, False, "member")
    kinds = set(Event.objects.filter(user=cast.member).values_list("event_type", flat=True))
    assert kinds == {"user_update_succeeded", "token_lifetime_updated"}


def test_put_takes_back_what_get_gave(cast: Cast) -> None:
    User.objects.filter(pk=cast.member.pk).update(email="m@example.org")
    for person in (cast.member, cast.staff):
        client = client_of(person)
        shown = client.get(path(cast.member)).json()
        assert client.put(path(cast.member), shown).json() == shown


def test_staff_deactivate_and_activate(cast: Cast) -> None:
    client = client_of(cast.staff)
    for active, event_type in ((False, "user_deactivated"), (True, "user_activated")):
        assert client.patch(path(cast.member), {"is_active": active}).status_code == 200
        assert Event.objects.filter(event_type=event_type, user=cast.staff).count() == 1


def test_a_deleted_user_takes_roles_and_keys_along(cast: Cast) -> None:
    assert client_of(cast.staff).delete(path(cast.member)).status_code == 204
    assert not UserRole.objects.filter(user_id=cast.member.pk).exists()
    event = Event.objects.get(event_type="user_deletion_succeeded")
    assert event.context["resource_name"] == "member"


def test_a_new_password_works_at_once_and_weak_ones_are_refused(cast: Cast) -> None:
    client = client_of(cast.member)
    for weak in ("", "short", "password1", "member123"):
        response = client.post(path(cast.member, "change_password"), {"new_password": weak})
        assert (response.status_code, list(response.json())) == (400, ["new_password"])
    assert client.post(path(cast.member, "change_password"), {"new_password": " with spaces! "}).status_code == 200
    cast.member.refresh_from_db()
    assert cast.member.check_password(" with spaces! ")
    assert Event.objects.filter(event_type="user_password_updated", user=cast.member).exists()


def test_staff_may_set_anybodys_password(cast: Cast) -> None:
    body = {"new_password": "correct horse battery"}
    assert client_of(cast.staff).post(path(cast.member, "change_password"), body).status_code == 200
    event = Event.objects.get(event_type="user_password_updated_by_staff")
    assert "horse" not in event.message + str(event.context)


def test_a_refreshed_token_replaces_the_old_one(cast: Cast) -> None:
    client = client_of(cast.member)
    new = client.post(path(cast.member, "refresh_token")).json()["token"]
    assert client.get("/api/users/me/").status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Token {new}")
    assert client.get("/api/users/me/").json()["token"] == new


def test_staff_revoke_tokens(cast: Cast) -> None:
    client = client_of(cast.member)
    assert client_of(cast.staff).delete(f"/api/auth-tokens/{cast.member.pk}/").status_code == 204
    assert client.get("/api/users/me/").status_code == 401
    assert client_of(cast.staff).get(path(cast.member, "token")).status_code == 404
    assert Event.objects.filter(event_type="token_revoked", user=cast.staff).exists()


def test_the_permissions_of_oneself_are_those_in_force(cast: Cast) -> None:
    def roles() -> list[str]:
        return [row["role_name"] for row in client_of(cast.member).get("/api/users/me/").json()["permissions"]]

    assert roles() == ["PROJECT.MEMBER"]
    UserRole.objects.filter(user=cast.member).update(is_active=False)
    assert roles() == []


def test_a_grant_on_something_that_is_gone_hurts_nobody(cast: Cast) -> None:
    UserRole.objects.create(
        user=cast.member,
        role=UserRole.objects.get(user=cast.owner).role,
        content_type=ContentType.objects.get_for_model(cast.customer),
        object_id=10**9,
    )
    assert len(client_of(cast.member).get("/api/users/me/").json()["permissions"]) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"username": "member"}, {"member"}),
        ({"username_list": "member, owner"}, {"member", "owner"}),
        ({"query": "admin-of"}, {"admin-of-project"}),
        ({"is_staff": "true"}, {"staff"}),
        ({"is_support": "true"}, {"support"}),
        ({"customer_uuid": "{customer}"}, {"owner"}),
        ({"project_uuid": "{project}"}, {"member", "manager", "admin-of-project"}),
        ({"full_name": "nobody"}, set()),
    ],
)
def test_filters(cast: Cast, query: dict[str, str], expected: set[str]) -> None:
    found = {"{customer}": cast.customer.uuid.hex, "{project}": cast.project.uuid.hex}
    params = {key: found.get(value, value) for key, value in query.items()}
    assert usernames(client_of(cast.staff).get(USERS, params)) == expected


def test_a_filter_by_a_hidden_scope_tells_nothing(cast: Cast) -> None:
    grant(cast.member, RoleName.CUSTOMER_OWNER, hidden := make_customer())
    params = {"customer_uuid": hidden.uuid.hex}
    assert usernames(client_of(cast.manager).get(USERS, params)) == set()
    assert usernames(client_of(cast.member).get(USERS, params)) == {"member"}
