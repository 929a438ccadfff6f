from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.components import needs
from tests.marketplace_site_agent.running import Agent, needs_agent
from tests.marketplace_site_agent.stage import AgentStage
from tests.openstack.worlds import remembered
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace_site_agent.messages.rabbitmq import Management
from waldur_mastermind.marketplace_site_agent.models import AgentQueue


@pytest.fixture
def stage(db: None) -> AgentStage:
    found: AgentStage = remembered("agents", None, AgentStage, on_ground=True)
    return found


@pytest.fixture
def install(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    """Installs an agent for an offering of a stage, at a server on a real port."""
    needs_agent()
    server = LiveServer("127.0.0.1")

    def installed(stage: AgentStage, offering: Offering, **more: Any) -> Agent:
        return Agent(tmp_path, server.url, stage.token, offering.uuid.hex, **more)

    yield installed
    server.stop()


@pytest.fixture
def rabbitmq(settings: Any) -> Iterator[str]:
    """RabbitMQ with its management and web-stomp plug-ins; what the test made there is removed. Its STOMP port."""
    amqp, management = needs("RabbitMQ"), needs("RabbitMQ management")
    stomp = urlparse(needs("RabbitMQ web-stomp"))
    settings.SITE_AGENT = {"RABBITMQ_MANAGEMENT_URL": management, "RABBITMQ_AMQP_URL": amqp}
    yield str(stomp.port)
    for queue in AgentQueue.objects.select_related("user", "identity"):
        Management().close_queue(queue)
        Management().delete("vhosts", queue.vhost)
