"""Updates that change what their subject counts in the tenant's quotas.

Growth is taken when it is asked for, given back when it fails, and taken again when it is retried; what shrinks is
given back once the cloud has done it. Both are told from the row as it is, so that nothing is counted twice.
"""

from typing import Any

from django.db import transaction

from waldur_core.operations.errors import OperationError
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.operations.workflow import UpdateWorkflow
from waldur_core.quotas import counters
from waldur_openstack.workflows.context import save

Deltas = dict[str, int]


class GrowingWorkflow(UpdateWorkflow):
    """Subclasses say what the subject will be: `goal` gives columns, `counts` what a row counts."""

    @staticmethod
    def goal(parameters: dict[str, Any]) -> dict[str, Any]:
        """The columns of the row once the cloud has done it."""
        raise NotImplementedError

    @staticmethod
    def counts(subject: Any) -> Deltas:
        raise NotImplementedError

    @classmethod
    def difference(cls, subject: Any, parameters: dict[str, Any]) -> Deltas:
        """What the subject will count more (or less) than its row does now."""
        now = cls.counts(subject)
        future = type(subject)(tenant=subject.tenant)
        for field in subject._meta.concrete_fields:
            setattr(future, field.attname, getattr(subject, field.attname))
        for name, value in cls.goal(parameters).items():
            setattr(future, name, value)
        then = cls.counts(future)
        return {name: then.get(name, 0) - now.get(name, 0) for name in sorted(now.keys() | then.keys())}

    @classmethod
    def growth(cls, subject: Any, parameters: dict[str, Any]) -> Deltas:
        return {name: delta for name, delta in cls.difference(subject, parameters).items() if delta > 0}

    @classmethod
    @transaction.atomic
    def ask(cls, subject: Any, *, user: Any, parameters: dict[str, Any]) -> Operation:
        """Take the quotas and schedule; 400 when one is too small."""
        counters.change(subject.tenant, cls.growth(subject, parameters))
        return start(cls, subject, user=user, parameters=parameters)

    @classmethod
    @transaction.atomic
    def settle(cls, context: Any) -> None:
        """The cloud has done it: so has the row, and what it does not count any more is free."""
        difference = cls.difference(context.subject, context.parameters)
        counters.change(context.tenant, {name: delta for name, delta in difference.items() if delta < 0})
        save(context.subject, **cls.goal(context.parameters))

    def resume(self, operation: Operation, subject: Any) -> None:
        counters.change(subject.tenant, self.growth(subject, operation.parameters))

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        counters.release(context.tenant, self.growth(context.subject, context.parameters))
        super().fail(context, error, trace)
