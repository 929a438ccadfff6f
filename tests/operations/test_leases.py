"""Who is on an operation, and how others take over: leases, the sweep, lost databases and brokers."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from kombu.transport.memory import Channel

from tests.operations.conftest import Begin
from tests.operations.toys import ToyCloud, Workshop, advance, due_now, finish
from waldur_core.operations import leases, tasks
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_core.operations.workflow import Step
from waldur_openstack.models import Tenant

State = Operation.State


def expire(operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_an_operation_is_in_one_workers_hands(begin: Begin) -> None:
    operation = begin("a")

    assert leases.claim(operation.uuid) is not None
    assert leases.claim(operation.uuid) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_gets_it(begin: Begin) -> None:
    operation = begin("a")
    start_together, claims = threading.Barrier(8), []

    def work() -> None:
        start_together.wait()
        claims.append(leases.claim(operation.uuid))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claim is not None for claim in claims) == 1


def test_a_lease_that_has_run_out_is_taken_over(begin: Begin) -> None:
    operation = begin("a")
    first = leases.claim(operation.uuid)
    expire(operation)

    second = leases.claim(operation.uuid)

    assert first and second and first.lease_token != second.lease_token


def test_a_worker_that_lost_its_lease_writes_nothing_more(begin: Begin, workshop: Workshop, cloud: ToyCloud) -> None:
    """The first worker sleeps in its effect until another has done everything."""

    def sleep_while_another_works(context: Any) -> str:
        if not cloud.things:
            cloud.make("a")
            expire(context.operation)
            advance(Operation.objects.get())
            return "the first"
        return "the second"

    def record(_: Any, name: str) -> None:
        Tenant.objects.update(description=name)

    slow = workshop.step("a", do=sleep_while_another_works, marker=lambda _: None, record=record)
    operation = begin(slow, "b")

    Runner().advance(operation.uuid.hex)

    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert Tenant.objects.get().description == "the second"
    assert cloud.log.count("make b") == 1


def test_a_lease_let_go_cannot_be_written_with(begin: Begin) -> None:
    operation = begin("a")

    with pytest.raises(leases.LeaseLost):
        leases.save(operation, state=State.DONE)


@pytest.mark.django_db(transaction=True)
def test_leases_are_renewed_while_a_call_takes_long(begin: Begin, workshop: Workshop, monkeypatch: Any) -> None:
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.05)
    keeper = leases.LeaseKeeper()
    monkeypatch.setattr(leases, "keeper", keeper)
    operation, renewed = begin("a"), threading.Event()
    held = leases.claim(operation.uuid)
    assert held and held.lease_token
    expire(operation)

    keeper.hold(held.lease_token)
    for _ in range(100):
        operation.refresh_from_db()
        if operation.lease_until and operation.lease_until > timezone.now():
            renewed.set()
            break
        threading.Event().wait(0.05)
    keeper.drop(held.lease_token)
    keeper.stop()

    assert renewed.is_set()


# the sweep -------------------------------------------------------------------------------------------------------


@pytest.fixture
def messages(monkeypatch: Any) -> list[str]:
    """The operations that messages were sent for."""
    sent: list[str] = []
    monkeypatch.setattr(tasks.advance, "apply_async", lambda args, **_: sent.append(args[0]))
    return sent


def test_the_sweep_wakes_what_is_due(begin: Begin, messages: list[str]) -> None:
    operation = begin("a")
    Operation.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))

    assert tasks.sweep() == 1
    assert messages == [operation.uuid.hex]


@pytest.mark.parametrize(
    "fields",
    [
        {"next_run_at": timedelta(minutes=1)},
        {"next_run_at": timedelta(seconds=-1)},  # its message is on the way
        {"next_run_at": timedelta(minutes=-1), "lease_until": timedelta(seconds=10)},
        {"next_run_at": timedelta(minutes=-1), "state": State.DONE},
    ],
    ids=["not due", "just due", "in other hands", "ended"],
)
def test_the_sweep_lets_others_be(begin: Begin, messages: list[str], fields: dict[str, Any]) -> None:
    begin("a")
    now = timezone.now()
    Operation.objects.update(
        **{name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    )

    assert tasks.sweep() == 0
    assert messages == []


def test_the_sweep_wakes_what_a_dead_worker_held(begin: Begin, messages: list[str]) -> None:
    operation = begin("a")
    leases.claim(operation.uuid)
    Operation.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))
    expire(operation)

    assert tasks.sweep() == 1


# what is away ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_harms_no_request_and_no_operation(
    begin: Begin, workshop: Workshop, cloud: ToyCloud, monkeypatch: Any
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(Channel, "_put", refuse)
    operation = advance(begin(workshop.step("a", waits=True)))

    assert (operation.state, operation.error_message) == (State.RUNNING, "")
    cloud.ready.add("a")
    assert finish(operation).state == State.DONE


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_is_no_failure(begin: Begin, cloud: ToyCloud) -> None:
    def cut_off(_: Any, __: Any) -> None:
        if cloud.log == ["make a"]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    step = Step(name="a", do=lambda _: cloud.make("a"), marker=lambda _: cloud.find("a"), record=cut_off, keeps="toy")
    operation = begin(step, "b")

    with pytest.raises(OperationalError):
        Runner().advance(operation.uuid.hex)
    connection.close()
    operation.refresh_from_db()
    assert (operation.state, operation.error_message) == (State.RUNNING, "")

    due_now(operation)
    assert finish(operation).state == State.DONE
    assert cloud.things == ["a", "b"]


def test_an_object_that_was_removed_meanwhile_ends_its_operation(
    begin: Begin, workshop: Workshop, subject: Tenant
) -> None:
    operation = advance(begin(workshop.step("a", waits=True)))
    Tenant.objects.all().delete()

    operation = finish(operation)

    assert (operation.state, operation.error_message) == (State.ERRED, "The object does not exist any more.")


def test_an_object_removed_during_an_effect_ends_its_operation(begin: Begin, workshop: Workshop) -> None:
    def remove(_: Any) -> None:
        Tenant.objects.all().delete()

    operation = finish(begin(workshop.step("a", do=remove), "b"))

    assert (operation.state, operation.lease_token) == (State.ERRED, None)


def test_a_workflow_of_a_former_version_ends(begin: Begin, workshop: Workshop) -> None:
    operation = begin("a")
    Operation.objects.update(workflow="toy.forgotten")

    operation = finish(operation)

    assert operation.state == State.ERRED
    assert "does not know the workflow toy.forgotten" in operation.error_message


def test_nothing_is_written_when_the_transaction_of_the_start_is_undone(begin: Begin, messages: list[str]) -> None:
    with transaction.atomic():
        begin("a")
        transaction.set_rollback(True)

    assert not Operation.objects.exists()
    assert messages == []
