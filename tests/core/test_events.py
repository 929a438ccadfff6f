"""The audit log: what is written, who reads it, and what remains when its objects are gone."""

from typing import Any

import pytest

from tests.factories import Cast, client_of, make_project
from waldur_core.events.log import record
from waldur_core.events.models import Event
from waldur_core.events.types import ALL, GROUPS, OWN

pytestmark = pytest.mark.django_db
EVENTS = "/api/events/"


def messages(person: Any, **params: Any) -> set[str]:
    response = client_of(person).get(EVENTS, {"page_size": 300, **params})
    assert response.status_code == 200, response.content
    return {row["message"] for row in response.json()}


@pytest.fixture
def log(cast: Cast) -> None:
    record("project_update_succeeded", "of the project", scope=cast.project, actor=cast.staff)
    record("customer_update_succeeded", "of the customer", scope=cast.customer, actor=cast.staff)
    record("customer_update_succeeded", "of the provider", scope=cast.provider, actor=cast.staff)
    record("project_update_succeeded", "of another project", scope=make_project(cast.customer), actor=cast.staff)
    record("user_update_succeeded", "of a stranger", scope=cast.stranger, actor=cast.stranger)
    record("resource_pull_failed", "of the system")


def test_an_event_names_what_it_is_about_and_who_did_it(cast: Cast) -> None:
    event = record("project_update_succeeded", "x", scope=cast.project, actor=cast.owner, extra=[1])
    assert event.context == {
        "project_uuid": cast.project.uuid.hex,
        "project_name": "Project",
        "customer_uuid": cast.customer.uuid.hex,
        "customer_name": "Customer",
        "resource_uuid": cast.project.uuid.hex,
        "resource_name": "Project",
        "user_uuid": cast.owner.uuid.hex,
        "user_name": "owner",
        "extra": [1],
    }
    assert (event.project, event.customer, event.user) == (cast.project, cast.customer, cast.owner)


def test_each_reads_what_is_about_his_scopes_and_what_he_did_himself(cast: Cast, log: None) -> None:
    assert messages(cast.member) == {"of the project"}
    assert messages(cast.owner) == {"of the project", "of the customer", "of another project"}
    assert messages(cast.provider_owner) == {"of the provider"}
    assert messages(cast.stranger) == {"of a stranger"}
    assert messages(cast.support) == messages(cast.staff) == set(Event.objects.values_list("message", flat=True))


def test_an_event_outlives_its_object(cast: Cast) -> None:
    event = record("project_update_succeeded", "x", scope=cast.project, actor=cast.member)
    cast.project.delete()
    cast.member.delete()
    event.refresh_from_db()
    assert (event.project, event.user) == (None, None)
    assert (event.context["project_name"], event.context["user_name"]) == ("Project", "member")
    assert messages(cast.owner) == {"x"}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"event_type": ["user_update_succeeded", "resource_pull_failed"]}, {"of a stranger", "of the system"}),
        ({"feature": "users"}, {"of a stranger"}),
        ({"feature": ["users", "resources"]}, {"of a stranger", "of the system"}),
        ({"feature": "nonsense"}, set()),
        ({"message": "PROVIDER"}, {"of the provider"}),
        ({"project_uuid": "{project}"}, {"of the project"}),
        ({"customer_uuid": "{customer}"}, {"of the project", "of the customer", "of another project"}),
        ({"user_uuid": "{stranger}"}, {"of a stranger"}),
        ({"scope_uuid": "{customer}"}, {"of the customer"}),
        ({"created_from": "0", "feature": "users"}, {"of a stranger"}),
        ({"created_to": "0"}, set()),
        ({"created_from": "9999999999"}, set()),
    ],
)
def test_filters(cast: Cast, log: None, params: dict[str, Any], expected: set[str]) -> None:
    uuids: dict[str, Any] = {"{project}": cast.project, "{customer}": cast.customer, "{stranger}": cast.stranger}
    params = {
        key: uuids[value].uuid.hex if isinstance(value, str) and value in uuids else value
        for key, value in params.items()
    }
    assert messages(cast.staff, **params) == expected


def test_the_count_follows_filters_and_visibility(cast: Cast, log: None) -> None:
    assert client_of(cast.member).get(f"{EVENTS}count/").json() == {"count": 1}
    assert client_of(cast.staff).get(f"{EVENTS}count/?feature=customers").json() == {"count": 2}


def test_the_newest_comes_first(cast: Cast, log: None) -> None:
    rows = client_of(cast.staff).get(EVENTS).json()
    assert rows[0]["message"] == "of the system"
    assert client_of(cast.staff).get(f"{EVENTS}?o=created").json()[0]["message"] == "of the project"


def test_every_type_belongs_to_one_group_and_ours_are_among_them() -> None:
    kinds = [kind for group in GROUPS.values() for kind in group]
    assert len(kinds) == len(set(kinds)) == len(ALL)
    assert OWN <= ALL
