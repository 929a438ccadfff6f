"""The unmodified agent listens: STOMP over WebSocket, through RabbitMQ's web-stomp plug-in."""

from collections.abc import Callable, Iterator

import pytest

from tests.marketplace.stage import post
from tests.marketplace_site_agent.listening import listening, listens, wait_and_carry
from tests.marketplace_site_agent.running import Agent
from tests.marketplace_site_agent.stage import AgentStage
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_mastermind.marketplace_site_agent.messages.rabbitmq import Management
from waldur_mastermind.marketplace_site_agent.messages.upkeep import close_stale_queues
from waldur_mastermind.marketplace_site_agent.models import AgentMessage, AgentQueue

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def agent(stage: AgentStage, rabbitmq: str, install: Callable[..., Agent]) -> Iterator[Agent]:
    """One that listens, from before anything is ordered."""
    with listening(install(stage, stage.vdc, **listens(rabbitmq, resource_import_enabled=False))) as agent:
        yield agent


def test_an_order_is_worked_on_as_soon_as_it_is_placed(stage: AgentStage, agent: Agent) -> None:
    order = stage.placed(stage.owner, stage.vdc, limits={"cpu": 2, "ram": 4})

    wait_and_carry(agent, lambda: Order.objects.get(pk=order.pk).state == "done")

    assert agent.ledger()["led-machine"]["limits"] == {"cpu": 2, "ram": 4}
    assert not AgentMessage.objects.exists()


def test_who_leaves_a_project_leaves_what_the_agent_made(stage: AgentStage, agent: Agent) -> None:
    order = stage.placed(stage.owner, stage.vdc, limits={"cpu": 2, "ram": 4})
    wait_and_carry(agent, lambda: Order.objects.get(pk=order.pk).state == "done")
    wait_and_carry(agent, lambda: "member" in agent.ledger()["led-machine"]["users"])

    body = {"user": stage.member.uuid.hex, "role": "PROJECT.MEMBER"}
    assert post(stage.owner, stage.project, "delete_user", body, "projects").status_code == 200

    wait_and_carry(agent, lambda: "member" not in agent.ledger()["led-machine"]["users"])


def test_a_pause_is_heeded_at_once(stage: AgentStage, agent: Agent) -> None:
    order = stage.placed(stage.owner, stage.vdc, limits={"cpu": 2, "ram": 4})
    wait_and_carry(agent, lambda: Order.objects.get(pk=order.pk).state == "done")

    assert post(stage.staff, Resource.objects.get(), "set_paused", {"paused": True}).status_code == 200

    wait_and_carry(agent, lambda: agent.ledger()["led-machine"]["mode"] == "paused")


def test_an_agent_whose_token_died_is_shut_out(stage: AgentStage, agent: Agent) -> None:
    queue = AgentQueue.objects.select_related("user", "identity").get()
    assert close_stale_queues() == 0
    stage.agent.auth_token.delete()

    assert close_stale_queues() == 1

    assert not AgentQueue.objects.exists()
    users = [user["name"] for user in Management().call("GET", "users").json()]
    assert queue.rmq_username not in users
