"""The outbox against a real RabbitMQ: what waited is delivered in order, once more rather than not at all."""

import json
from typing import Any

import pytest
from django.db import transaction

from tests.factories import client_of
from tests.marketplace.stage import post
from tests.marketplace_site_agent.stage import AgentStage
from waldur_mastermind.marketplace_site_agent.messages.carrier import carry
from waldur_mastermind.marketplace_site_agent.messages.rabbitmq import Management
from waldur_mastermind.marketplace_site_agent.models import AgentMessage, AgentQueue

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def queue(stage: AgentStage, rabbitmq: str) -> AgentQueue:
    """Registered by an agent that wants to be told of orders and resources."""
    url = f"/api/marketplace-site-agent-identities/{stage.make_identity().uuid}/register_queue/"
    wanted = {"object_types": ["order", "resource"]}
    client = client_of(stage.agent)
    assert [client.post(url, wanted).status_code for _ in "ab"] == [201, 200]
    return AgentQueue.objects.select_related("user", "identity").get()


def delivered(queue: AgentQueue) -> list[Any]:
    """What stands in the queue, which is taken away."""
    body = {"count": 100, "ackmode": "ack_requeue_false", "encoding": "auto"}
    answer = Management().call("POST", "queues", queue.vhost, queue.queue_name, "get", json=body)
    return [json.loads(message["payload"]) for message in answer.json()]


def happen(stage: AgentStage) -> list[str]:
    """Three things, in this order."""
    stage.placed(stage.owner, stage.vdc, limits={"cpu": 1, "ram": 1})
    resource = stage.make_vdc()
    post(stage.staff, resource, "set_paused", {"paused": True})
    post(stage.staff, resource, "set_downscaled", {"downscaled": True})
    return ["order", "resource", "resource"]


def test_what_waited_for_the_broker_is_delivered_in_order(stage: AgentStage, queue: AgentQueue, settings: Any) -> None:
    there = settings.SITE_AGENT
    settings.SITE_AGENT = {**there, "RABBITMQ_AMQP_URL": "amqp://guest:guest@127.0.0.1:9//"}
    types = happen(stage)
    assert carry() == 0

    settings.SITE_AGENT = there
    assert carry() == 3

    assert [body["object_type"] for body in delivered(queue)] == types
    assert not AgentMessage.objects.exists()
    assert carry() == 0


def test_who_dies_between_the_broker_and_the_database_delivers_again(stage: AgentStage, queue: AgentQueue) -> None:
    types = happen(stage)
    with transaction.atomic():
        assert carry() == 3
        transaction.set_rollback(True)  # the broker has confirmed, the deletion never commits
    assert AgentMessage.objects.count() == 3
    assert carry() == 3
    assert [body["object_type"] for body in delivered(queue)] == types * 2


def test_a_queue_that_rabbitmq_has_lost_is_opened_again(stage: AgentStage, queue: AgentQueue) -> None:
    types = happen(stage)
    Management().delete("vhosts", queue.vhost)
    Management().delete("users", queue.rmq_username)

    assert carry() == 0
    assert carry() == 3

    assert [body["object_type"] for body in delivered(queue)] == types


def test_an_agent_reads_its_own_queue_and_nothing_else(stage: AgentStage, queue: AgentQueue) -> None:
    permissions = Management().call("GET", "users", queue.rmq_username, "permissions").json()
    assert permissions == [
        {
            "user": queue.rmq_username,
            "vhost": queue.vhost,
            "configure": "^$",
            "write": "^$",
            "read": f"^{queue.queue_name}$",
        }
    ]
