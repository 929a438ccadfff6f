"""Lists: who sees what, filters, headers, and a number of queries that does not grow."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import client_of, make_project
from tests.marketplace.stage import Stage, post
from tests.marketplace.test_order_outcomes import make_operation
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Category, Offering, Order, Resource, ServiceProvider

ORDERS, RESOURCES = "/api/marketplace-orders/", "/api/marketplace-resources/"
PROVIDER_RESOURCES = "/api/marketplace-provider-resources/"


@pytest.mark.parametrize(
    ("who", "orders", "provided"),
    [
        ("staff", 3, 3),
        ("support", 3, 3),
        ("owner", 2, 0),
        ("admin", 1, 0),
        ("member", 1, 0),
        ("provider_owner", 3, 3),
        ("stranger", 0, 0),
    ],
)
def test_both_sides_see_their_orders_and_resources(stage: Stage, who: str, orders: int, provided: int) -> None:
    for project in (stage.project, stage.other_project(), make_project()):
        stage.make_resource(project=project)
    client = client_of(getattr(stage, who))
    assert len(client.get(ORDERS).json()) == orders
    assert len(client.get(RESOURCES).json()) == orders
    assert len(client.get(PROVIDER_RESOURCES).json()) == provided


def test_what_one_does_not_see_is_not_there(stage: Stage) -> None:
    resource = stage.make_resource()
    order = Order.objects.get()
    for path in (
        f"{ORDERS}{order.uuid.hex}/",
        f"{RESOURCES}{resource.uuid.hex}/",
        f"{RESOURCES}{resource.uuid}/details/",
    ):
        assert client_of(stage.stranger).get(path).status_code == 404
        assert client_of(None).get(path).status_code == 401


def test_a_list_tells_its_length_and_head_too(stage: Stage) -> None:
    for _ in range(3):
        stage.make_resource()
    response = client_of(stage.member).get(f"{RESOURCES}?page_size=2")
    assert (len(response.json()), response["X-Result-Count"]) == (2, "3")
    head = client_of(stage.member).head(RESOURCES)
    assert (head["X-Result-Count"], head.content) == ("3", b"")


def test_an_answer_is_as_sparse_as_one_asks(stage: Stage) -> None:
    stage.make_resource()
    for path in (RESOURCES, ORDERS):
        assert set(client_of(stage.member).get(f"{path}?field=uuid&field=state&field=nonsense").json()[0]) == {
            "uuid",
            "state",
        }


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("state=OK", 1),
        ("state=OK&state=Erred", 2),
        ("state=Terminated", 0),
        ("name=mach", 2),
        ("name_exact=mach", 0),
        ("query=machine", 2),
        ("offering_type=Test.Machine", 2),
        ("offering_type=Test.Room", 0),
        ("offering_uuid={offering}", 2),
        ("offering=http://testserver/api/marketplace-public-offerings/{offering}/", 2),
        ("offering=http://testserver/api/nowhere/", 0),
        ("project_uuid={project}", 2),
        ("customer_uuid={customer}", 2),
        ("provider_uuid={provider}", 2),
        ("plan_uuid={plan}", 2),
        ("category_uuid={category}", 2),
        ("limit_based=true", 2),
        ("usage_based=true", 0),
        ("has_terminate_date=true", 0),
        ("order_state=done", 2),
        ("order_state=erred", 0),
        ("runtime_state=ACTIVE", 1),
    ],
)
def test_resources_are_filtered(stage: Stage, query: str, number: int) -> None:
    stage.make_resource(backend_metadata={"runtime_state": "ACTIVE"})
    stage.make_resource("Erred")
    assert len(client_of(stage.member).get(f"{RESOURCES}?{words(stage, query)}").json()) == number


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("state=pending-consumer", 1),
        ("state=pending-consumer&state=done", 2),
        ("type=Create", 2),
        ("type=Update", 0),
        ("offering_uuid={offering}", 2),
        ("project_uuid={project}", 2),
        ("provider_uuid={customer}", 0),
        ("query=machine", 2),
        ("resource_name=mach", 2),
        ("can_approve_as_consumer=true", 1),
        ("can_approve_as_consumer=false", 1),
        ("can_approve_as_provider=true", 0),
        ("was_auto_approved=true", 0),
    ],
)
def test_orders_are_filtered(stage: Stage, query: str, number: int) -> None:
    stage.make_resource()
    stage.placed(stage.member)
    assert len(client_of(stage.owner).get(f"{ORDERS}?{words(stage, query)}").json()) == number


def words(stage: Stage, query: str) -> str:
    objects = ("offering", "project", "customer", "provider", "plan", "category")
    return query.format(**{name: getattr(stage, name).uuid.hex for name in objects})


@pytest.mark.parametrize("path", [RESOURCES, ORDERS, "/api/marketplace-public-offerings/"])
def test_a_malformed_uuid_is_named(stage: Stage, path: str) -> None:
    response = client_of(stage.member).get(f"{path}?project_uuid=x")
    assert (response.status_code, list(response.json())) == (400, ["project_uuid"])


def test_resources_are_ordered(stage: Stage) -> None:
    for name in ("b", "c", "a"):
        stage.make_resource(name=name)
    client = client_of(stage.member)
    assert [item["name"] for item in client.get(f"{RESOURCES}?o=-name").json()] == ["c", "b", "a"]
    assert [item["name"] for item in client.get(f"{RESOURCES}?o=nonsense").json()] == ["a", "b", "c"]


def fill(stage: Stage, rows: int) -> None:
    """That many of everything, with all their relations."""
    for number in range(rows):
        offering = stage.make_offering(f"Offering {number}")
        catalogue.create_plan(offering, {"name": "Second"})
        project = make_project(stage.customer)
        post(
            stage.owner,
            stage.make_resource(offering=offering, project=project, parent=Resource.objects.first()),
            "terminate",
        )
        order = stage.placed(stage.owner, offering)
        make_operation(order)
        Category.objects.create(title=f"Category {number}")
        ServiceProvider.objects.create(customer=make_project().customer)
        Offering.objects.filter(pk=offering.pk).update(parent=stage.offering)


LISTS = (
    "marketplace-categories",
    "marketplace-service-providers",
    "marketplace-public-offerings",
    "marketplace-provider-offerings",
    "marketplace-plans",
    "marketplace-plan-components",
    "marketplace-orders",
    "marketplace-resources",
    "marketplace-provider-resources",
)


@pytest.mark.slow
def test_a_list_takes_as_many_queries_for_twenty_rows_as_for_one(stage: Stage) -> None:
    clients = {who: client_of(getattr(stage, who)) for who in ("staff", "provider_owner")}
    asked = [(who, path) for who in clients for path in LISTS]
    fill(stage, 2)
    few = {(who, path): queries(clients[who], f"/api/{path}/?page_size=1") for who, path in asked}
    fill(stage, 9)
    many = {(who, path): queries(clients[who], f"/api/{path}/?page_size=20") for who, path in asked}
    most = {(who, path): min(few[who, path], MOST.get(path, 12)) for who, path in asked}
    assert {question: count for question, count in many.items() if count > most[question]} == {}


MOST = {"marketplace-resources": 13, "marketplace-provider-resources": 13}


def queries(client: Any, url: str) -> int:
    client.get(url)  # content types are looked up once
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    assert response.json()
    return len(captured)
