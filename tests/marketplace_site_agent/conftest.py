from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.marketplace_site_agent.running import Agent, needs_agent
from tests.marketplace_site_agent.stage import AgentStage
from waldur_mastermind.marketplace.models import Offering


@pytest.fixture
def stage(db: None) -> AgentStage:
    return AgentStage()


@pytest.fixture
def install(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    """Installs an agent for an offering of a stage, at a server on a real port."""
    needs_agent()
    server = LiveServer("127.0.0.1")

    def installed(stage: AgentStage, offering: Offering, **more: Any) -> Agent:
        return Agent(tmp_path, server.url, stage.token, offering.uuid.hex, **more)

    yield installed
    server.stop()
