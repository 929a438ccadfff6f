"""Calls that take effect when nobody waits for them any more, and two agents at one order: nothing is doubled."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .test_resuming import WHOLE, count

MADE_BY = [
    *("vdc.allocate", "group.allocate", "vn.allocate", "vrouter.allocate", "vrouter.instantiate"),
    *("secgroup.allocate", "user.allocate"),
]
ENDED_BY = [
    *("vdc.update", "user.delete", "vrouter.delete", "vn.delete", "secgroup.delete", "group.delete", "vdc.delete"),
]


@pytest.fixture
def impatient(twin: OpenNebulaTwin) -> Cloud:
    return connect(twin, request_timeout=0.5)


def works(cloud: Cloud) -> bool:
    """Whether the credentials shown are those that let in."""
    metadata = VdcOffering(cloud, {}).metadata("blue")
    return bool(metadata["external_ip"]) and bool(metadata["opennebula_password"])


def begin(action: Any) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


@pytest.mark.slow
@pytest.mark.parametrize("operation", MADE_BY)
def test_a_call_that_takes_effect_behind_its_repetition_doubles_nothing(
    impatient: Cloud, inspect: OpenNebulaTwinClient, operation: str
) -> None:
    baseline = inspect.objects()
    inspect.add_fault("hold_before", operation=operation)
    impatient.vdcs.create(order())
    assert inspect.release() == 1

    impatient.pools.forget()
    VdcOffering(impatient, {}).tidy("blue")
    assert count(inspect, baseline) == WHOLE
    assert works(impatient)
    vdc = impatient.vdcs.find("blue")
    assert vdc is not None
    impatient.vdcs.delete(vdc)
    assert inspect.leftovers(baseline) == {}


@pytest.mark.slow
@pytest.mark.parametrize("operation", MADE_BY)
def test_a_call_that_takes_effect_just_before_its_repetition_is_found(
    impatient: Cloud, inspect: OpenNebulaTwinClient, operation: str
) -> None:
    """The agent has looked once more, and seen nothing yet."""
    baseline = inspect.objects()
    inspect.add_fault("hold_before", operation=operation, times=2)
    thread, errors = begin(lambda: impatient.vdcs.create(order()))
    first = inspect.wait_held()
    while len(inspect.held()) < 2:
        assert thread.is_alive()
    inspect.release(first["id"])
    inspect.release()
    thread.join()

    assert errors == []
    assert count(inspect, baseline) == WHOLE
    assert works(impatient)


@pytest.mark.slow
@pytest.mark.parametrize("operation", MADE_BY)
def test_two_agents_that_serve_one_order_make_one_vdc(
    twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, operation: str
) -> None:
    """Both have looked, and seen nothing yet."""
    baseline = inspect.objects()
    inspect.add_fault("hold_before", operation=operation, times=2)
    agents = [begin(lambda: connect(twin).vdcs.create(order())) for _ in range(2)]
    while len(inspect.held()) < 2:
        assert all(thread.is_alive() for thread, _ in agents), agents
    inspect.release()
    for thread, _ in agents:
        thread.join()

    assert [error for _, errors in agents for error in errors] == []
    assert count(inspect, baseline) == WHOLE
    assert works(connect(twin))


@pytest.mark.slow
@pytest.mark.parametrize("operation", ENDED_BY)
def test_two_agents_that_end_one_vdc_leave_nothing(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, operation: str
) -> None:
    baseline = inspect.objects()
    cloud.vdcs.create(order())
    inspect.add_fault("hold_before", operation=operation, times=2)

    def end(agent: Cloud) -> None:
        vdc = agent.vdcs.find("blue")
        assert vdc is not None
        agent.vdcs.delete(vdc)

    agents = [begin(lambda: end(connect(twin))) for _ in range(2)]
    while len(inspect.held()) < 2:
        assert all(thread.is_alive() for thread, _ in agents), agents
    inspect.release()
    for thread, _ in agents:
        thread.join()

    assert [error for _, errors in agents for error in errors] == []
    assert inspect.leftovers(baseline) == {}


@pytest.mark.slow
def test_an_agent_that_fails_leaves_what_another_one_has_completed(
    twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    inspect.add_fault("hold_before", operation="secgroup.allocate")
    thread, errors = begin(lambda: connect(twin).vdcs.create(order()))
    inspect.wait_held()
    connect(twin).vdcs.create(order())
    inspect.add_fault("error", operation="userpool.info", code=8192, message="no")
    inspect.release()
    thread.join()

    assert "no" in str(errors[0])
    inspect.clear_faults()
    assert works(connect(twin))


@pytest.mark.slow
def test_an_agent_that_comes_last_finds_nothing_to_end(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    cloud.vdcs.create(order())
    inspect.add_fault("hold_before", operation="vdc.update")
    late = connect(twin)
    vdc = late.vdcs.find("blue")
    assert vdc is not None
    thread, errors = begin(lambda: late.vdcs.delete(vdc))
    inspect.wait_held()
    cloud.vdcs.delete(vdc)
    inspect.release()
    thread.join()

    assert errors == []
