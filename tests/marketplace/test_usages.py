"""Reports of usage: who may send them, what they replace, and which are refused."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import client_of, grant, make_user
from tests.marketplace.metering import USAGES, at, body, metered, set_usage, used
from tests.marketplace.stage import Stage, post
from waldur_core.permissions.strings import RoleName
from waldur_mastermind.marketplace import catalogue, usages
from waldur_mastermind.marketplace.models import ComponentUsage, ComponentUserUsage, Resource
from waldur_mastermind.marketplace.orders import periods


def test_an_agent_of_the_provider_reports_what_was_used(stage: Stage) -> None:
    resource, agent = metered(stage), make_user("agent")
    grant(agent, RoleName.OFFERING_MANAGER, stage.offering)
    response = set_usage(agent, resource, ("traffic", "12.50"), ("cores", 2))
    assert response.status_code == 201, response.json()
    (row,) = client_of(agent).get(USAGES, {"resource_uuid": resource.uuid.hex, "type": "traffic"}).json()
    assert (row["usage"], row["recurring"], row["measured_unit"]) == (12.5, False, "GB")
    assert row["billing_period"] == timezone.now().strftime("%Y-%m-01")
    resource.refresh_from_db()
    assert resource.current_usages == {"traffic": 12.5, "cores": 2}


def test_a_later_report_of_the_month_replaces_an_earlier_one(stage: Stage) -> None:
    resource = metered(stage)
    for amount in (5, 8, 8, 7):
        assert set_usage(stage.provider_owner, resource, ("traffic", amount)).status_code == 201
    assert [usage for _, usage in used(resource)] == [7]


def test_a_report_of_the_whole_month_counts_nothing_twice_after_a_switch_of_plan(stage: Stage) -> None:
    resource = metered(stage)
    set_usage(stage.provider_owner, resource, ("traffic", 60), ("cores", 4))
    other = catalogue.create_plan(stage.offering, {"name": "Other"})
    periods.begin(resource, other)
    set_usage(stage.provider_owner, resource, ("traffic", 100), ("cores", 5))
    assert [usage for _, usage in used(resource)] == [60, 40]
    assert [usage for _, usage in used(resource, "cores")] == [4, 5], "a level is no sum"
    set_usage(stage.provider_owner, resource, ("traffic", 50))
    assert [usage for _, usage in used(resource)] == [50, 0], "the report says less than was told before"


def test_one_plan_period_is_reported_by_itself(stage: Stage) -> None:
    resource = metered(stage)
    first = resource.plan_periods.get()
    periods.begin(resource, catalogue.create_plan(stage.offering, {"name": "Other"}))
    answer = client_of(stage.provider_owner).post(
        f"{USAGES}set_usage/", {"plan_period": first.uuid.hex, "usages": [{"type": "traffic", "amount": "9"}]}
    )
    assert answer.status_code == 201, answer.json()
    assert used(resource) == [(first, Decimal(9))]
    answer = client_of(stage.member).get(f"/api/marketplace-resources/{resource.uuid.hex}/plan_periods/").json()
    assert [[item["usage"] for item in period["components"]] for period in answer] == [["9.0000000000"], []]


@pytest.mark.parametrize("who", ["owner", "member", "admin"])
def test_consumers_see_usages_and_do_not_set_them(stage: Stage, who: str) -> None:
    resource = metered(stage)
    set_usage(stage.provider_owner, resource, ("traffic", 5))
    user = getattr(stage, who)
    assert [row["usage"] for row in client_of(user).get(USAGES).json()] == [5]
    assert set_usage(user, resource, ("traffic", 1)).status_code == 403
    assert [usage for _, usage in used(resource)] == [5]


def test_strangers_are_told_that_there_is_no_such_resource(stage: Stage) -> None:
    resource = metered(stage)
    answer = set_usage(stage.stranger, resource, ("traffic", 1))
    assert (answer.status_code, list(answer.json())) == (400, ["resource"])
    assert client_of(stage.stranger).get(USAGES).json() == []
    assert used(resource) == []


def days(number: int) -> str:
    return (timezone.now() + timedelta(days=number)).isoformat()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"usages": []}, "usages"),
        ({"usages": [{"type": "unknown", "amount": "1"}]}, "usages"),
        ({"usages": [{"type": "traffic", "amount": "-1"}]}, "usages"),
        ({"usages": [{"type": "traffic", "amount": "NaN"}]}, "usages"),
        ({"usages": [{"type": "traffic", "amount": "1e30"}]}, "usages"),
        ({"usages": [{"type": "traffic"}]}, "usages"),
        ({"usages": [{"type": "setup", "amount": "1"}]}, "usages"),
        ({"usages": [{"type": "traffic", "amount": "1"}] * 2}, "usages"),
        ({"date": days(2)}, "date"),
        ({"date": days(-40)}, "date"),
        ({"date": "yesterday"}, "date"),
        ({"resource": None}, "resource"),
        ({"resource": "00000000000000000000000000000000"}, "resource"),
        ({"plan_period": "00000000000000000000000000000000"}, "plan_period"),
    ],
)
def test_a_wrong_report_is_refused_and_says_why(stage: Stage, changes: dict[str, Any], field: str) -> None:
    resource = metered(stage)
    catalogue.add_component(stage.offering, {"type": "setup", "name": "Setup", "billing_type": "one"})
    report = {**body(resource, ("traffic", 3)), **changes}
    report = {key: value for key, value in report.items() if value is not None}
    answer = client_of(stage.provider_owner).post(f"{USAGES}set_usage/", report)
    assert (answer.status_code, list(answer.json())) == (400, [field]), answer.json()
    assert not ComponentUsage.objects.exists()


def test_a_resource_past_its_end_date_has_no_usage(stage: Stage) -> None:
    resource = metered(stage, end_date=timezone.localdate() - timedelta(days=1))
    answer = set_usage(stage.provider_owner, resource, ("traffic", 1))
    assert (answer.status_code, list(answer.json())) == (400, ["date"])


@pytest.mark.parametrize(
    ("state", "status"), [("Creating", 409), ("Terminated", 409), ("Erred", 201), ("Updating", 201)]
)
def test_only_what_exists_uses_something(stage: Stage, state: str, status: int) -> None:
    resource = metered(stage, state=state)
    assert set_usage(stage.provider_owner, resource, ("traffic", 1)).status_code == status
    assert ComponentUsage.objects.count() == (status == 201)


def test_the_parts_of_people_are_written_once_each(stage: Stage) -> None:
    resource = metered(stage)
    set_usage(stage.provider_owner, resource, ("traffic", 5))
    usage = ComponentUsage.objects.get()
    view = "marketplace-component-usages"
    people = [{"username": "ann", "usage": "2.5"}, {"username": "bob", "usage": "2"}]
    assert post(stage.owner, usage, "set_user_usages", {"usages": people}, view).status_code == 403
    assert not ComponentUserUsage.objects.exists()
    for _ in range(2):
        assert post(stage.provider_owner, usage, "set_user_usages", {"usages": people}, view).status_code == 201
    answer = post(stage.provider_owner, usage, "set_user_usage", {"username": "ann", "usage": "3"}, view)
    assert answer.status_code == 201
    url = "/api/marketplace-component-user-usages/"
    month = usage.billing_period.isoformat()
    rows = client_of(stage.member).get(url, {"component_usage__billing_period": month}).json()
    assert [(row["username"], row["usage"]) for row in rows] == [("ann", 3), ("bob", 2)]
    assert client_of(stage.member).get(url, {"component_usage_billing_period": "2020-01-01"}).json() == []
    twice = {"usages": [people[0], people[0]]}
    assert post(stage.provider_owner, usage, "set_user_usages", twice, view).status_code == 400


def test_the_database_refuses_a_second_usage_of_a_month(stage: Stage) -> None:
    resource = metered(stage)
    set_usage(stage.provider_owner, resource, ("traffic", 5))
    row = ComponentUsage.objects.get()
    for period in (row.plan_period, None, None):
        copy = ComponentUsage(
            resource=resource, component=row.component, plan_period=period, billing_period=row.billing_period
        )
        if period is None and not ComponentUsage.objects.filter(plan_period=None).exists():
            copy.save()
            continue
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save()


def test_what_a_cloud_counts_is_recorded_for_many_resources_at_the_price_of_one(stage: Stage) -> None:
    first = metered(stage)

    def queries(*resources: Resource) -> int:
        with CaptureQueriesContext(connection) as captured:
            usages.record_all({resource: {"cores": number, "unknown": 1} for number, resource in enumerate(resources)})
        return len(captured)

    queries(first)
    many = [metered(stage) for _ in range(20)]
    one, twenty = queries(metered(stage)), queries(*many)
    assert one == twenty
    many[7].refresh_from_db()
    assert (many[7].current_usages, used(many[7], "cores")[0][1]) == ({"cores": 7}, 7)
    with CaptureQueriesContext(connection) as captured:
        usages.record_all({resource: {"cores": number} for number, resource in enumerate(many)})
    assert not [query for query in captured if query["sql"].startswith(("UPDATE", "INSERT"))], "nothing has changed"


def test_each_month_has_its_own_usage(stage: Stage) -> None:
    resource = metered(stage)
    Resource.objects.update(created="2024-01-05T00:00:00Z")
    for month, amount in ((1, 10), (2, 4)):
        moment = f"2024-{month:02}-20T12:00:00Z"
        assert set_usage(stage.provider_owner, resource, ("traffic", amount), date=moment).status_code == 201
    rows = client_of(stage.owner).get(USAGES, {"billing_period": "2024-02-01", "field": ["type", "usage"]}).json()
    assert rows == [{"type": "traffic", "usage": 4}]
    resource.refresh_from_db()
    assert resource.current_usages == {}, "these are of other months"


def test_the_last_moment_of_a_month_is_of_that_month(stage: Stage) -> None:
    with at(2024, 1, 31, 23, 59, 59):
        resource = metered(stage)
        usages.record_usages(resource, {"cores": 1})
    with at(2024, 2, 1, 0, 0, 0):
        usages.record_usages(resource, {"cores": 2})
    found = ComponentUsage.objects.order_by("billing_period").values_list("billing_period__month", "usage")
    assert list(found) == [(1, 1), (2, 2)]


@pytest.mark.parametrize("path", ["marketplace-component-usages", "marketplace-component-user-usages"])
@pytest.mark.parametrize(
    ("parameter", "value"), [("billing_period_year", 10**12), ("billing_period_year", 0), ("billing_period_month", 13)]
)
def test_a_month_that_no_calendar_has_is_named(stage: Stage, path: str, parameter: str, value: int) -> None:
    answer = client_of(stage.staff).get(f"/api/{path}/?{parameter}={value}")
    assert (answer.status_code, list(answer.json())) == (400, [parameter])
