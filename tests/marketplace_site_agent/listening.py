"""An agent in the mode `event_process`, and the carrier of messages beside it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.marketplace_site_agent.running import Agent, stop
from waldur_mastermind.marketplace_site_agent.messages.carrier import carry
from waldur_mastermind.marketplace_site_agent.messages.rabbitmq import Management
from waldur_mastermind.marketplace_site_agent.models import AgentQueue


def listens(stomp_port: str, **more: Any) -> dict[str, Any]:
    """What an agent's file says so that it listens at RabbitMQ's web-stomp."""
    return {
        "stomp_enabled": True,
        "stomp_ws_host": "127.0.0.1",
        "stomp_ws_port": int(stomp_port),
        "stomp_ws_path": "/ws",
        "websocket_use_tls": False,
        **more,
    }


@contextmanager
def listening(agent: Agent) -> Iterator[Agent]:
    """While its process runs; from when it hears."""
    process = agent.start("event_process")
    try:
        agent.wait(lambda: AgentQueue.objects.exists())
        agent.wait(lambda: consumers(AgentQueue.objects.get()) == 1)
        yield agent
    finally:
        stop(process)


def consumers(queue: AgentQueue) -> int:
    answer = Management().call("GET", "queues", queue.vhost, queue.queue_name).json()
    return int(answer.get("consumers", 0))


def wait_and_carry(agent: Agent, until: Callable[[], bool]) -> None:
    """What the periodic task does, between looks."""

    def carried() -> bool:
        carry()
        return until()

    agent.wait(carried)
