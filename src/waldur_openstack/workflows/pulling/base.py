"""What all pulls share. They only read: a step's `do` asks the cloud, its `record` writes what differs here."""

from typing import Any, ClassVar

from waldur_core.operations.errors import NotFound, OperationError
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.drift.recording import note_gone
from waldur_openstack.sync.arrivals import take_in
from waldur_openstack.sync.departures import dropped
from waldur_openstack.sync.kinds import Kind, Look
from waldur_openstack.sync.reconcile import Outcome, look, reconcile
from waldur_openstack.sync.scope import Scope
from waldur_openstack.workflows.context import CloudContext, save

READS = "only reads"


class PullWorkflow(UpdateWorkflow):
    """A successful pull makes an ERRED row OK again."""

    context = CloudContext
    event = "resource_pull"
    action = "Pull"


class PullObject(PullWorkflow):
    """One object. What stands on its own is ERRED when the cloud has lost it; a row of a sub-resource goes."""

    kind: ClassVar[Kind]

    def succeed(self, context: Any) -> None:
        subject = context.subject
        trouble = context.data.get("trouble")
        if context.data.get("gone"):
            if dropped(self.kind, subject, subject):
                return
            trouble = f"{self.kind.gone_message(subject)} Its row goes when what is at work inside has ended."
        if trouble:
            subject.refresh_from_db(fields=["state"])
            subject.enter(CoreState.ERRED, error_message=trouble)
        else:
            super().succeed(context)

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        if context.data.get("gone") and self.kind.gone_columns:
            save(context.subject, **self.kind.gone_columns)
            note_gone(self.kind.word, [context.subject])
        super().fail(context, error, trace)


def read_object(kind: Kind) -> Step:
    """The step that reads the subject itself."""

    def do(context: CloudContext) -> JSON | None:
        found = kind.show(context.cloud, context.subject.backend_id)
        context.data["gone"] = found is None
        if found is None and not kind.sub_resource:
            raise NotFound(kind.gone_message(context.subject))
        return found

    def record(context: CloudContext, found: JSON | None) -> None:
        if found is None:
            return
        context.data["trouble"] = kind.trouble(found)
        seen = Look([context.subject], [found], complete=False)
        reconcile(kind, context.tenant, seen, subject=context.subject)

    return Step(name=f"Read {kind.title}", do=do, record=record, keeps=READS)


def read_all(kind: Kind) -> Step:
    """The step that reads all objects of a kind that the tenant has."""
    return Step(
        name=f"Read {kind.plural}",
        do=lambda c: look(kind, c.tenant, c.cloud),
        record=lambda c, seen: add_rows(c, reconcile(kind, c.tenant, seen, subject=c.subject)),
        keeps=READS,
    )


def add_rows(context: CloudContext, outcome: Outcome) -> None:
    """Keep how many rows were seen, changed, missing and new."""
    rows = context.data.setdefault("rows", {})
    for name in ("seen", "changed", "missing", "new"):
        rows[name] = rows.get(name, 0) + getattr(outcome, name)


def read_new(kind: Kind) -> Step:
    """The step that takes in what the cloud has made by itself, such as the security group `default`."""
    return Step(
        name=f"Read {kind.plural}",
        do=lambda c: look(kind, c.tenant, c.cloud),
        record=lambda c, seen: take_new(kind, c, seen),
        keeps=READS,
    )


def take_new(kind: Kind, context: CloudContext, seen: Look) -> None:
    """New objects, and what the cloud has added to ours: the rules by which everything may go out."""
    scope, found = Scope.of(context.tenant), {item["id"]: item for item in seen.found}
    made = take_in(kind, scope, seen)
    known = [(row, found[row.backend_id]) for row in seen.rows if row.backend_id in found]
    for part in kind.parts:
        part.write(scope, part.differences(scope, known + made).values())
