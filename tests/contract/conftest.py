"""The contract of our gateways with OpenStack: every test runs on the simulated cloud, those of `-m lab` on a real one.

The real one is that of `make lab`; LAB_AUTH_URL, LAB_PASSWORD and LAB_BROKER_URL name another.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.components import LAB, needs
from tests.contract.stage import Room, Site
from twins.openstack import OpenStackTwin


@pytest.fixture(scope="session")
def twin_site() -> Iterator[Site]:
    with OpenStackTwin(port=0, latency="fast") as twin, ExitStack() as later:
        yield Site("twin", twin.auth_url, twin.settings.admin_password, later)


@pytest.fixture(scope="session")
def lab_site() -> Iterator[Site]:
    auth_url = needs(LAB)
    with ExitStack() as later:
        yield Site("lab", auth_url, os.environ.get("LAB_PASSWORD", "labsecret"), later)


@pytest.fixture(scope="session", params=["twin", pytest.param("lab", marks=pytest.mark.lab)])
def site(request: pytest.FixtureRequest) -> Site:
    found: Any = request.getfixturevalue(f"{request.param}_site")
    assert isinstance(found, Site)
    return found


@pytest.fixture
def later() -> Iterator[ExitStack]:
    """What to do after the test, however it ends."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def room(site: Site, later: ExitStack) -> Room:
    return Room(site, later)
