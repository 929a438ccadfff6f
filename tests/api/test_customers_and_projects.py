"""Organizations and their projects."""

from typing import Any

import pytest

from tests.factories import Cast, client_of, grant, make_customer, make_project
from waldur_core.events.models import Event
from waldur_core.permissions.models import UserRole
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.models import Customer, Project, ServiceSettings

pytestmark = pytest.mark.django_db
CUSTOMERS, PROJECTS = "/api/customers/", "/api/projects/"


def path(obj: Customer | Project) -> str:
    return f"{CUSTOMERS if isinstance(obj, Customer) else PROJECTS}{obj.uuid.hex}/"


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()]


def refusals(response: Any) -> list[str]:
    assert response.status_code == 400, response.content
    return list(response.json())


# customers ----------------------------------------------------------------------------------------------------------


def test_staff_make_a_customer(cast: Cast) -> None:
    body = {"name": "Acme", "abbreviation": "AC", "country": "EE", "default_tax_percent": "20.5"}
    answer = client_of(cast.staff).post(CUSTOMERS, body).json()
    assert (answer["display_name"], answer["slug"], answer["country_name"]) == ("Acme (AC)", "ac", "Estonia")
    assert (answer["default_tax_percent"], answer["projects_count"]) == ("20.50", 0)
    assert Event.objects.get(event_type="customer_creation_succeeded").user == cast.staff


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"name": "A", "country": "XX"}, "country"),
        ({"name": "A", "email": "nonsense"}, "email"),
        ({"name": "A", "default_tax_percent": "many"}, "default_tax_percent"),
        ({"name": "A", "homepage": "javascript:alert(1)"}, "homepage"),
    ],
)
def test_a_customer_must_make_sense(cast: Cast, body: dict[str, Any], field: str) -> None:
    assert refusals(client_of(cast.staff).post(CUSTOMERS, body)) == [field]


def test_an_owner_edits_the_address_but_not_what_staff_decide(cast: Cast) -> None:
    body = {"address": "Main Street 1", "blocked": True, "default_tax_percent": "0", "domain": "example.org"}
    Customer.objects.update(default_tax_percent=20)
    assert client_of(cast.owner).patch(path(cast.customer), body).status_code == 200
    cast.customer.refresh_from_db()
    assert (cast.customer.address, cast.customer.blocked, cast.customer.domain) == ("Main Street 1", False, "")
    assert cast.customer.default_tax_percent == 20


@pytest.mark.parametrize("field", ["blocked", "archived"])
def test_a_closed_customer_is_opened_by_staff_only(cast: Cast, field: str) -> None:
    assert client_of(cast.staff).patch(path(cast.customer), {field: True}).status_code == 200
    assert refusals(client_of(cast.owner).patch(path(cast.customer), {"address": "new"})) == ["customer"]
    assert refusals(client_of(cast.owner).patch(path(cast.project), {"name": "new"})) == ["customer"]
    new = {"name": "New", "customer": cast.customer.uuid.hex}
    for person in (cast.owner, cast.staff):
        assert refusals(client_of(person).post(PROJECTS, new)) == ["customer"]
    assert client_of(cast.staff).patch(path(cast.customer), {field: False}).status_code == 200
    assert client_of(cast.owner).post(PROJECTS, new).status_code == 201


def test_a_customer_with_projects_or_clouds_cannot_be_deleted(cast: Cast) -> None:
    client = client_of(cast.owner)
    response = client.delete(path(cast.customer))
    assert (response.status_code, response.json()) == (
        409,
        {"detail": "It cannot be deleted while it has projects."},
    )
    assert UserRole.objects.get(user=cast.owner).is_active, "the refusal undid the revocation of the roles"
    Project.objects.all().delete()
    ServiceSettings.objects.create(name="Cloud", type="OpenStack", customer=cast.customer)
    assert client.delete(path(cast.customer)).json()["detail"].endswith("service settings.")


def test_an_owner_deletes_an_empty_customer_and_the_roles_end(cast: Cast) -> None:
    Project.objects.all().delete()
    assert client_of(cast.owner).delete(path(cast.customer)).status_code == 204
    assert not UserRole.objects.get(user=cast.owner).is_active
    assert Event.objects.get(event_type="customer_deletion_succeeded").context["customer_name"] == "Customer"


def test_counts_of_projects_and_people(cast: Cast) -> None:
    grant(cast.member, RoleName.CUSTOMER_OWNER, cast.customer)
    make_project(cast.customer)
    [row] = client_of(cast.owner).get(CUSTOMERS).json()
    assert (row["projects_count"], row["users_count"]) == (2, 4)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name": "prov"}, ["Provider"]),
        ({"name_exact": "Customer"}, ["Customer"]),
        ({"query": "acme"}, ["Provider"]),
        ({"archived": "true"}, []),
        ({"user_uuid": "{owner}"}, ["Customer"]),
        ({"o": "-name"}, ["Provider", "Customer"]),
        ({"abbreviation": "AC"}, ["Provider"]),
        ({"current_user_has_role": "CUSTOMER.OWNER"}, []),
    ],
)
def test_filters_of_customers(cast: Cast, query: dict[str, str], expected: list[str]) -> None:
    Customer.objects.filter(pk=cast.provider.pk).update(abbreviation="ACME")
    params = {key: value.replace("{owner}", cast.owner.uuid.hex) for key, value in query.items()}
    assert names(client_of(cast.staff).get(CUSTOMERS, params)) == expected


def test_filters_by_what_one_may_do(cast: Cast) -> None:
    grant(cast.manager, RoleName.CUSTOMER_OWNER, make_customer("Own"))
    client = client_of(cast.manager)
    assert names(client.get(CUSTOMERS)) == ["Customer", "Own"]
    assert names(client.get(CUSTOMERS, {"owned_by_current_user": "true"})) == ["Own"]
    assert names(client.get(CUSTOMERS, {"owned_by_current_user": "false"})) == ["Customer"]
    assert names(client.get(CUSTOMERS, {"current_user_has_role": "CUSTOMER.OWNER"})) == ["Own"]
    assert names(client.get(CUSTOMERS, {"current_user_has_project_create_permission": "true"})) == ["Own"]
    assert names(client.get(PROJECTS, {"can_manage": "true"})) == ["Project"]
    assert names(client.get(PROJECTS, {"can_admin": "true"})) == []
    assert names(client.get(PROJECTS, {"current_user_has_role": "PROJECT.MANAGER"})) == ["Project"]


# projects -----------------------------------------------------------------------------------------------------------


def test_an_owner_makes_a_project(cast: Cast) -> None:
    answer = client_of(cast.owner).post(PROJECTS, {"name": "New One", "customer": cast.customer.uuid.hex}).json()
    assert (answer["slug"], answer["customer_name"]) == ("new-one", "Customer")
    event: Any = Event.objects.get(event_type="project_creation_succeeded")
    assert (event.user, event.customer, event.project.name) == (cast.owner, cast.customer, "New One")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"end_date": "2000-01-01"}, "end_date"),
        ({"end_date": "soon"}, "end_date"),
        ({"start_date": "2990-01-02", "end_date": "2990-01-01"}, "end_date"),
        ({"is_industry": "perhaps"}, "is_industry"),
    ],
)
def test_a_project_must_make_sense(cast: Cast, body: dict[str, Any], field: str) -> None:
    new = {"name": "New", "customer": cast.customer.uuid.hex, **body}
    assert refusals(client_of(cast.owner).post(PROJECTS, new)) == [field]
    assert refusals(client_of(cast.owner).patch(path(cast.project), body)) == [field]


def test_an_end_that_has_passed_does_not_block_other_changes(cast: Cast) -> None:
    Project.objects.update(end_date="2000-01-01")
    client = client_of(cast.owner)
    shown = client.get(path(cast.project)).json()
    assert client.put(path(cast.project), {**shown, "name": "Renamed"}).json()["name"] == "Renamed"


def test_a_project_stays_with_its_customer(cast: Cast) -> None:
    body = {"customer": f"http://testserver/api/customers/{cast.provider.uuid.hex}/"}
    assert client_of(cast.staff).patch(path(cast.project), body).status_code == 200
    cast.project.refresh_from_db()
    assert cast.project.customer == cast.customer


def test_a_deleted_project_ends_its_roles_and_leaves_a_trace(cast: Cast) -> None:
    assert client_of(cast.owner).delete(path(cast.project)).status_code == 204
    assert not UserRole.objects.get(user=cast.member).is_active
    event = Event.objects.get(event_type="project_deletion_succeeded")
    assert (event.context["project_name"], event.project, event.customer) == ("Project", None, cast.customer)


def test_a_project_with_resources_cannot_be_deleted(cast: Cast) -> None:
    from tests.api.examples.openstack import tenant

    tenant(cast)
    response = client_of(cast.owner).delete(path(cast.project))
    assert (response.status_code, response.json()) == (409, {"detail": "It cannot be deleted while it has tenants."})
    assert UserRole.objects.get(user=cast.member).is_active


def test_other_users_are_colleagues_outside_of_the_project(cast: Cast) -> None:
    second = make_project(cast.customer)
    grant(cast.stranger, RoleName.PROJECT_MEMBER, second)

    def others(person: Any) -> set[str]:
        return {row["username"] for row in client_of(person).get(f"{path(cast.project)}other_users/").json()}

    assert others(cast.owner) == {"owner", "stranger"}
    assert others(cast.member) == {"owner"}, "a member does not learn who works in other projects"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name": "oj"}, ["Project"]),
        ({"query": "else"}, ["Elsewhere"]),
        ({"customer_name": "Far"}, ["Elsewhere"]),
        ({"user_uuid": "{member}"}, ["Project"]),
        ({"conceal_finished_projects": "true"}, ["Project"]),
        ({"o": "customer_name"}, ["Project", "Elsewhere"]),
        ({"o": "-end_date"}, ["Project", "Elsewhere"]),
    ],
)
def test_filters_of_projects(cast: Cast, query: dict[str, str], expected: list[str]) -> None:
    make_project(make_customer("Far away"), "Elsewhere", end_date="2000-01-01")
    params = {key: value.replace("{member}", cast.member.uuid.hex) for key, value in query.items()}
    assert names(client_of(cast.staff).get(PROJECTS, params)) == expected
