"""Errors: which are tried again and when, what is undone, what a person is told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.operations.conftest import Begin
from tests.operations.toys import Refused, ToyCloud, Workshop, advance, due_now, finish, states
from waldur_core.events.models import Event
from waldur_core.operations.errors import CloudConflict, CloudFailure, Unreachable
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import DeleteWorkflow, Step, UpdateWorkflow
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Tenant

State = Operation.State


def pause(operation: Operation) -> float:
    """Seconds until the next try."""
    return (operation.next_run_at - timezone.now()).total_seconds()


def test_pauses_between_tries_grow_and_vary(begin: Begin, cloud: ToyCloud) -> None:
    cloud.fails("make a", *[Unreachable("no answer")] * 10)
    operation = begin("a")
    pauses = []
    for _ in range(9):
        due_now(operation)
        pauses.append(pause(advance(operation)))

    planned = [0.5 * 2**number for number in range(7)] + [60, 60]
    ratios = [real / plan for real, plan in zip(pauses, planned, strict=True)]
    assert all(0.7 < ratio < 1.21 for ratio in ratios)
    assert max(ratios) - min(ratios) > 0.01


def test_the_cloud_says_when_to_come_back(begin: Begin, cloud: ToyCloud) -> None:
    cloud.fails("make a", Unreachable("too many requests", after=42))

    assert 41 < pause(advance(begin("a"))) <= 42


def test_meanwhile_the_message_says_what_is_in_the_way(begin: Begin, cloud: ToyCloud) -> None:
    cloud.fails("make a", Unreachable("The cloud cannot be reached."))

    operation = advance(begin("a"))
    assert (operation.state, operation.error_message) == (State.RUNNING, "The cloud cannot be reached.")
    assert operation.plan[0]["attempts"] == 1

    operation = finish(operation)
    assert (operation.state, operation.error_message) == (State.DONE, "")


@pytest.mark.parametrize(("error", "tries"), [(CloudConflict, 6), (CloudFailure, 8), (Refused, 1)])
def test_tries_are_counted(begin: Begin, cloud: ToyCloud, error: type[CloudConflict], tries: int) -> None:
    cloud.fails("make a", *[error("no")] * 20)

    operation = finish(begin("a"))

    assert operation.state == State.ERRED
    assert cloud.log.count("make a") == tries


def test_an_unreachable_cloud_is_tried_until_the_deadline(begin: Begin, cloud: ToyCloud) -> None:
    cloud.fails("make a", *[Unreachable("no answer")] * 30)
    operation = begin("a")
    for _ in range(20):
        due_now(operation)
        advance(operation)
    assert operation.state == State.RUNNING

    Operation.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    due_now(operation)

    assert finish(operation).state == State.ERRED
    assert operation.error_code == "unreachable"


def test_what_was_made_is_removed_in_reverse(begin: Begin, cloud: ToyCloud, subject: Tenant) -> None:
    cloud.fails("make c", Refused("The cloud does not like c."))

    operation = finish(begin("a", "b", "c", "d"))

    subject.refresh_from_db()
    assert (operation.state, operation.error_message) == (State.ERRED, "The cloud does not like c.")
    assert (subject.state, subject.error_message) == (CoreState.ERRED, "The cloud does not like c.")
    assert cloud.things == []
    assert [call for call in cloud.log if call.startswith("remove")] == ["remove c", "remove b", "remove a"]
    assert states(operation) == {"a": "undone", "b": "undone", "c": "failed", "d": "pending"}


def test_what_the_failing_step_made_unseen_is_found_and_removed(
    begin: Begin, workshop: Workshop, cloud: ToyCloud
) -> None:
    recorded: list[str] = []
    step = workshop.step(
        "b",
        record=lambda _, name: recorded.append(name),
        undo=lambda _: [cloud.remove(name) for name in recorded],
    )
    cloud.fails("make b", Refused("Something went wrong."))
    cloud.lost.add("make b")

    finish(begin("a", step))

    assert cloud.things == []


def test_a_kept_effect_stays_and_says_so(begin: Begin, workshop: Workshop, cloud: ToyCloud) -> None:
    cloud.fails("make b", Refused("no"))

    operation = finish(begin(workshop.step("a", undo=None, keeps="it is cheap"), "b"))

    assert cloud.things == ["a"]
    assert states(operation) == {"a": "kept", "b": "failed"}


def test_undoing_is_patient_and_keeps_the_first_message(begin: Begin, cloud: ToyCloud) -> None:
    cloud.fails("make b", Refused("The cloud does not like b."))
    cloud.fails("remove a", Unreachable("no answer"), CloudConflict("busy"))

    operation = finish(begin("a", "b"))

    assert (operation.state, operation.error_message) == (State.ERRED, "The cloud does not like b.")
    assert cloud.things == []


def test_what_cannot_be_removed_is_named(begin: Begin, cloud: ToyCloud, subject: Tenant) -> None:
    cloud.fails("make b", Refused("The cloud does not like b."))
    cloud.fails("remove a", Refused("It is locked."))

    operation = finish(begin("a", "b"))

    subject.refresh_from_db()
    assert operation.error_message == ("The cloud does not like b. What 'a' made could not be removed: It is locked.")
    assert subject.error_message == operation.error_message
    assert cloud.things == ["a"]


def test_a_failed_deletion_undoes_nothing(begin: Begin, cloud: ToyCloud, subject: Tenant) -> None:
    Tenant.objects.update(state=CoreState.OK)
    subject.refresh_from_db()
    cloud.fails("make b", Refused("It is locked."))

    operation = finish(begin("a", "b", base=DeleteWorkflow))

    subject.refresh_from_db()
    assert (operation.state, subject.state) == (State.ERRED, CoreState.ERRED)
    assert cloud.log == ["make a", "make b"]


def test_an_unknown_exception_is_our_bug_and_only_staff_reads_its_details(
    begin: Begin, cloud: ToyCloud, subject: Tenant
) -> None:
    cloud.fails("make a", ZeroDivisionError("password=hunter2 divided"))

    operation = finish(begin("a"))

    assert (operation.state, operation.error_code) == (State.ERRED, "bug")
    assert operation.error_message == (
        "An unexpected error of the platform (ZeroDivisionError). Staff can see the details."
    )
    assert "ZeroDivisionError" in operation.error_traceback
    assert "hunter2" not in operation.error_traceback


def test_a_bug_in_the_plan_ends_the_operation(begin: Begin, workshop: Workshop, subject: Tenant) -> None:
    operation = finish(begin(workshop.step("a", when=lambda context: context.parameters["missing"])))

    subject.refresh_from_db()
    assert (operation.state, operation.error_code, subject.state) == (State.ERRED, "bug", CoreState.ERRED)


def test_a_bug_in_the_last_word_undoes_everything(begin: Begin, cloud: ToyCloud) -> None:
    def succeed(self: object, context: object) -> None:
        raise KeyError("oops")

    operation = finish(begin("a", "b", succeed=succeed))

    assert (operation.state, operation.error_code) == (State.ERRED, "bug")
    assert cloud.things == []


def test_the_word_for_a_change_is_gone_when_it_has_failed(begin: Begin, cloud: ToyCloud, subject: Tenant) -> None:
    Tenant.objects.update(state=CoreState.OK)
    subject.refresh_from_db()
    cloud.fails("make a", Refused("no"))

    finish(begin("a", base=UpdateWorkflow, action="Change"))

    subject.refresh_from_db()
    assert subject.state == CoreState.ERRED


def test_events_tell_beginning_and_end_and_who(begin: Begin, cloud: ToyCloud) -> None:
    cloud.fails("make b", Refused("The cloud does not like b."))
    finish(begin("a", "b"))

    told = list(Event.objects.order_by("pk").values_list("event_type", "message", "user__username"))
    assert told == [
        ("resource_creation_scheduled", "Making of toys of toys has been scheduled.", "owner"),
        ("resource_creation_failed", "Making of toys of toys has failed: The cloud does not like b.", "owner"),
    ]


def test_success_is_told_too(begin: Begin) -> None:
    finish(begin("a"))

    assert Event.objects.filter(event_type="resource_creation_succeeded", user__username="owner").count() == 1


def test_a_step_that_was_removed_from_the_programme_ends_the_operation(
    begin: Begin, workshop: Workshop, cloud: ToyCloud
) -> None:
    """As after an upgrade in the middle of an operation."""
    operation = advance(begin("a", Step(name="old", until=lambda _: False)))
    workshop.workflow("a", "new")

    operation = finish(operation)

    assert operation.state == State.ERRED
    assert "does not know the step 'old'" in operation.error_message
