"""Real workers on real brokers are killed with SIGKILL around their calls to the cloud; others finish their work."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.components import needs
from tests.crash.crashing import Play, clean_run
from tests.crash.scenarios import Stage
from tests.crash.workers import LEASE, Crew
from tests.openstack.orders import build_tenant, order_instance
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_openstack.models import Instance

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

THREADS = ("--pool", "threads", "--concurrency", "2")
CALLS = {
    "openstack.tenant.create": ("project.create", "network.create", "router.add_interface", "security_group.create"),
    "openstack.instance.create": ("volume.create", "port.create", "server.create", "floatingip.create"),
    "openstack.instance.delete": ("server.delete", "floatingip.delete"),
    "openstack.migration.run": ("project.create", "network.create", "subnet.create", "port.create"),
    "openstack.tenant.delete": ("router.remove_interface", "project.delete"),
}
SEVERAL = {  # all others are done once
    ("openstack.tenant.create", "security_group.create"): 4,
    ("openstack.instance.create", "volume.create"): 2,
    ("openstack.migration.run", "port.create"): 2,
}


@pytest.fixture(params=["RabbitMQ", "Redis"])
def broker(request: Any) -> str:
    return needs(request.param)


@pytest.fixture
def crew(broker: str, tmp_path: Path) -> Iterator[Crew]:
    with Crew(broker, tmp_path / "workers.log", *THREADS) as crew:
        yield crew


@pytest.mark.parametrize("name", CALLS)
def test_workers_killed_around_their_calls_do_everything_once(
    name: str, crew: Crew, stage: Stage, twin: TwinClient
) -> None:
    expected, _ = clean_run(name, stage, twin)
    play = Play(name, stage, twin)
    for call in CALLS[name]:
        for when in ("before", "after"):
            kill_at(call, when, crew, twin)
    crew.start()

    crew.until_done()

    assert play.outcome() == expected
    effects = Counter(call["operation"] for call in twin.calls(play.calls_before) if call["changed"])
    assert {call: effects[call] for call in CALLS[name]} == {call: SEVERAL.get((name, call), 1) for call in CALLS[name]}


def kill_at(call: str, when: str, crew: Crew, twin: TwinClient) -> None:
    """A worker dies while the cloud has its call: before anything was done, or when all was done but not answered."""
    twin.add_fault(f"hold_{when}", operation=call)
    if when == "before":
        twin.add_fault("drop", operation=call)
    crew.start()
    crew.until(twin.held, f"{call} is called")
    crew.kill()
    twin.release()


def test_a_call_that_outlasts_the_lease_stays_in_its_workers_hands(
    tmp_path: Path, stage: Stage, twin: TwinClient
) -> None:
    """Also in a worker that forks, where each child has to renew its own leases."""
    with Crew(needs("RabbitMQ"), tmp_path / "workers.log", "--pool", "prefork", "--concurrency", "2") as crew:
        play = Play("openstack.tenant.create", stage, twin)
        twin.add_fault("hold_before", operation="project.create")
        crew.start()
        crew.until(twin.held, "the project is asked for")
        end = time.monotonic() + 3 * LEASE
        crew.until(lambda: time.monotonic() > end, "three leases are over")
        twin.release()
        crew.until_done()

    assert play.operation.state == Operation.State.DONE
    calls = [call["operation"] for call in twin.calls(play.calls_before)]
    assert (calls.count("project.create"), calls.count("project.list")) == (1, 0)


def test_twenty_servers_are_built_at_once_by_two_threads(crew: Crew, stage: Stage, twin: TwinClient) -> None:
    """Each waits some eight seconds for its volume and its server; no thread waits with it."""
    stage.service.options["max_concurrent_provision_instance"] = 20
    stage.service.save()
    tenant = build_tenant(stage.service, stage.cast.project, stage.cast.owner)
    twin.set_latency("real")
    for number in range(20):
        order_instance(tenant, stage.cast.owner, name=f"server-{number}", data_volume_size=None, floating_ips=[])
    crew.start()

    waiting = Operation.objects.filter(phase=Operation.Phase.WAITING, lease_token=None, state=Operation.State.RUNNING)
    crew.until(lambda: waiting.count() == 20, "all wait at once, in nobody's hands")
    crew.until_done()

    assert Instance.objects.filter(runtime_state="ACTIVE").count() == 20
