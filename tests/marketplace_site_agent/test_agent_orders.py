"""The unmodified agent takes orders of our marketplace: what is ordered there stands in its ledger."""

from collections.abc import Callable

import pytest

from tests.api.keys import ED25519
from tests.marketplace.stage import post
from tests.marketplace_site_agent.running import Agent
from tests.marketplace_site_agent.stage import AgentStage
from waldur_mastermind.marketplace.models import Order, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]


def state_of(order: Order) -> str:
    return Order.objects.get(pk=order.pk).state


def ended(order: Order) -> bool:
    return state_of(order) in (Order.State.DONE, Order.State.ERRED)


def test_a_data_centre_is_made_changed_and_ended(stage: AgentStage, install: Callable[..., Agent]) -> None:
    agent = install(stage, stage.vdc)
    order = stage.placed(stage.owner, stage.vdc, limits={"cpu": 2, "ram": 4}, attributes={"name": "Genome lab"})
    assert state_of(order) == "pending-provider"

    agent.works("order_process", lambda: ended(order))

    resource = Resource.objects.get(pk=order.resource_id)
    assert (state_of(order), resource.state, resource.backend_id) == ("done", "OK", "led-genome-lab")
    entry = agent.ledger()["led-genome-lab"]
    assert (entry["limits"], entry["keys"]) == ({"cpu": 2, "ram": 4}, [ED25519])
    assert resource.endpoints[0]["url"] == "https://ledger.example.org/led-genome-lab"
    assert resource.backend_metadata == {"page": "led-genome-lab"}
    assert resource.secret_metadata["login"]["password"] == "open-led-genome-lab"

    post(stage.owner, resource, "update_limits", {"limits": {"cpu": 8}})
    update = Order.objects.get(type="Update")
    agent.works("order_process", lambda: ended(update))
    assert (state_of(update), agent.ledger()["led-genome-lab"]["limits"]) == ("done", {"cpu": 8, "ram": 4})
    resource.refresh_from_db()
    assert (resource.state, resource.limits) == ("OK", {"cpu": 8, "ram": 4})

    post(stage.owner, resource, "terminate")
    end = Order.objects.get(type="Terminate")
    agent.works("order_process", lambda: ended(end))
    resource.refresh_from_db()
    assert (state_of(end), resource.state, agent.ledger()) == ("done", "Terminated", {})


def test_a_machine_is_sized_by_its_plan_and_resized_with_it(stage: AgentStage, install: Callable[..., Agent]) -> None:
    agent = install(stage, stage.vm)
    small, large = stage.vm.plans.get(name="Small"), stage.vm.plans.get(name="Large")
    order = stage.placed(stage.owner, stage.vm, plan=f"http://testserver/api/marketplace-plans/{small.uuid.hex}/")
    agent.works("order_process", lambda: ended(order))
    assert state_of(order) == "done", order.error_message
    assert agent.ledger()["led-machine"]["limits"] == {"vcpu": 1}

    resource = Resource.objects.get(pk=order.resource_id)
    plan = f"http://testserver/api/marketplace-plans/{large.uuid.hex}/"
    assert post(stage.owner, resource, "switch_plan", {"plan": plan}).status_code == 200
    update = Order.objects.get(type="Update")
    agent.works("order_process", lambda: ended(update))

    resource.refresh_from_db()
    assert (state_of(update), resource.plan) == ("done", large)
    assert agent.ledger()["led-machine"]["limits"] == {"vcpu": 4}


def test_what_the_back_end_refuses_is_told_with_its_reason(stage: AgentStage, install: Callable[..., Agent]) -> None:
    agent = install(stage, stage.vdc)
    order = stage.placed(stage.owner, stage.vdc, limits={"cpu": 2, "ram": 4}, attributes={"name": "faulty"})

    agent.works("order_process", lambda: ended(order))

    order.refresh_from_db()
    assert order.state == "erred"
    assert "The ledger refuses faulty things." in order.error_message
    assert agent.ledger() == {}


def test_two_customers_things_of_the_same_name_share_nothing(stage: AgentStage, install: Callable[..., Agent]) -> None:
    agent = install(stage, stage.vdc)
    orders = [
        stage.placed(stage.owner, stage.vdc, limits={"cpu": cpu, "ram": 4}, attributes={"name": "lab"})
        for cpu in (1, 2)
    ]

    agent.works("order_process", lambda: all(ended(order) for order in orders))

    assert [state_of(order) for order in orders] == ["done", "done"]
    assert sorted(entry["limits"]["cpu"] for entry in agent.ledger().values()) == [1, 2]
