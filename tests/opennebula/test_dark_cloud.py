"""An OpenNebula that falls silent in the midst of things, for several cycles of the agent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.marketplace.stage import post
from tests.marketplace_site_agent.running import Agent, stop
from tests.opennebula.looks import served, vm_quota
from tests.opennebula.stage import LIMITS, OpenNebulaStage, Site
from tests.opennebula.warm import warm
from waldur_mastermind.marketplace.models import Order, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

WAITS = "not ready for processing yet"


@pytest.fixture
def agent(site: Site) -> Iterator[Agent]:
    with warm(site.of_vdcs(request_timeout=1)) as agent:
        yield agent


def cycles(agent: Agent, mode: str, sentence: str, count: int = 3) -> None:
    """So many cycles that each come to this sentence."""
    for _ in range(count):
        said = agent.log.read_text().count(sentence)
        agent.works(mode, lambda said=said: agent.log.read_text().count(sentence) > said)


def test_orders_go_on_where_they_were(stage: OpenNebulaStage, site: Site, agent: Agent) -> None:
    """One that makes, one that changes, one that ends."""
    before = site.cloud.objects()

    def waits_in_the_dark(order: Order, operation: str = "") -> Resource:
        """From this call on, or from the start of the agent."""
        if operation:
            site.cloud.add_fault("hold_after", operation=operation)
            process = agent.start("order_process")
            site.cloud.wait_held(60)
        site.cloud.go_dark()
        if operation:
            site.cloud.release()
            agent.wait(lambda: WAITS in agent.log.read_text())
            stop(process)
        cycles(agent, "order_process", WAITS, 2)
        order.refresh_from_db()
        assert order.state == "executing"
        site.cloud.light()
        return served(agent, order)

    resource = waits_in_the_dark(stage.order_vdc(), "vn.allocate")
    made = {kind: len(objects) for kind, objects in site.cloud.leftovers(before).items() if kind != "acl_rules"}
    assert made == dict.fromkeys(("groups", "vdcs", "vnets", "virtual_routers", "vms", "security_groups", "users"), 1)

    post(stage.owner, resource, "update_limits", {"limits": {**LIMITS, "ram": 16}})
    assert waits_in_the_dark(Order.objects.get(type="Update")).limits == {**LIMITS, "ram": 16}
    assert vm_quota(site, "genome-lab").MEMORY == 16384

    assert waits_in_the_dark(stage.terminate(resource), "user.delete").state == "Terminated"
    assert site.cloud.leftovers(before) == {}


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        ("grouppool.info", "Genome lab is left as it is"),
        ("vnpool.info", "while processing allocation genome-lab"),
    ],
)
def test_resources_keep_their_state_and_what_is_known_of_them(
    stage: OpenNebulaStage, site: Site, agent: Agent, operation: str, sentence: str
) -> None:
    """Silent from the beginning of a membership cycle, or in the midst of it."""
    resource = served(agent, stage.order_vdc())
    metadata, seen = resource.backend_metadata, resource.last_sync
    site.cloud.add_fault("drop", operation=operation, times=0)
    cycles(agent, "membership_sync", sentence, 2)
    resource.refresh_from_db()
    assert (resource.state, resource.error_message, resource.backend_metadata) == ("OK", "", metadata)

    site.cloud.clear_faults()
    agent.works("membership_sync", lambda: Resource.objects.get(pk=resource.pk).last_sync != seen)
    resource.refresh_from_db()
    assert (resource.state, resource.backend_metadata) == ("OK", metadata)
