"""Every function of the client does what it says, and reads every answer."""

from collections.abc import Callable

import pytest

from tests.e2e.client.functions import FUNCTIONS, Function
from tests.e2e.client.scenarios import SECTIONS
from tests.e2e.client.stage import Stage


def scenario_of(function: Function, stage: Stage) -> Callable[[], None]:
    scenarios = SECTIONS[function.section](stage)
    scenario: Callable[[], None] = getattr(scenarios, function.action)
    return scenario


def test_every_function_has_a_scenario() -> None:
    missing = [
        f"{function}: add the method {function.action!r} to the class of {function.section!r} in "
        f"tests/e2e/client/scenarios/"
        for function in FUNCTIONS
        if not hasattr(SECTIONS.get(function.section), function.action)
    ]
    assert not missing, "\n".join(missing)


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_of_the_client(stage: Stage, function: Function) -> None:
    stage.called.clear()
    scenario_of(function, stage)()
    assert function.name in stage.called, f"The scenario does not call {function}."
