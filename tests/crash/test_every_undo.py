"""Made from the workflow tables: an effect fails for good, workers die at every undo, and nothing stays behind."""

import pytest

from tests.crash.crashing import SAMPLED, DoomedRunner, Play, clean_run, drain_through_deaths
from tests.crash.scenarios import Stage
from tests.drive import drain
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.start import retry
from waldur_core.operations.workflow import Workflow
from waldur_core.structure.states import CoreState

UNDOABLE = [(name, workflow) for name, workflow in sorted(Workflow.registry.items()) if workflow.undo_on_failure]
EFFECTS = [
    pytest.param(
        name, step.name, id=f"{name}: {step.name}", marks=[] if last and name in SAMPLED else [pytest.mark.slow]
    )
    for name, workflow in UNDOABLE
    for steps in [[step for step in workflow.steps if step.do]]
    for step, last in zip(steps, [False] * (len(steps) - 1) + [True], strict=True)
]


@pytest.mark.parametrize(("name", "step"), EFFECTS)
def test_a_failed_effect_is_undone_whoever_dies_meanwhile(name: str, step: str, stage: Stage, twin: TwinClient) -> None:
    expected, _ = clean_run(name, stage, twin)
    play = Play(name, stage, twin)
    runner = DoomedRunner(step, at=lambda _, undoing: undoing)

    drain_through_deaths(runner)

    operation, subject = play.operation, play.row()
    assert (operation.state, operation.error_message) == (Operation.State.ERRED, DoomedRunner.MESSAGE)
    assert (subject.state, subject.error_message) == (CoreState.ERRED, DoomedRunner.MESSAGE)
    assert play.left_in_cloud() == {}
    assert {entry["state"] for entry in operation.plan} <= {"failed", "undone", "kept", "pending"}

    retry(operation, user=stage.cast.owner)
    drain()
    assert play.outcome() == expected
