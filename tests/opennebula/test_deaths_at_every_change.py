"""The agent killed at every call that changes something in OpenNebula: started again it finishes what it had begun.

An undisturbed run tells which calls those are. Each of them is then held when it had its effect and nobody has heard of
it; the agent is killed there, by SIGKILL. So dying before a call is dying behind the one before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import pytest
from django.db.models import TextField, Value
from django.db.models.functions import Cast, Concat

from tests.marketplace_site_agent.running import Agent
from tests.opennebula.looks import connect, done, ended, members, portrait, served, size
from tests.opennebula.stage import TEAM, OpenNebulaStage, Site
from tests.opennebula.warm import warm
from twins.keycloak import KeycloakTwin
from waldur_mastermind.marketplace.models import Order, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]

Call = tuple[str, int]  # a method, and which of its calls


@pytest.fixture
def agent(site: Site, keycloak: KeycloakTwin) -> Iterator[Agent]:
    """VDCs with everything: network, router, rules, a user, groups in Keycloak."""
    access = {"url": keycloak.url, "realm": "cloud", "client_id": "waldur", "client_secret": "secret"}
    with warm(site.of_vdcs(keycloak_enabled=True, keycloak=access)) as agent:
        yield agent


def changes(site: Site, action: Callable[[], object]) -> list[Call]:
    """The calls of an action that change something."""
    since, seen, found = site.cloud.call_count(), Counter[str](), []
    action()
    for call in site.cloud.calls(since):
        seen[call["operation"]] += 1
        if call["changed"]:
            found.append((call["operation"], seen[call["operation"]]))
    return found


def dies_at(site: Site, agent: Agent, call: Call) -> None:
    operation, nth = call
    site.cloud.add_fault("hold_after", operation=operation, nth=nth)
    site.kill_at_held_call(agent)
    site.cloud.clear_faults()


def start_over(site: Site, keycloak: KeycloakTwin) -> None:
    """As if nothing had ever been ordered or made: the name is free again."""
    Resource.objects.update(state="Terminated", slug=Concat(Value("gone-"), Cast("pk", TextField())))
    site.cloud.reset()
    site.cloud.set_latency("fast")
    keycloak.groups.clear()


def test_a_vdc_is_finished_after_a_death_at_any_change(
    stage: OpenNebulaStage, site: Site, agent: Agent, keycloak: KeycloakTwin
) -> None:
    def finish(order: Order) -> None:
        """What follows an order that has ended is for the membership cycle."""
        mode = "membership_sync" if ended(order) else "order_process"
        agent.works(mode, lambda: ended(order) and members(site, "genome-lab") == TEAM)

    order = stage.order_vdc()
    deaths = changes(site, lambda: finish(order))
    undisturbed = portrait(site)
    assert {"vdc.allocate", "vn.allocate", "vrouter.instantiate", "user.allocate"} < {name for name, _ in deaths}

    for call in deaths:
        start_over(site, keycloak)
        order = stage.order_vdc()
        dies_at(site, agent, call)
        finish(order)

        resource = done(order)
        assert resource.state == "OK", call
        assert portrait(site) == undisturbed, call
        assert keycloak.members("genome-lab") == TEAM, call


def test_a_vdc_is_ended_after_a_death_at_any_change(
    stage: OpenNebulaStage, site: Site, agent: Agent, keycloak: KeycloakTwin
) -> None:
    before = site.cloud.objects()

    def make() -> Resource:
        order = stage.order_vdc()
        finish(order)
        return done(order)

    def finish(order: Order) -> None:
        agent.works("order_process", lambda: ended(order))

    order = stage.terminate(make())
    deaths = changes(site, lambda: finish(order))
    assert {"user.delete", "vrouter.delete", "vn.delete", "vdc.delete"} < {name for name, _ in deaths}

    for call in deaths:
        start_over(site, keycloak)
        order = stage.terminate(make())
        dies_at(site, agent, call)
        finish(order)

        assert done(order).state == "Terminated", call
        assert site.cloud.leftovers(before) == {}, call
        assert keycloak.groups == {}, call


def test_a_machine_is_made_resized_and_ended_after_a_death_at_any_change(
    stage: OpenNebulaStage, site: Site, agent: Agent
) -> None:
    parent = stage.order_vdc("parent")
    served(agent, parent)
    before = site.cloud.objects()

    def live(of_machines: Agent, deaths: dict[str, Call | None]) -> dict[str, list[Call]]:
        """A whole life, with a death in some of its parts; what else changes something in each part."""
        found = {}

        def pass_through(part: str, order: Order) -> Resource:
            if call := deaths.get(part):
                dies_at(site, of_machines, call)
            found[part] = changes(site, lambda: of_machines.works("order_process", lambda: ended(order)))
            return done(order)

        resource = pass_through("making", stage.order_vm())
        assert machine(site, before) == ("parent", "1", "1024", "5120", 3, 3), deaths
        pass_through("resizing", stage.switch_plan(resource, "Large"))
        assert machine(site, before) == ("parent", "2", "4096", "10240", 3, 3), deaths
        resource.refresh_from_db()
        assert pass_through("ending", stage.terminate(resource)).state == "Terminated", deaths
        assert site.cloud.leftovers(before) == {}, deaths
        return found

    with warm(site.of_vms("parent")) as of_machines:
        undisturbed = live(of_machines, {})
        assert {"template.instantiate", "vm.chown"} < {name for name, _ in undisturbed["making"]}
        assert {"vm.resize", "vm.diskresize"} < {name for name, _ in undisturbed["resizing"]}
        for calls in zip_longest(*undisturbed.values()):
            live(of_machines, dict(zip(undisturbed, calls, strict=True)))


def machine(site: Site, before: dict[str, Any]) -> tuple[Any, ...]:
    """The only one that was made since: whose, how large, in which state."""
    [made] = site.cloud.leftovers(before)["vms"]
    vm = connect(site).vm.info(made["id"])
    return (vm.GNAME, *size(vm), vm.STATE, vm.LCM_STATE)
