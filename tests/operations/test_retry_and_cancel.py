"""A person tries again, or stops what is running."""

import pytest

from tests.factories import Cast
from tests.operations.conftest import Begin
from tests.operations.toys import Refused, ToyCloud, Workshop, advance, finish, states
from waldur_core.operations.models import Operation
from waldur_core.operations.start import cancel, retry, start
from waldur_core.operations.workflow import DeleteWorkflow
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Tenant

State = Operation.State


@pytest.fixture
def existing(subject: Tenant) -> Tenant:
    Tenant.objects.update(state=CoreState.OK)
    subject.refresh_from_db()
    return subject


def test_a_retried_deletion_goes_on_where_it_stopped(
    begin: Begin, cloud: ToyCloud, existing: Tenant, cast: Cast
) -> None:
    cloud.fails("make b", Refused("It is locked."))
    operation = finish(begin("a", "b", "c", base=DeleteWorkflow))
    cloud.log.clear()

    retry(operation, user=cast.admin)
    operation = finish(operation)

    assert operation.state == State.DONE
    assert (operation.error_code, operation.error_message, operation.user) == ("", "", cast.admin)
    assert cloud.log == ["find b", "make b", "make c"]
    assert not Tenant.objects.exists()


def test_a_retried_creation_begins_anew_when_all_was_undone(
    begin: Begin, cloud: ToyCloud, subject: Tenant, cast: Cast
) -> None:
    cloud.fails("make c", Refused("no"))
    operation = finish(begin("a", "b", "c"))

    retry(operation, user=cast.owner)
    assert set(states(Operation.objects.get()).values()) == {"pending"}
    operation = finish(operation)

    subject.refresh_from_db()
    assert (operation.state, subject.state) == (State.DONE, CoreState.OK)
    assert cloud.things == ["a", "b", "c"]
    assert set(states(operation).values()) == {"done"}


def test_a_retry_after_a_failed_undo_adopts_what_was_left(begin: Begin, cloud: ToyCloud, cast: Cast) -> None:
    cloud.fails("make c", Refused("no"))
    cloud.fails("remove b", Refused("It is locked."))
    operation = finish(begin("a", "b", "c"))
    assert cloud.things == ["a", "b"]

    retry(operation, user=cast.owner)
    operation = finish(operation)

    assert operation.state == State.DONE
    assert cloud.things == ["a", "b", "c"]


def test_only_what_has_failed_can_be_retried(begin: Begin, cast: Cast) -> None:
    operation = finish(begin("a"))

    with pytest.raises(Conflict, match="only a failed or cancelled one"):
        retry(operation, user=cast.owner)


def test_only_the_last_operation_can_be_retried(
    begin: Begin, workshop: Workshop, cloud: ToyCloud, subject: Tenant, cast: Cast
) -> None:
    cloud.fails("make a", Refused("no"))
    creation = finish(begin("a"))
    subject.refresh_from_db()
    cloud.fails("make b", Refused("no"))
    finish(start(workshop.workflow("b", base=DeleteWorkflow, name="toy.delete"), subject, user=cast.owner))

    with pytest.raises(Conflict, match="A later operation"):
        retry(creation, user=cast.owner)


def test_nothing_is_retried_on_an_object_that_recovered(
    begin: Begin, cloud: ToyCloud, subject: Tenant, cast: Cast
) -> None:
    cloud.fails("make a", Refused("no"))
    operation = finish(begin("a"))
    Tenant.objects.update(state=CoreState.OK)

    with pytest.raises(Conflict, match="nothing to retry"):
        retry(operation, user=cast.owner)


def test_a_second_operation_on_the_same_object_is_refused(
    begin: Begin, workshop: Workshop, subject: Tenant, cast: Cast
) -> None:
    begin("a")

    with pytest.raises(Conflict, match="Another operation is at work on toys"):
        start(workshop.workflow("b", name="toy.other"), subject, user=cast.owner)
    assert Operation.objects.count() == 1


def test_cancelling_undoes_what_was_made(begin: Begin, workshop: Workshop, subject: Tenant, cast: Cast) -> None:
    operation = advance(begin("a", workshop.step("b", waits=True), "c"))
    assert workshop.cloud.things == ["a", "b"]

    cancel(operation, user=cast.owner)
    operation = finish(operation)

    subject.refresh_from_db()
    assert (operation.state, operation.error_code, subject.state) == (State.CANCELLED, "cancelled", CoreState.ERRED)
    assert workshop.cloud.things == []
    assert "make c" not in workshop.cloud.log


def test_what_has_not_begun_is_cancelled_without_an_effect(begin: Begin, cloud: ToyCloud, cast: Cast) -> None:
    operation = begin("a", "b")

    cancel(operation, user=cast.owner)

    assert finish(operation).state == State.CANCELLED
    assert "make a" not in cloud.log
    assert cloud.things == []


def test_a_cancelled_operation_can_be_retried(begin: Begin, cloud: ToyCloud, cast: Cast) -> None:
    operation = begin("a", "b")
    cancel(operation, user=cast.owner)
    finish(operation)

    retry(operation, user=cast.owner)

    assert finish(operation).state == State.DONE
    assert cloud.things == ["a", "b"]


def test_a_deletion_cannot_be_cancelled(begin: Begin, cloud: ToyCloud, existing: Tenant, cast: Cast) -> None:
    operation = begin("a", base=DeleteWorkflow)

    with pytest.raises(Conflict, match="cannot be cancelled"):
        cancel(operation, user=cast.owner)
    assert finish(operation).state == State.DONE


def test_what_has_ended_cannot_be_cancelled(begin: Begin, cast: Cast) -> None:
    operation = finish(begin("a"))

    with pytest.raises(Conflict, match="nothing to cancel"):
        cancel(operation, user=cast.owner)
