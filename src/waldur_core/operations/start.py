"""Starting, retrying and cancelling operations: rows only, no cloud call."""

from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.utils import timezone

from waldur_core.events.log import record
from waldur_core.operations.messages import wake
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import ForgottenWorkflow, UpdateWorkflow, Workflow, workflow_named
from waldur_core.rest import started
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState


@transaction.atomic
def start(workflow: type[Workflow], subject: Any, *, user: Any, parameters: dict[str, Any] | None = None) -> Operation:
    """Schedule `workflow` on `subject`; a worker takes it up once the transaction has committed.

    Raises Conflict (409) when the subject's state forbids it or another operation is at work on it.
    """
    started.remember(workflow.name)
    if subject.state != workflow.scheduled:
        subject.enter(workflow.scheduled, **_action_fields(workflow, parameters))
    try:
        with transaction.atomic():
            operation = Operation.objects.create(
                workflow=workflow.name,
                content_type=ContentType.objects.get_for_model(subject),
                object_id=subject.pk,
                subject_uuid=subject.uuid,
                subject_name=str(subject)[:500],
                project=getattr(subject, "project", None),
                customer=getattr(subject, "customer", None),
                user=user if getattr(user, "pk", None) else None,
                parameters=parameters or {},
                deadline=timezone.now() + workflow.deadline,
            )
    except IntegrityError as error:
        raise Conflict(f"Another operation is at work on {subject}. Wait until it has ended, or cancel it.") from error
    if workflow.event:
        record(
            f"{workflow.event}_scheduled",
            f"{workflow.title} of {subject} has been scheduled.",
            scope=subject,
            actor=operation.user,
        )
    wake(operation)
    return operation


@transaction.atomic
def retry(operation: Operation, *, user: Any) -> Operation:
    """Continue a failed operation at the step where it stopped."""
    operation = Operation.objects.select_for_update().get(pk=operation.pk)
    if operation.state not in (Operation.State.ERRED, Operation.State.CANCELLED):
        raise Conflict(f"The operation is {operation.state}; only a failed or cancelled one can be retried.")
    workflow = workflow_named(operation.workflow)
    if isinstance(workflow, ForgottenWorkflow):
        raise Conflict(f"This version of the platform does not know the workflow {operation.workflow}.")
    subject = operation.subject
    if subject is None:
        raise Conflict("The object of this operation does not exist any more.")
    if subject.state != CoreState.ERRED:
        raise Conflict(f"{subject} is {subject.state}: there is nothing to retry.")
    if Operation.objects.filter(subject_uuid=operation.subject_uuid, pk__gt=operation.pk).exists():
        raise Conflict(f"A later operation has changed {subject}; only the last one can be retried.")
    workflow.resume(operation, subject)
    subject.enter(workflow.scheduled, **_action_fields(type(workflow), operation.parameters))
    operation.state = Operation.State.SCHEDULED
    operation.phase = Operation.Phase.BEGUN
    operation.plan = operation.plan[: operation.cursor] + [
        {**entry, "state": "pending", "attempts": 0} for entry in operation.plan[operation.cursor :]
    ]
    operation.attempts = operation.polls = 0
    operation.cancel_requested = False
    operation.error_code = operation.error_message = operation.error_traceback = ""
    operation.finished = operation.lease_token = operation.lease_until = operation.step_started = None
    operation.next_run_at = timezone.now()
    operation.deadline = timezone.now() + workflow.deadline
    operation.user = user
    try:
        with transaction.atomic():
            operation.save()
    except IntegrityError as error:
        raise Conflict(f"Another operation is at work on {subject}.") from error
    record("operation_retried", f"{workflow.title} of {subject} is tried again.", scope=subject, actor=user)
    wake(operation)
    return operation


@transaction.atomic
def cancel(operation: Operation, *, user: Any) -> None:
    """Ask a running operation to stop and undo what it did; possible where its workflow can be undone."""
    workflow = workflow_named(operation.workflow)
    if not workflow.undo_on_failure:
        raise Conflict(f"{workflow.title} cannot be cancelled once it has begun.")
    running = Operation.objects.filter(pk=operation.pk, state__in=(Operation.State.SCHEDULED, Operation.State.RUNNING))
    if not running.update(cancel_requested=True, next_run_at=timezone.now()):
        raise Conflict(f"The operation is {operation.state}; there is nothing to cancel.")
    record(
        "operation_cancel_requested",
        f"{workflow.title} of {operation.subject_name} is being cancelled.",
        scope=operation.subject,
        actor=user,
    )
    wake(operation)


def begin_running(operation: Operation, workflow: Workflow, subject: Any) -> dict[str, Any]:
    """The subject enters its running state; returns the operation's new values."""
    if subject.state == workflow.scheduled:
        subject.enter(workflow.running)
    return {
        "state": Operation.State.RUNNING,
        "started": operation.started or timezone.now(),
        "step_started": timezone.now(),
    }


def _action_fields(workflow: type[Workflow], parameters: dict[str, Any] | None) -> dict[str, Any]:
    if issubclass(workflow, UpdateWorkflow) and hasattr(workflow.model, "action"):
        return {"action": workflow.action, "action_details": parameters or {}}
    return {}


def overdue(operation: Operation, limit: timedelta) -> bool:
    """Whether the current step has taken longer than `limit`."""
    return operation.step_started is not None and timezone.now() - operation.step_started > limit
