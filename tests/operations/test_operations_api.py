"""`/api/operations/`: what people see of an operation, and what they may do to it."""

from typing import Any

import pytest

from tests.factories import Cast, client_of
from tests.operations.conftest import Begin
from tests.operations.toys import Refused, ToyCloud, Workshop, advance, finish
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import DeleteWorkflow
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Tenant

LIST = "/api/operations/"


def url(operation: Operation, action: str = "") -> str:
    return f"{LIST}{operation.uuid.hex}/{action}"


def shown(cast: Cast, operation: Operation, person: str = "owner") -> dict[str, Any]:
    answer = client_of(getattr(cast, person)).get(url(operation))
    assert answer.status_code == 200
    data: dict[str, Any] = answer.json()
    return data


@pytest.fixture
def waiting(begin: Begin, workshop: Workshop) -> Operation:
    """The second of four steps waits."""
    return advance(begin("a", workshop.step("b", waits=True), "c", "d"))


@pytest.fixture
def failed(begin: Begin, cloud: ToyCloud) -> Operation:
    cloud.fails("make b", Refused("The cloud does not like b."))
    return finish(begin("a", "b"))


def test_it_says_what_is_being_done_to_what_and_by_whom(cast: Cast, waiting: Operation, subject: Tenant) -> None:
    data = shown(cast, waiting)

    assert data["title"] == "Making of toys"
    assert (data["resource_uuid"], data["resource_name"]) == (subject.uuid.hex, "toys")
    assert data["resource_type"] == "OpenStack.Tenant"
    assert (data["user_username"], data["project_name"]) == ("owner", "Project")
    assert (data["state"], data["can_cancel"], data["can_retry"]) == ("running", True, False)


def test_it_says_how_far_it_is(cast: Cast, waiting: Operation) -> None:
    data = shown(cast, waiting)

    assert data["progress"] == {"current": 2, "total": 4, "percent": 25, "step": "b"}
    assert [(step["number"], step["name"], step["state"]) for step in data["steps"]] == [
        (1, "a", "done"),
        (2, "b", "waiting"),
        (3, "c", "pending"),
        (4, "d", "pending"),
    ]


def test_what_is_done_is_done_to_the_last_step(cast: Cast, waiting: Operation, cloud: ToyCloud) -> None:
    cloud.ready.add("b")

    data = shown(cast, finish(waiting))

    assert data["progress"] == {"current": 4, "total": 4, "percent": 100, "step": ""}
    assert all(step["started"] and step["finished"] for step in data["steps"])


def test_it_says_what_went_wrong(cast: Cast, failed: Operation) -> None:
    data = shown(cast, failed)

    assert (data["error_code"], data["error_message"]) == ("invalid", "The cloud does not like b.")
    assert (data["can_cancel"], data["can_retry"]) == (False, True)


def test_only_staff_and_support_see_tracebacks(cast: Cast, begin: Begin, cloud: ToyCloud) -> None:
    cloud.fails("make a", ZeroDivisionError())
    operation = finish(begin("a"))

    assert shown(cast, operation, "owner")["error_traceback"] == ""
    for person in ("staff", "support"):
        assert "ZeroDivisionError" in shown(cast, operation, person)["error_traceback"]


def test_an_operation_of_a_former_version_is_still_listed(cast: Cast, failed: Operation) -> None:
    Operation.objects.update(workflow="toy.forgotten")

    assert shown(cast, failed)["title"] == "Former workflow"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 1),
        ({"state": "running"}, 1),
        ({"state": "done"}, 0),
        ({"state": ["done", "running"]}, 1),
        ({"workflow": "toy.make"}, 1),
        ({"workflow": "toy.other"}, 0),
        ({"resource_uuid": "{subject}"}, 1),
        ({"resource_uuid": "0" * 32}, 0),
        ({"project_uuid": "{project}"}, 1),
        ({"user_uuid": "{stranger}"}, 0),
        ({"error_code": "timeout"}, 0),
    ],
)
def test_lists_are_filtered(cast: Cast, waiting: Operation, subject: Tenant, query: dict[str, Any], found: int) -> None:
    names = {"subject": subject.uuid.hex, "project": cast.project.uuid.hex, "stranger": cast.stranger.uuid.hex}
    query = {key: value.format(**names) if isinstance(value, str) else value for key, value in query.items()}

    assert len(client_of(cast.owner).get(LIST, query).json()) == found


@pytest.mark.parametrize(("person", "status"), [("stranger", 404), ("provider_owner", 404), ("support", 200)])
def test_others_do_not_see_it(cast: Cast, waiting: Operation, person: str, status: int) -> None:
    assert client_of(getattr(cast, person)).get(url(waiting)).status_code == status


@pytest.mark.parametrize("person", ["owner", "manager", "admin", "staff"])
def test_who_operates_the_project_may_retry(cast: Cast, failed: Operation, person: str) -> None:
    answer = client_of(getattr(cast, person)).post(url(failed, "retry/"))

    assert (answer.status_code, answer.json()["state"]) == (202, "scheduled")
    assert finish(failed).state == Operation.State.DONE
    assert Event.objects.filter(event_type="operation_retried", user=getattr(cast, person)).exists()


@pytest.mark.parametrize("person", ["owner", "manager", "admin", "staff"])
def test_who_operates_the_project_may_cancel(cast: Cast, waiting: Operation, cloud: ToyCloud, person: str) -> None:
    answer = client_of(getattr(cast, person)).post(url(waiting, "cancel/"))

    assert answer.status_code == 202
    assert finish(waiting).state == Operation.State.CANCELLED
    assert cloud.things == []


@pytest.mark.parametrize(("person", "status"), [("member", 403), ("support", 403), ("stranger", 404)])
@pytest.mark.parametrize("action", ["retry", "cancel"])
def test_the_refused_change_nothing(
    cast: Cast, failed: Operation, subject: Tenant, person: str, status: int, action: str
) -> None:
    before = Operation.objects.values().get()

    assert client_of(getattr(cast, person)).post(url(failed, f"{action}/")).status_code == status

    subject.refresh_from_db()
    assert Operation.objects.values().get() == before
    assert subject.state == CoreState.ERRED


def test_what_cannot_be_cancelled_is_a_409_and_goes_on(
    cast: Cast, begin: Begin, cloud: ToyCloud, subject: Tenant
) -> None:
    Tenant.objects.update(state=CoreState.OK)
    subject.refresh_from_db()
    operation = begin("a", base=DeleteWorkflow)

    answer = client_of(cast.owner).post(url(operation, "cancel/"))

    assert (answer.status_code, "cannot be cancelled" in answer.json()["detail"]) == (409, True)
    assert finish(operation).state == Operation.State.DONE


def test_what_is_running_cannot_be_retried(cast: Cast, waiting: Operation) -> None:
    before = Operation.objects.values().get()

    assert client_of(cast.owner).post(url(waiting, "retry/")).status_code == 409
    assert Operation.objects.values().get() == before
