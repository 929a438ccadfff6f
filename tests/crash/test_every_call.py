"""Each cloud call of each workflow goes wrong once, in each way a network and a cloud can go wrong."""

from typing import Any

import pytest

from tests.crash.crashing import Play, clean_run, forgotten
from tests.crash.scenarios import Stage
from tests.drive import drain
from twins.openstack import TwinClient
from waldur_core.operations.workflow import Workflow
from waldur_openstack.cloud.session import connection_pool

FAULTS: dict[str, dict[str, Any]] = {
    "its reply is lost": {"action": "lose_reply"},
    "the connection breaks before": {"action": "drop"},
    "the service is unavailable": {"action": "status", "status": 503},
    "there are too many": {"action": "status", "status": 429, "retry_after": 1},
    "the object is busy": {"action": "status", "status": 409},
    "it is done but never answered": {"action": "hold_after"},
}
FOR_ALL = "the service is unavailable"


@pytest.fixture
def short_timeout(settings: Any) -> Any:
    """Calls to the cloud give up soon."""
    settings.WALDUR_OPENSTACK = {**settings.WALDUR_OPENSTACK, "API_TIMEOUT": 0.4}
    connection_pool.cache_clear()
    yield
    connection_pool.cache_clear()


@pytest.mark.slow
@pytest.mark.timeout(900)  # a migration is played some seventy times
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", sorted(Workflow.registry))
def test_any_call_that_goes_wrong_does_no_harm(
    name: str, fault: str, stage: Stage, twin: TwinClient, short_timeout: None
) -> None:
    """Reading calls all fail alike, so one fault is enough for them."""
    _, calls = clean_run(name, stage, twin)
    for number in (number for number, changes in enumerate(calls, 1) if changes or fault == FOR_ALL):
        _goes_wrong_and_converges(name, number, FAULTS[fault], stage, twin)


def _goes_wrong_and_converges(name: str, number: int, fault: dict[str, Any], stage: Stage, twin: TwinClient) -> None:
    expected, _ = clean_run(name, stage, twin)
    with forgotten(stage):
        play = Play(name, stage, twin)
        twin.add_fault(**fault, nth=number)
        drain()
        twin.release()
        assert play.outcome() == expected, f"Call {number}: {_call(twin, play, number)}. {play.operation.error_message}"


def _call(twin: TwinClient, play: Play, number: int) -> str:
    call = twin.calls(play.calls_before)[number - 1]
    return f"{call['service']} {call['method']} {call['path']}"
