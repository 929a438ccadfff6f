"""At most so many operations of a workflow at a time; the others wait in the order in which they came.

Who runs is told from the operations themselves, under a lock of what they share. An operation ends by its deadline at
the latest, whatever becomes of its worker, so no place is taken for ever; when one ends, the next is woken.
"""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.utils import timezone

from waldur_core.operations.messages import wake
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import Backoff, Workflow

State = Operation.State
# should the message that wakes the next be lost
LOOK_AGAIN = Backoff(first=2, factor=1.5, most=60)


def is_admitted(operation: Operation, workflow: Workflow, subject: Any) -> bool:
    """Whether the operation may begin now. Called in a transaction: others that want to begin wait for its end."""
    if workflow.throttle is None:
        return True
    shared = getattr(subject, workflow.throttle.per)
    shared = type(shared)._default_manager.select_for_update(of=("self",), no_key=True).get(pk=shared.pk)
    others = _alike(operation, workflow, subject)
    running = others.filter(state__in=(State.RUNNING, State.UNDOING)).count()
    earlier = others.filter(state=State.SCHEDULED, pk__lt=operation.pk).count()
    return running + earlier < workflow.throttle.limit(shared)


def wake_next(operation: Operation, workflow: Workflow, subject: Any) -> None:
    """The operation ends: the one that has waited longest has a place."""
    if workflow.throttle is None or subject is None or subject.pk is None:
        return
    waiting = (
        _alike(operation, workflow, subject).filter(state=State.SCHEDULED, lease_token=None).order_by("pk").first()
    )
    if waiting is not None:
        Operation.objects.filter(pk=waiting.pk).update(next_run_at=timezone.now())
        wake(waiting)


def _alike(operation: Operation, workflow: Workflow, subject: Any) -> QuerySet[Operation]:
    """The other live operations that share the limit."""
    assert workflow.throttle
    model = type(subject)
    subjects = model._default_manager.filter(**{workflow.throttle.per: getattr(subject, workflow.throttle.per)})
    return Operation.objects.filter(
        workflow=operation.workflow,
        content_type=ContentType.objects.get_for_model(model),
        object_id__in=subjects.values("pk"),
        state__in=Operation.LIVE,
    ).exclude(pk=operation.pk)


def begins_late(operation: Operation, workflow: Workflow) -> dict[str, Any]:
    """What changes for an operation that has waited for its turn: its time begins now."""
    return {"deadline": timezone.now() + workflow.deadline, "polls": 0} if operation.polls else {}
