"""Workers that die, and what must be true once others have taken over."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import transaction
from django.utils import timezone

from tests.crash.scenarios import Stage, scenario_of
from tests.drive import drain
from tests.openstack.orders import operation_of
from tests.openstack.worlds import remembered
from twins.openstack import TwinClient
from waldur_core.operations.errors import Invalid
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_core.operations.workflow import Step
from waldur_mastermind.marketplace_openstack.audit import full_audit

# what the fast suite tries; the slow one tries all
SAMPLED = ("openstack.tenant.create",)

Outcome = tuple[str, str, dict[str, int], dict[str, int], dict[str, int]]


class Killed(BaseException):
    """As SIGKILL: nobody catches it, nothing is cleaned up, the lease stays."""


class DyingRunner(Runner):
    """One worker dies before, the next after, each effect that `at(step name, undoing)` chooses."""

    def __init__(self, at: Callable[[str, bool], bool]) -> None:
        self.at = at
        self.deaths: set[tuple[str, int, bool]] = set()

    def before_effect(self, operation: Operation, step: Step) -> None:
        self._die("before", operation, step)

    def after_effect(self, operation: Operation, step: Step) -> None:
        self._die("after", operation, step)

    def _die(self, moment: str, operation: Operation, step: Step) -> None:
        undoing = operation.state == Operation.State.UNDOING
        place = (moment, operation.cursor, undoing)
        if self.at(step.name, undoing) and place not in self.deaths:
            self.deaths.add(place)
            raise Killed


class DoomedRunner(DyingRunner):
    """The same; in addition the effects of the step `doomed` are made, but the cloud says that they are not."""

    MESSAGE = "The cloud does not want to."

    def __init__(self, doomed: str, at: Callable[[str, bool], bool]) -> None:
        super().__init__(at)
        self.doomed = doomed

    def after_effect(self, operation: Operation, step: Step) -> None:
        super().after_effect(operation, step)
        if step.name == self.doomed and operation.state == Operation.State.RUNNING:
            raise Invalid(self.MESSAGE)


def drain_through_deaths(runner: Runner, *, most: int = 100) -> None:
    """Go on until all operations have ended; a killed worker's leases run out."""
    for _ in range(most):
        try:
            return drain(runner)
        except Killed:
            Operation.objects.filter(state__in=Operation.LIVE).update(lease_until=timezone.now() - timedelta(seconds=1))
    raise AssertionError(f"The worker has died {most} times.")


class Play:
    """One run of a scenario."""

    def __init__(self, name: str, stage: Stage, twin: TwinClient) -> None:
        self.name, self.stage, self.twin = name, stage, twin
        self.baseline = twin.objects()
        scenario = scenario_of(name)
        given = remembered(("given", name), stage.twin, lambda: scenario.given(stage))
        self.before = twin.objects()
        self.calls_before = twin.call_count()
        self.subject: Any = scenario.when(stage, given)

    @property
    def operation(self) -> Operation:
        return operation_of(self.subject)

    def row(self) -> Any:
        return type(self.subject).objects.filter(pk=self.subject.pk).first()

    def outcome(self) -> Outcome:
        """How the operation ended, the state of the subject (empty: gone), what the cloud has, what our tables have,
        and where the audit finds that the two differ."""
        row = self.row()
        in_cloud = Counter({kind: len(found) for kind, found in self.twin.objects().items()})
        rows = {
            model.__name__: model._default_manager.count() for model in apps.get_app_config("openstack").get_models()
        }
        return self.operation.state, row.state if row else "", dict(+in_cloud), rows, self.findings()

    def findings(self) -> dict[str, int]:
        self.twin.clear_faults()  # what was to go wrong has gone wrong
        return dict(
            Counter(f"{finding.check} of {finding.kind}" for finding in full_audit(self.stage.service).findings)
        )

    def left_in_cloud(self) -> dict[str, Any]:
        """What exists that was not there before the workflow began."""
        return self.twin.leftovers(self.before)


@contextmanager
def forgotten(stage: Stage) -> Iterator[None]:
    """Afterwards neither our database nor the cloud remembers what was done."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    stage.empty_cloud()


_clean: dict[str, tuple[Outcome, list[bool]]] = {}


def clean_run(name: str, stage: Stage, twin: TwinClient) -> tuple[Outcome, list[bool]]:
    """The outcome of a run in which nothing goes wrong, and of each of its cloud calls whether it changes something."""
    if name not in _clean:
        with forgotten(stage):
            play = Play(name, stage, twin)
            drain()
            _clean[name] = play.outcome(), [call["mutating"] for call in twin.calls(play.calls_before)]
    return _clean[name]
