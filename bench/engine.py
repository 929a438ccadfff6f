"""What the engine itself costs: an operation of fifty steps that do nothing."""

import time

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_openstack.models import Tenant

STEPS = 50


class Idle(UpdateWorkflow):
    """Fifty effects that are none."""

    name = "bench.idle"
    title = "Idling of tenant"
    model = Tenant
    steps = tuple(Step(name=f"Idle {number}", do=lambda _: None, keeps="nothing happens") for number in range(STEPS))


def milliseconds_per_step(tenant_uuid: str, rounds: int = 5) -> float:
    """The best of some rounds: time between the first and the last write, by the number of steps."""
    best = float("inf")
    for _ in range(rounds):
        operation = start(Idle, Tenant.objects.get(uuid=tenant_uuid), user=None)
        while Operation.objects.get(pk=operation.pk).is_live:
            time.sleep(0.02)
        operation.refresh_from_db()
        assert operation.started and operation.finished
        best = min(best, (operation.finished - operation.started).total_seconds())
    return 1000 * best / STEPS
