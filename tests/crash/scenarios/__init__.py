"""One scenario per workflow: what has to be there before, and how the workflow is started on it.

Every registered workflow needs one, in the file of its service; the crash tests are made from them.
"""

from tests.crash.scenarios import (
    block_storage,
    compute,
    compute_network,
    identity,
    network,
    pulling,
    replication,
    sharing,
)
from tests.crash.scenarios.stage import Scenario, Stage
from waldur_core.operations.workflow import Workflow

__all__ = ["SCENARIOS", "Scenario", "Stage", "scenario_of"]

SCENARIOS: dict[str, Scenario] = {
    **identity.SCENARIOS,
    **compute.SCENARIOS,
    **compute_network.SCENARIOS,
    **block_storage.SCENARIOS,
    **network.SCENARIOS,
    **sharing.SCENARIOS,
    **pulling.SCENARIOS,
    **replication.SCENARIOS,
}


def scenario_of(name: str) -> Scenario:
    if name not in SCENARIOS:
        model = Workflow.registry[name].model.__name__
        raise AssertionError(f"No crash scenario for {name}: add one that brings a {model} to it in {__name__}.")
    return SCENARIOS[name]
