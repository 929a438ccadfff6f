"""Calls that take effect when nobody waits for them any more, and two agents at one order: nothing is doubled."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .tenant import found
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


@pytest.fixture
def agents() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def wait_for_two(inspect: OpenNebulaTwinClient, *agents: Future[Any]) -> None:
    """Until both their calls, or the call and its repetition, are held."""
    while len(inspect.held()) < 2:
        for agent in agents:
            assert not agent.done(), agent.exception()


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
    impatient.vdcs.delete(found(impatient))
    assert inspect.leftovers(baseline) == {}


@pytest.mark.slow
@pytest.mark.parametrize("operation", MADE_BY)
def test_a_call_that_takes_effect_just_before_its_repetition_is_found(
    impatient: Cloud, inspect: OpenNebulaTwinClient, agents: ThreadPoolExecutor, operation: str
) -> None:
    """The agent has looked once more, and seen nothing yet."""
    baseline = inspect.objects()
    inspect.add_fault("hold_before", operation=operation, times=2)
    agent = agents.submit(impatient.vdcs.create, order())
    first = inspect.wait_held()
    wait_for_two(inspect, agent)
    inspect.release(first["id"])
    inspect.release()
    agent.result()

    assert count(inspect, baseline) == WHOLE
    assert works(impatient)


@pytest.mark.slow
@pytest.mark.parametrize("operation", MADE_BY)
def test_two_agents_that_serve_one_order_make_one_vdc(
    twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, agents: ThreadPoolExecutor, operation: str
) -> None:
    """Both have looked, and seen nothing yet."""
    baseline = inspect.objects()
    inspect.add_fault("hold_before", operation=operation, times=2)
    both = [agents.submit(connect(twin).vdcs.create, order()) for _ in range(2)]
    wait_for_two(inspect, *both)
    inspect.release()
    for agent in both:
        agent.result()

    assert count(inspect, baseline) == WHOLE
    assert works(connect(twin))


@pytest.mark.slow
@pytest.mark.parametrize("operation", ENDED_BY)
def test_two_agents_that_end_one_vdc_leave_nothing(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, agents: ThreadPoolExecutor, operation: str
) -> None:
    baseline = inspect.objects()
    cloud.vdcs.create(order())
    inspect.add_fault("hold_before", operation=operation, times=2)

    both = [agents.submit(lambda agent: agent.vdcs.delete(found(agent)), connect(twin)) for _ in range(2)]
    wait_for_two(inspect, *both)
    inspect.release()
    for agent in both:
        agent.result()

    assert inspect.leftovers(baseline) == {}


@pytest.mark.slow
def test_an_agent_that_fails_leaves_what_another_one_has_completed(
    twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, agents: ThreadPoolExecutor
) -> None:
    inspect.add_fault("hold_before", operation="secgroup.allocate")
    first = agents.submit(connect(twin).vdcs.create, order())
    inspect.wait_held()
    connect(twin).vdcs.create(order())
    inspect.add_fault("error", operation="userpool.info", code=8192, message="no")
    inspect.release()

    assert "no" in str(first.exception())
    inspect.clear_faults()
    assert works(connect(twin))


@pytest.mark.slow
def test_an_agent_that_comes_last_finds_nothing_to_end(
    cloud: Cloud, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient, agents: ThreadPoolExecutor
) -> None:
    cloud.vdcs.create(order())
    inspect.add_fault("hold_before", operation="vdc.update")
    late = connect(twin)
    deletion = agents.submit(late.vdcs.delete, found(late))
    inspect.wait_held()
    cloud.vdcs.delete(found(cloud))
    inspect.release()

    deletion.result()
