"""The whole chain: our marketplace, the unmodified agent in a process of its own, a simulated OpenNebula."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.marketplace_site_agent.conftest import rabbitmq
from tests.marketplace_site_agent.running import needs_agent
from tests.opennebula.stage import TEAM, OpenNebulaStage, Site
from twins.keycloak import KeycloakTwin
from twins.opennebula import OpenNebulaTwin

__all__ = ["rabbitmq"]  # a fixture here, too


@pytest.fixture(scope="session")
def opennebula() -> Iterator[OpenNebulaTwin]:
    with OpenNebulaTwin(latency="fast") as twin:
        yield twin


@pytest.fixture
def stage(transactional_db: None) -> OpenNebulaStage:
    return OpenNebulaStage()


@pytest.fixture
def site(stage: OpenNebulaStage, tmp_path: Path, opennebula: OpenNebulaTwin) -> Iterator[Site]:
    needs_agent()
    opennebula.client.reset()
    opennebula.client.set_latency("fast")
    server = LiveServer("127.0.0.1")
    yield Site(tmp_path, server.url, stage, opennebula)
    server.stop()


@pytest.fixture
def keycloak() -> Iterator[KeycloakTwin]:
    """It knows everybody of the project."""
    with KeycloakTwin() as twin:
        for name in TEAM:
            twin.add_user(name)
        yield twin
