"""Made from the workflow tables: a worker dies before each effect, its successor after it, and a third goes on."""

import pytest

from tests.crash.crashing import SAMPLED, DyingRunner, Play, clean_run, drain_through_deaths
from tests.crash.scenarios import SCENARIOS, Stage, scenario_of
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import Step, Workflow


def for_slow(name: str, step: Step) -> bool:
    """The fast suite kills workers in the workflows that have the most steps; reading again harms nobody."""
    return name not in SAMPLED or step.keeps == "only reads"


EFFECTS = [
    pytest.param(name, step.name, id=f"{name}: {step.name}", marks=[pytest.mark.slow] if for_slow(name, step) else [])
    for name, workflow in sorted(Workflow.registry.items())
    for step in workflow.steps
    if step.do
]


@pytest.mark.parametrize("name", sorted(Workflow.registry))
def test_every_workflow_has_a_crash_scenario(name: str) -> None:
    assert scenario_of(name)


def test_every_scenario_is_of_a_workflow() -> None:
    assert SCENARIOS.keys() <= Workflow.registry.keys()


@pytest.mark.parametrize(("name", "step"), EFFECTS)
def test_workers_killed_before_and_after_an_effect_leave_no_trace(
    name: str, step: str, stage: Stage, twin: TwinClient
) -> None:
    expected, _ = clean_run(name, stage, twin)
    play = Play(name, stage, twin)
    runner = DyingRunner(lambda at, undoing: at == step and not undoing)

    drain_through_deaths(runner)

    assert runner.deaths, f"The scenario of {name} never comes to {step!r}: extend it."
    assert play.outcome() == expected
    assert not Operation.objects.filter(state__in=Operation.LIVE).exists()
