"""Calls of several agents for one order: of a second process, started by mistake, or of a dead one, and late."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.marketplace_site_agent.running import stop
from tests.opennebula.looks import credentials_of, done, ended, served, work
from tests.opennebula.stage import LIMITS, OpenNebulaStage, Site
from tests.opennebula.warm import warm

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

AT_THE_END = re.compile("has been successfully processed|Error while processing order")
WHOLE = dict.fromkeys(("groups", "vdcs", "vnets", "virtual_routers", "vms", "security_groups", "users"), 1)
MAKES = (
    *("vdc.allocate", "group.allocate", "vn.allocate", "vrouter.allocate", "vrouter.instantiate", "secgroup.allocate"),
    "user.allocate",
)


def made(site: Site, before: dict[str, Any]) -> dict[str, int]:
    return {kind: len(objects) for kind, objects in site.cloud.leftovers(before).items() if kind != "acl_rules"}


def test_what_dead_agents_had_sent_comes_late_and_doubles_nothing(stage: OpenNebulaStage, site: Site) -> None:
    """Each dies before its call has had an effect; all of these come when the order is done."""
    before = site.cloud.objects()
    with warm(site.of_vdcs()) as agent:
        order = stage.order_vdc()
        for number, operation in enumerate(MAKES, 1):
            site.cloud.add_fault("hold_before", operation=operation)
            process = agent.start("order_process")
            agent.wait(lambda number=number: len(site.cloud.held()) == number)
            process.kill()
            process.wait()
        resource = served(agent, order)

        assert site.cloud.release() == len(MAKES)
        agent.wait(lambda: not site.cloud.held())
        agent.works("membership_sync", lambda: made(site, before) == WHOLE)  # of routers there were two
        assert work(site, credentials_of(resource))
        assert served(agent, stage.terminate(resource)).state == "Terminated"
        assert site.cloud.leftovers(before) == {}


def test_two_agents_of_one_offering_make_and_end_one_vdc(stage: OpenNebulaStage, site: Site) -> None:
    before = site.cloud.objects()
    with warm(site.of_vdcs()) as agent:

        def both_at(operation: str) -> None:
            """Neither has seen anything of the other one yet. One tells the marketplace, the other is told 409."""
            agent.log.write_text("")
            site.cloud.add_fault("hold_before", operation=operation, times=2)
            processes = []
            try:
                for count in (1, 2):
                    processes.append(agent.start("order_process"))
                    agent.wait(lambda count=count: len(site.cloud.held()) == count)
                site.cloud.release()
                agent.wait(lambda: len(AT_THE_END.findall(agent.log.read_text())) == 2)
            finally:
                for process in processes:
                    stop(process)

        order = stage.order_vdc()
        both_at("vdc.allocate")
        resource = done(order)
        assert (resource.state, resource.limits) == ("OK", LIMITS)
        assert made(site, before) == WHOLE
        assert work(site, credentials_of(resource))
        assert resource.backend_metadata["external_ip"]

        end = stage.terminate(resource)
        both_at("user.delete")
        assert ended(end)
        assert done(end).state == "Terminated"
        assert site.cloud.leftovers(before) == {}
