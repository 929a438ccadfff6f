"""Passwords, tokens and acting as somebody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from tests.factories import Cast, client_of, make_user
from waldur_core.events.models import Event
from waldur_core.structure.models import AuthToken, User

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
ME = "/api/users/me/"


@pytest.fixture
def ann() -> User:
    cache.clear()
    return make_user("ann", PASSWORD)


def sign_in(**body: Any) -> Any:
    return APIClient().post("/api-auth/password/", body)


def me(header: str, query: str = "") -> Any:
    return APIClient().get(f"{ME}{query}", HTTP_AUTHORIZATION=header)


def test_the_right_password_gives_a_token_that_works(ann: User) -> None:
    response = sign_in(username="ann", password=PASSWORD)
    assert response.status_code == 200
    token = response.json()["token"]
    assert len(token) == 40 and int(token, 16)
    assert me(f"Token {token}").json()["username"] == "ann"
    assert sign_in(username="ann", password=PASSWORD).json()["token"] == token


@pytest.mark.parametrize(("username", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("ann", f" {PASSWORD} ")])
def test_a_wrong_password_is_401_and_on_the_record(ann: User, username: str, password: str) -> None:
    response = sign_in(username=username, password=password)
    assert (response.status_code, response.json()) == (401, {"detail": "Invalid username/password."})
    event = Event.objects.get(event_type="auth_login_failed_with_username")
    assert event.context["username"] == username
    assert password not in event.message


@pytest.mark.parametrize("missing", ["username", "password"])
def test_a_missing_key_is_400(ann: User, missing: str) -> None:
    body = {"username": "ann", "password": PASSWORD}
    del body[missing]
    response = sign_in(**body)
    assert (response.status_code, response.json()) == (400, {missing: ["This field is required."]})


def test_four_failures_block_user_and_address_even_for_the_right_password(ann: User) -> None:
    for _ in range(4):
        assert sign_in(username="ann", password="wrong").status_code == 401
    response = sign_in(username="ann", password=PASSWORD)
    assert response.status_code == 401
    assert "Too many" in response.json()["detail"]
    elsewhere = APIClient(REMOTE_ADDR="192.0.2.1").post(
        "/api-auth/password/", {"username": "ann", "password": PASSWORD}
    )
    assert elsewhere.status_code == 200


def test_success_forgets_the_failures_before_it(ann: User) -> None:
    for _ in range(3):
        sign_in(username="ann", password="wrong")
    assert sign_in(username="ann", password=PASSWORD).status_code == 200
    sign_in(username="ann", password="wrong")
    assert sign_in(username="ann", password=PASSWORD).status_code == 200


def test_an_inactive_user_cannot_sign_in_and_his_token_is_dead(ann: User) -> None:
    token = sign_in(username="ann", password=PASSWORD).json()["token"]
    User.objects.update(is_active=False)
    assert sign_in(username="ann", password=PASSWORD).status_code == 401
    response = me(f"Token {token}")
    assert (response.status_code, response.json()) == (401, {"detail": "User inactive or deleted."})


def test_the_user_without_a_password_cannot_sign_in(ann: User) -> None:
    make_user("robot")
    assert sign_in(username="robot", password="").status_code == 400
    assert sign_in(username="robot", password="!").status_code == 401


@pytest.mark.parametrize("word", ["Token", "token", "TOKEN"])
def test_the_token_in_any_case_of_its_keyword(ann: User, word: str) -> None:
    assert me(f"{word} {AuthToken.objects.issue(ann).key}").status_code == 200


def test_the_token_as_query_parameter(ann: User) -> None:
    assert APIClient().get(f"{ME}?x-auth-token={AuthToken.objects.issue(ann).key}").status_code == 200


@pytest.mark.parametrize("header", ["Token " + "0" * 40, "Token", "Token a b", "Bearer abc", "", "Token \xff"])
def test_no_valid_token_is_401_and_says_how(ann: User, header: str) -> None:
    response = me(header)
    assert response.status_code == 401
    assert set(response.json()) == {"detail"}
    assert response["WWW-Authenticate"] == "Token"


def test_each_use_starts_the_life_of_a_token_anew(ann: User) -> None:
    token = AuthToken.objects.issue(ann)
    almost = timezone.now() - timedelta(seconds=3500)
    AuthToken.objects.update(last_used=almost)
    assert me(f"Token {token.key}").status_code == 200
    token.refresh_from_db()
    assert token.last_used - almost > timedelta(seconds=3000)


def test_an_unused_token_expires_and_signing_in_gives_a_new_one(ann: User) -> None:
    old = AuthToken.objects.issue(ann).key
    AuthToken.objects.update(last_used=timezone.now() - timedelta(seconds=3601))
    assert me(f"Token {old}").json() == {"detail": "Token has expired."}
    assert sign_in(username="ann", password=PASSWORD).json()["token"] != old


def test_without_a_lifetime_a_token_never_expires(ann: User) -> None:
    token = AuthToken.objects.issue(ann)
    User.objects.update(token_lifetime=None)
    AuthToken.objects.update(last_used=timezone.now() - timedelta(days=1000))
    assert me(f"Token {token.key}").json()["token_expires_at"] is None


def test_signing_out_kills_the_token(ann: User) -> None:
    client = client_of(ann)
    assert client.post("/api-auth/logout/").status_code == 204
    assert client.get(ME).status_code == 401


# acting as somebody else --------------------------------------------------------------------------------------------


def test_staff_may_act_as_somebody_else_and_events_name_both(cast: Cast) -> None:
    client = client_of(cast.staff)
    header: Any = {"HTTP_X_IMPERSONATED_USER_UUID": cast.manager.uuid.hex}
    answer = client.get(ME, **header).json()
    assert (answer["username"], answer["is_staff"]) == ("manager", False)
    path = f"/api/projects/{cast.project.uuid.hex}/"
    assert client.patch(path, {"description": "new"}, **header).status_code == 200
    assert client.delete(path, **header).status_code == 403
    context = Event.objects.get(event_type="project_update_succeeded").context
    assert (context["user_name"], context["impersonator_name"]) == ("manager", "staff")


def test_who_acts_as_somebody_else_never_learns_his_key(cast: Cast) -> None:
    client = client_of(cast.staff)
    header: Any = {"HTTP_X_IMPERSONATED_USER_UUID": str(cast.manager.uuid)}
    AuthToken.objects.issue(cast.manager)
    assert client.get(ME, **header).json()["token"] == ""
    answer = client.post(f"/api/users/{cast.manager.uuid.hex}/refresh_token/", **header)
    assert (answer.status_code, "token" in answer.json()) == (200, False)


@pytest.mark.parametrize("name", ["owner", "support"])
def test_nobody_else_may_act_as_another(cast: Cast, name: str) -> None:
    response = client_of(getattr(cast, name)).get(ME, HTTP_X_IMPERSONATED_USER_UUID=cast.staff.uuid.hex)
    assert response.status_code == 403


@pytest.mark.parametrize("uuid", ["0" * 32, "nonsense"])
def test_there_must_be_somebody_to_act_as(cast: Cast, uuid: str) -> None:
    assert client_of(cast.staff).get(ME, HTTP_X_IMPERSONATED_USER_UUID=uuid).status_code == 401
