"""A toy cloud and toy workflows on it, with a real tenant as their subject."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from tests.drive import drain
from waldur_core.operations.errors import OperationError
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_core.operations.workflow import CreateWorkflow, Step, Workflow
from waldur_openstack.models import Tenant


class ToyCloud:
    """Knows which things exist, and keeps a log of what it was asked: `make a`, `find a`, `remove a`, `look at a`.

    `faults` maps such a call to the errors it answers with, one after the other; the effect of a call in `lost` happens
    although it is answered with an error.
    """

    def __init__(self) -> None:
        self.things: list[str] = []
        self.ready: set[str] = set()
        self.log: list[str] = []
        self.faults: dict[str, list[Exception]] = {}
        self.lost: set[str] = set()

    def fails(self, call: str, *errors: Exception) -> None:
        self.faults[call] = list(errors)

    def make(self, name: str) -> str:
        self._call(f"make {name}", lambda: self.things.append(name))
        return name

    def find(self, name: str) -> str | None:
        self._call(f"find {name}")
        return name if name in self.things else None

    def remove(self, name: str) -> None:
        self._call(f"remove {name}", lambda: name in self.things and self.things.remove(name))

    def is_ready(self, name: str) -> bool:
        self._call(f"look at {name}")
        return name in self.ready

    def _call(self, call: str, effect: Callable[[], Any] = lambda: None) -> None:
        self.log.append(call)
        errors = self.faults.get(call, [])
        if not errors or call in self.lost:
            effect()
        if errors:
            raise errors.pop(0)


class Workshop:
    """Declares workflows on a toy cloud, for the time of one test."""

    def __init__(self) -> None:
        self.cloud = ToyCloud()

    def step(self, name: str, *, waits: bool = False, **options: Any) -> Step:
        """Makes the thing `name`; `waits` until it is ready."""
        cloud = self.cloud
        defaults: dict[str, Any] = {
            "do": lambda _: cloud.make(name),
            "marker": lambda _: cloud.find(name),
            "undo": lambda _: cloud.remove(name),
        }
        if waits:
            defaults["until"] = lambda _: cloud.is_ready(name)
        return Step(name=name, **{**defaults, **options})

    def workflow(
        self, *steps: Step | str, base: type[Workflow] = CreateWorkflow, name: str = "toy.make", **options: Any
    ) -> type[Workflow]:
        """A workflow of steps, or of steps that make the things of the given names."""
        table = tuple(self.step(step) if isinstance(step, str) else step for step in steps)
        body = {"name": name, "title": "Making of toys", "model": Tenant, "steps": table, **options}
        return type("ToyWorkflow", (base,), body)


class Refused(OperationError):
    """For good."""


def advance(operation: Operation) -> Operation:
    """One stay in a worker's hands, if it is due and free; the operation as it stands afterwards."""
    Runner().advance(operation.uuid.hex)
    operation.refresh_from_db()
    return operation


def finish(operation: Operation) -> Operation:
    """To the end, without waiting for real time to pass."""
    drain()
    operation.refresh_from_db()
    return operation


def due_now(operation: Operation) -> None:
    """Its next try is now, and nobody holds it."""
    Operation.objects.filter(pk=operation.pk).update(next_run_at=timezone.now(), lease_until=None)


def states(operation: Operation) -> dict[str, str]:
    """The state of each step."""
    return {entry["title"]: entry["state"] for entry in operation.plan}
