"""The declaration of a change to a cloud: a table of steps.

A step's functions take the context alone. `do` has one effect and may run twice; `marker` looks for what an earlier,
lost `do` already made and returns it, or None; `record` writes the result of either to our rows, in one transaction
with the progress; `undo` takes the effect back (or `keeps` says why not); `until` is the condition to wait for. `each`
unfolds a step into one per item.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from waldur_core.operations.errors import Invalid, OperationError
from waldur_core.structure.states import CoreState, StatefulModel

if TYPE_CHECKING:
    from waldur_core.operations.models import Operation


@dataclass(frozen=True)
class Backoff:
    """Seconds between tries: `first`, then times `factor`, at most `most`."""

    first: float = 0.2
    factor: float = 1.25
    most: float = 3.0

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the given number of earlier tries."""
        return float(min(self.most, self.first * self.factor ** min(attempt, 50)))


class Context:
    """What a step's functions see: the operation, its subject, the current item; `data` is kept between steps."""

    def __init__(self, operation: "Operation", subject: Any) -> None:
        self.operation = operation
        self.subject = subject
        self.item: str = ""
        self.first_try = False  # nobody can have made the current step's effect before
        self.data: dict[str, Any] = operation.data

    @property
    def parameters(self) -> dict[str, Any]:
        return self.operation.parameters


Function = Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One row of the table; see the module's docstring."""

    name: str
    do: Function | None = None
    marker: Function | None = None
    record: Callable[[Any, Any], None] | None = None
    undo: Function | None = None
    keeps: str = ""
    until: Callable[[Any], bool] | None = None
    poll: Backoff = Backoff()
    retry: Backoff = Backoff(first=0.5, factor=2, most=60)
    deadline: timedelta = timedelta(minutes=10)
    when: Callable[[Any], bool] | None = None
    each: Callable[[Any], Iterable[tuple[str, str]]] | None = None
    needs: str = ""

    def __post_init__(self) -> None:
        if self.do and not (self.undo or self.keeps):
            raise TypeError(f"Step {self.name!r} has an effect: declare how to undo it, or why it is kept.")


@dataclass(frozen=True)
class PlannedStep:
    """A step as it stands in the plan of one operation."""

    step: Step
    item: str
    title: str


class Workflow:
    """A named table of steps and the states its subject goes through. Subclasses register themselves."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    model: ClassVar[type[StatefulModel]]
    context: ClassVar[type[Context]] = Context
    steps: ClassVar[tuple[Step, ...]] = ()
    scheduled: ClassVar[CoreState]
    running: ClassVar[CoreState]
    event: ClassVar[str] = ""  # prefix of <event>_scheduled, _succeeded, _failed
    done_event: ClassVar[str] = ""  # one more event, once it has succeeded
    undo_on_failure: ClassVar[bool] = False
    deletes_subject: ClassVar[bool] = False
    deadline: ClassVar[timedelta] = timedelta(hours=1)
    started_by_itself: ClassVar[bool] = False  # by time or by events; no endpoint starts it

    registry: ClassVar[dict[str, type["Workflow"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name:
            Workflow.registry[cls.name] = cls

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        return {step.name: step for step in self.steps}

    def plan(self, context: Any) -> list[PlannedStep]:
        """The steps this operation will go through, in order: the dry run."""
        planned = []
        for step in self.steps:
            if step.when and not step.when(context):
                continue
            items = step.each(context) if step.each else (("", ""),)
            planned += [PlannedStep(step, item, f"{step.name} {label}".strip()) for item, label in items]
        return planned

    def resume(self, operation: "Operation", subject: Any) -> None:
        """A failed operation is about to be tried again, in the request's transaction: take what it needs, or raise."""

    def succeed(self, context: Any) -> None:
        """The last word, in the transaction that ends the operation."""
        if self.deletes_subject:
            context.subject.delete()
            return
        context.subject.refresh_from_db(fields=["state"])
        context.subject.enter(CoreState.OK)

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        """The subject is ERRED and says why."""
        context.subject.refresh_from_db(fields=["state"])
        context.subject.enter(CoreState.ERRED, error_message=error.message, error_traceback=trace)


class ForgottenWorkflow(Workflow):
    """Stands for one that this version of the platform has no more: its operations can be read, not run."""

    title = "Former workflow"
    scheduled = running = None  # type: ignore[assignment]  # the subject stays in the state it has

    def plan(self, context: Any) -> list[PlannedStep]:
        raise Invalid(f"This version of the platform does not know the workflow {context.operation.workflow}.")


def workflow_named(name: str) -> Workflow:
    return Workflow.registry.get(name, ForgottenWorkflow)()


class CreateWorkflow(Workflow):
    """Makes the subject. When it fails, everything it made is undone."""

    scheduled = CoreState.CREATION_SCHEDULED
    running = CoreState.CREATING
    event = "resource_creation"
    undo_on_failure = True


class UpdateWorkflow(Workflow):
    """Changes the subject. `action` is the word users see meanwhile."""

    scheduled = CoreState.UPDATE_SCHEDULED
    running = CoreState.UPDATING
    action: ClassVar[str] = ""


class DeleteWorkflow(Workflow):
    """Removes the subject from the cloud, then the row."""

    scheduled = CoreState.DELETION_SCHEDULED
    running = CoreState.DELETING
    event = "resource_deletion"
    deletes_subject = True
