"""One estate behind one server for all scenarios of a module, for the server reads what is committed."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.live_server_helper import LiveServer

from tests.e2e.client.stage import Stage
from tests.e2e.estate import Estate
from tests.e2e.fixtures import forget_tokens, fresh_cloud, running_twin
from tests.openstack.worlds import fill
from twins.openstack import OpenStackTwin

__all__ = ["fresh_cloud", "running_twin"]


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database without a transaction around each test, for the server reads what is committed."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module")
def stage(db: None, running_twin: OpenStackTwin, fresh_cloud: bytes) -> Iterator[Stage]:
    forget_tokens()
    running_twin.client.reset()
    fill(running_twin, fresh_cloud)
    server = LiveServer("127.0.0.1")
    yield Stage(Estate(running_twin), server.url)
    server.stop()
