"""What every list, every body and every error looks like (marketplace-api §1), shown on projects and users."""

from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from tests.factories import Cast, client_of, make_customer, make_project, make_user

pytestmark = pytest.mark.django_db
PROJECTS = "/api/projects/"


@pytest.fixture
def client(cast: Cast) -> APIClient:
    return client_of(cast.staff)


@pytest.fixture
def five(cast: Cast) -> None:
    """Five projects: Project, A, B, C and D."""
    for name in "ABCD":
        make_project(cast.customer, name, description=name * 3)


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()]


def links(response: Any) -> list[tuple[str, str]]:
    pairs = [entry.split("; ") for entry in response["Link"].split(", ")]
    return [(rel.removeprefix('rel="').removesuffix('"'), url.strip("<>")) for url, rel in pairs]


# lists ---------------------------------------------------------------------------------------------------------------


def test_a_list_is_a_bare_array_with_its_total_in_a_header(client: APIClient, five: None) -> None:
    response = client.get(PROJECTS, {"page_size": 2})
    assert isinstance(response.json(), list)
    assert len(response.json()) == 2
    assert response["X-Result-Count"] == "5"


def test_links_come_in_order_and_keep_the_other_parameters(client: APIClient, five: None) -> None:
    response = client.get(f"{PROJECTS}?o=name&page_size=2&page=2&field=name&field=uuid")
    base = "http://testserver/api/projects/?field=name&field=uuid&o=name"
    assert [(rel, sorted(url.partition("?")[2].split("&"))) for rel, url in links(response)] == [
        ("first", sorted(f"{base}&page_size=2".partition("?")[2].split("&"))),
        ("prev", sorted(f"{base}&page_size=2".partition("?")[2].split("&"))),
        ("next", sorted(f"{base}&page=3&page_size=2".partition("?")[2].split("&"))),
        ("last", sorted(f"{base}&page=3&page_size=2".partition("?")[2].split("&"))),
    ]


def test_links_lead_through_the_whole_list(client: APIClient, five: None) -> None:
    seen, url = [], f"{PROJECTS}?page_size=2"
    while url:
        response = client.get(url)
        seen += names(response)
        url = dict(links(response)).get("next", "")
    assert seen == ["A", "B", "C", "D", "Project"]


def test_at_the_ends_there_is_no_prev_and_no_next(client: APIClient, five: None) -> None:
    assert [rel for rel, _ in links(client.get(PROJECTS))] == ["first", "last"]
    assert [rel for rel, _ in links(client.get(f"{PROJECTS}?page_size=2"))] == ["first", "next", "last"]
    assert [rel for rel, _ in links(client.get(f"{PROJECTS}?page_size=2&page=3"))] == ["first", "prev", "last"]


def test_a_page_has_ten_rows_unless_asked_for_and_never_more_than_300(client: APIClient) -> None:
    for number in range(310):
        make_user(f"many-{number}")
    assert len(client.get("/api/users/").json()) == 10
    assert len(client.get("/api/users/?page_size=1000").json()) == 300
    assert len(client.get("/api/users/?page_size=nonsense").json()) == 10


@pytest.mark.parametrize("page", ["4", "0", "-1", "x", "9" * 30])
def test_a_page_out_of_range_is_404(client: APIClient, five: None, page: str) -> None:
    response = client.get(f"{PROJECTS}?page_size=2&page={page}")
    assert response.status_code == 404
    assert set(response.json()) == {"detail"}


def test_head_counts_without_a_body(client: APIClient, five: None) -> None:
    response = client.head(f"{PROJECTS}?page_size=2&name_exact=C")
    assert response["X-Result-Count"] == "1"
    assert response["Link"]
    assert not response.content


def test_an_empty_list_has_one_page(client: APIClient) -> None:
    response = client.get(PROJECTS, {"name": "no such"})
    assert (response.json(), response["X-Result-Count"]) == ([], "0")


# sparse fields, order, filters ---------------------------------------------------------------------------------------


def test_field_keeps_the_named_keys_and_ignores_unknown_ones(client: APIClient, cast: Cast) -> None:
    [row] = client.get(f"{PROJECTS}?field=name&field=uuid&field=nonsense").json()
    assert set(row) == {"name", "uuid"}
    one = client.get(f"{PROJECTS}{cast.project.uuid.hex}/?field=name&field=nonsense").json()
    assert one == {"name": "Project"}


def test_field_leaves_nested_objects_whole(client: APIClient, cast: Cast) -> None:
    me = client_of(cast.member).get("/api/users/me/?field=permissions").json()
    assert set(me) == {"permissions"}
    assert {"role_name", "scope_uuid"} <= set(me["permissions"][0])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("o=-name", ["Project", "D", "C", "B", "A"]),
        ("o=customer_name,-name", ["Project", "D", "C", "B", "A"]),
        ("o=customer_name&o=-name", ["Project", "D", "C", "B", "A"]),
        ("o=nonsense", ["A", "B", "C", "D", "Project"]),
        ("o=nonsense,-name", ["Project", "D", "C", "B", "A"]),
        ("o=-", ["A", "B", "C", "D", "Project"]),
        ("o=pk;drop", ["A", "B", "C", "D", "Project"]),
    ],
)
def test_order_takes_lists_and_ignores_unknown_keys(
    client: APIClient, five: None, query: str, expected: list[str]
) -> None:
    assert names(client.get(f"{PROJECTS}?{query}")) == expected


def test_a_repeated_filter_means_or(client: APIClient, five: None, cast: Cast) -> None:
    other = make_project(make_customer(), "Elsewhere")
    both = f"customer={cast.customer.uuid}&customer={other.customer.uuid.hex}"
    assert len(names(client.get(f"{PROJECTS}?{both}"))) == 6
    assert names(client.get(f"{PROJECTS}?customer={other.customer.uuid.hex}")) == ["Elsewhere"]


def test_an_unknown_filter_is_ignored(client: APIClient) -> None:
    assert names(client.get(f"{PROJECTS}?no_such_filter=1")) == ["Project"]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [(PROJECTS, "customer"), (PROJECTS, "user_uuid"), ("/api/users/", "customer_uuid"), ("/api/keys/", "user_uuid")],
)
@pytest.mark.parametrize("value", ["nonsense", "1", "-" * 36, "g" * 32])
def test_a_malformed_uuid_is_400_and_names_the_parameter(
    client: APIClient, path: str, parameter: str, value: str
) -> None:
    response = client.get(path, {parameter: value})
    assert response.status_code == 400
    assert list(response.json()) == [parameter]
    assert isinstance(response.json()[parameter], list)


@pytest.mark.parametrize("value", ("maybe", "2", "-", "truefalse"))
def test_what_is_neither_true_nor_false_is_400_and_names_the_parameter(client: APIClient, value: str) -> None:
    response = client.get(f"/api/users/?is_staff={value}")
    assert (response.status_code, response.json()) == (400, {"is_staff": ["Enter true or false."]})


@pytest.mark.parametrize(
    ("value", "kept"), (("true", {True}), ("True", {True}), ("1", {True}), ("0", {False}), ("", {True, False}))
)
def test_true_and_false_are_spelled_as_in_bodies(client: APIClient, cast: Cast, value: str, kept: set[bool]) -> None:
    assert {user["is_staff"] for user in client.get(f"/api/users/?is_staff={value}").json()} == kept


@pytest.mark.parametrize(
    "url",
    ["http://testserver/api/customers/00000000000000000000000000000000/", "http://x/no/such/thing/", "/"],
)
def test_a_url_filter_that_leads_nowhere_gives_an_empty_list(client: APIClient, url: str) -> None:
    response = client.get("/api/service-settings/", {"customer": url})
    assert (response.status_code, response.json()) == (200, [])


def test_a_url_filter_that_is_no_url_is_400_and_names_the_parameter(client: APIClient) -> None:
    response = client.get("/api/service-settings/?customer=nonsense")
    assert (response.status_code, response.json()) == (400, {"customer": ["Enter the URL of an object or its UUID."]})


@pytest.mark.parametrize("query", ["name=%00", "state=%00", "created=yesterday", "is_staff=%00", "username=a%00b"])
@pytest.mark.parametrize("path", [PROJECTS, "/api/users/", "/api/service-settings/", "/api/operations/"])
def test_odd_values_of_filters_never_break_the_server(client: APIClient, path: str, query: str) -> None:
    assert client.get(f"{path}?{query}").status_code in (200, 400)


@pytest.mark.parametrize("value", ["1e400", "-1e30", "99999999999999999", "NaN", "x"])
def test_odd_times_never_break_the_server(client: APIClient, value: str) -> None:
    assert client.get(f"/api/events/?created_from={value}").status_code in (200, 400)


# uuids and bodies ----------------------------------------------------------------------------------------------------


def test_uuids_are_32_hex_digits_in_answers_and_may_be_dashed_in_requests(client: APIClient, cast: Cast) -> None:
    for spelling in (cast.project.uuid.hex, str(cast.project.uuid), cast.project.uuid.hex.upper()):
        answer = client.get(f"{PROJECTS}{spelling}/").json()
        assert answer["uuid"] == cast.project.uuid.hex
        assert UUID(answer["customer_uuid"]) == cast.customer.uuid
    assert names(client.get(f"{PROJECTS}?customer={cast.customer.uuid}")) == ["Project"]
    body = {"role": "PROJECT.MEMBER", "user": str(cast.stranger.uuid)}
    assert client.post(f"{PROJECTS}{cast.project.uuid}/add_user/", body).status_code == 201


@pytest.mark.parametrize("spelling", ["url", "hex", "dashed"])
def test_a_related_object_is_named_by_url_or_uuid(client: APIClient, cast: Cast, spelling: str) -> None:
    uuid = cast.customer.uuid
    customer = {"url": f"http://testserver/api/customers/{uuid.hex}/", "hex": uuid.hex, "dashed": str(uuid)}[spelling]
    answer = client.post(PROJECTS, {"name": "New", "customer": customer})
    assert answer.status_code == 201, answer.content
    assert answer.json()["customer"] == f"http://testserver/api/customers/{uuid.hex}/"


@pytest.mark.parametrize("customer", ["nonsense", "http://testserver/api/version/", 7, [], {"url": 1}, "/api/users/1/"])
def test_a_related_object_that_is_none_is_400_at_its_field(client: APIClient, customer: Any) -> None:
    response = client.post(PROJECTS, {"name": "New", "customer": customer})
    assert (response.status_code, list(response.json())) == (400, ["customer"])


def test_a_link_to_another_kind_of_object_is_refused(client: APIClient, cast: Cast) -> None:
    link = f"http://testserver/api/projects/{cast.project.uuid.hex}/"
    response = client.post(PROJECTS, {"name": "New", "customer": link})
    assert response.json() == {"customer": ["This URL does not lead to a customer."]}


def test_times_carry_their_zone_and_dates_are_plain(client: APIClient, cast: Cast) -> None:
    path = f"{PROJECTS}{cast.project.uuid.hex}/"
    assert client.patch(path, {"end_date": "2999-12-31"}).status_code == 200
    answer = client.get(path).json()
    assert answer["created"].endswith("Z")
    assert answer["end_date"] == "2999-12-31"


def test_field_errors_name_the_field(client: APIClient) -> None:
    response = client.post(PROJECTS, {})
    assert response.status_code == 400
    assert response.json() == {"name": ["This field is required."], "customer": ["This field is required."]}


@pytest.mark.parametrize("body", ["{", "", "nonsense", '{"a": NaN}', "[" * 200_000, '"\\ud800"', "\xff"])
def test_a_body_that_is_not_json_is_400(client: Any, body: str) -> None:
    response = client.generic("POST", PROJECTS, body.encode("latin-1"), content_type="application/json")
    assert response.status_code == 400
    assert set(response.json()) & {"detail", "non_field_errors", "name"}


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true"])
@pytest.mark.parametrize("path", [PROJECTS, "/api/keys/", "/api/users/", "/api/roles/"])
def test_a_body_that_is_no_object_is_400(client: APIClient, path: str, body: str) -> None:
    assert client.generic("POST", path, body, content_type="application/json").status_code == 400


def test_ten_megabytes_of_json_are_413(client: Any) -> None:
    body = b'{"name": "' + b"x" * 10_000_000 + b'"}'
    response = client.generic("POST", PROJECTS, body, content_type="application/json")
    assert response.status_code == 413
    assert response.json() == {"detail": "The request body is larger than 2048 KiB."}


# errors --------------------------------------------------------------------------------------------------------------


def test_the_missing_slash_is_404_with_a_hint(client: APIClient) -> None:
    response = client.post("/api/projects", {})
    assert response.status_code == 404
    assert response.json() == {"detail": "There is nothing at /api/projects. Every path ends with a slash."}


def test_what_does_not_exist_and_what_one_may_not_see_look_the_same(cast: Cast) -> None:
    client = client_of(cast.stranger)
    missing, hidden = "0" * 32, cast.project.uuid.hex
    assert client.get(f"{PROJECTS}{missing}/").json() == client.get(f"{PROJECTS}{hidden}/").json()


def test_a_method_that_is_not_there_is_405(client: APIClient, cast: Cast) -> None:
    for method, path in [("put", PROJECTS), ("delete", "/api/version/"), ("get", "/api-auth/password/")]:
        response = getattr(client, method)(path)
        assert response.status_code == 405, path
        assert set(response.json()) == {"detail"}


@pytest.mark.parametrize("path", ["/api/projects/", "/api/users/me/", "/api/metadata/events/", "/api/version/"])
def test_options_tells_nothing_to_strangers(path: str) -> None:
    assert client_of(None).options(path).status_code == 405


def test_browsers_of_other_origins_may_read_the_headers(client: APIClient) -> None:
    response = client.get(PROJECTS, HTTP_ORIGIN="https://portal.example.org")
    assert response["Access-Control-Allow-Origin"] in ("*", "https://portal.example.org")
    assert response["Access-Control-Expose-Headers"] == "Link, X-Result-Count"
    preflight = client_of(None).options(
        PROJECTS,
        HTTP_ORIGIN="https://portal.example.org",
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization",
    )
    assert preflight.status_code == 200
    assert "authorization" in preflight["Access-Control-Allow-Headers"]
