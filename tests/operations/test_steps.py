"""What a run does with its steps: effects, markers, waits."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.operations.conftest import Begin
from tests.operations.toys import ToyCloud, Workshop, advance, due_now, finish, states
from waldur_core.operations.errors import Unreachable
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import Step
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Tenant

State, Phase = Operation.State, Operation.Phase


def test_steps_run_in_their_order_and_the_subject_is_ok(begin: Begin, cloud: ToyCloud, subject: Tenant) -> None:
    operation = advance(begin("a", "b", "c"))

    subject.refresh_from_db()
    assert (operation.state, subject.state) == (State.DONE, CoreState.OK)
    assert cloud.things == ["a", "b", "c"]
    assert states(operation) == {"a": "done", "b": "done", "c": "done"}


def test_a_first_certain_try_asks_no_marker(begin: Begin, cloud: ToyCloud) -> None:
    advance(begin("a", "b"))

    assert cloud.log == ["make a", "make b"]


def test_one_step_costs_one_write(begin: Begin) -> None:
    def writes_of(*steps: str) -> int:
        operation = begin(*steps, name="toy." + "".join(steps))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            advance(operation)
        Tenant.objects.update(state=CoreState.CREATION_SCHEDULED)
        return sum(query["sql"].startswith("UPDATE") for query in queries)

    assert writes_of("d", "e", "f") - writes_of("a") == 2


def test_a_step_that_may_have_happened_is_looked_for_before_it_is_made_again(begin: Begin, cloud: ToyCloud) -> None:
    cloud.fails("make a", Unreachable("no answer"))
    cloud.lost.add("make a")

    operation = finish(begin("a", "b"))

    assert operation.state == State.DONE
    assert cloud.log == ["make a", "find a", "make b"]
    assert cloud.things == ["a", "b"]


def test_a_step_that_did_not_happen_is_made_after_the_look(begin: Begin, cloud: ToyCloud) -> None:
    cloud.fails("make a", Unreachable("no answer"))

    finish(begin("a"))

    assert cloud.log == ["make a", "find a", "make a"]
    assert cloud.things == ["a"]


def test_what_was_made_or_found_is_recorded_once(begin: Begin, workshop: Workshop, cloud: ToyCloud) -> None:
    recorded: list[str] = []
    step = workshop.step("a", record=lambda _, result: recorded.append(result))
    cloud.fails("make a", Unreachable("no answer"))
    cloud.lost.add("make a")

    finish(begin(step))

    assert recorded == ["a"]


def test_a_step_unfolds_into_one_per_item(begin: Begin, cloud: ToyCloud) -> None:
    step = Step(
        name="Paint",
        each=lambda context: [(colour, colour.upper()) for colour in context.parameters["colours"]],
        do=lambda context: cloud.make(context.item),
        keeps="paint",
    )

    operation = finish(begin(step, parameters={"colours": ["red", "blue"]}))

    assert cloud.things == ["red", "blue"]
    assert states(operation) == {"Paint RED": "done", "Paint BLUE": "done"}


def test_a_step_that_does_not_apply_is_not_planned(begin: Begin, workshop: Workshop) -> None:
    operation = finish(begin("a", workshop.step("b", when=lambda _: False)))

    assert states(operation) == {"a": "done"}


def test_data_is_kept_between_steps(begin: Begin, workshop: Workshop) -> None:
    seen: list[str] = []
    first = workshop.step("a", record=lambda context, found: context.data.update(key=found), waits=True)
    second = Step(name="b", do=lambda context: seen.append(context.data["key"]), keeps="reads")
    workshop.cloud.ready.add("a")

    finish(begin(first, second))

    assert seen == ["a"]


def test_an_effect_without_a_way_back_must_say_why() -> None:
    with pytest.raises(TypeError, match="declare how to undo it"):
        Step(name="a", do=lambda _: None)


# waiting ---------------------------------------------------------------------------------------------------------


def test_a_wait_holds_no_lease_and_makes_nothing_twice(begin: Begin, workshop: Workshop, cloud: ToyCloud) -> None:
    operation = advance(begin(workshop.step("a", waits=True), "b"))

    assert (operation.state, operation.phase) == (State.RUNNING, Phase.WAITING)
    assert (operation.lease_token, operation.lease_until) == (None, None)
    assert operation.next_run_at > timezone.now()

    cloud.ready.add("a")
    assert finish(operation).state == State.DONE
    assert cloud.log == ["make a", "look at a", "look at a", "make b"]


def test_nobody_advances_an_operation_before_it_is_due(begin: Begin, workshop: Workshop, cloud: ToyCloud) -> None:
    operation = advance(begin(workshop.step("a", waits=True)))
    Operation.objects.update(next_run_at=timezone.now() + timedelta(minutes=1))

    advance(operation)

    assert cloud.log == ["make a", "look at a"]


def test_looks_become_rarer(begin: Begin, workshop: Workshop) -> None:
    operation = begin(workshop.step("a", waits=True))
    pauses = []
    for _ in range(16):
        due_now(operation)
        advance(operation)
        pauses.append((operation.next_run_at - timezone.now()).total_seconds())

    assert pauses[0] < 0.3
    assert all(later > earlier - 0.1 for earlier, later in pairwise(pauses))
    assert 2.5 < pauses[-1] <= 3


def test_a_wait_ends_at_its_deadline(begin: Begin, workshop: Workshop, subject: Tenant, cloud: ToyCloud) -> None:
    operation = advance(begin(workshop.step("a", waits=True, deadline=timedelta(minutes=3))))
    Operation.objects.update(step_started=timezone.now() - timedelta(minutes=4))

    operation = finish(operation)

    assert (operation.state, operation.error_code) == (State.ERRED, "timeout")
    assert operation.error_message == "a: still not done after 3 minutes."
    assert cloud.things == []


def test_an_unanswered_look_is_repeated(begin: Begin, workshop: Workshop, cloud: ToyCloud) -> None:
    cloud.ready.add("a")
    cloud.fails("look at a", Unreachable("no answer"))

    operation = finish(begin(workshop.step("a", waits=True)))

    assert operation.state == State.DONE
    assert cloud.log == ["make a", "look at a", "look at a"]
