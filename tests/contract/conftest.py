"""The contract of our gateways with OpenStack: every test runs on the simulated cloud, those of `-m lab` on a real one.

The real one is that of `make lab`; LAB_AUTH_URL and LAB_PASSWORD name another.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from tests.components import needs
from tests.contract.stage import Room, Site
from twins.openstack import OpenStackTwin

LAB_AUTH_URL = os.environ.get("LAB_AUTH_URL", "http://127.0.0.1:5000/v3")
LAB_PASSWORD = os.environ.get("LAB_PASSWORD", "labsecret")


@pytest.fixture(scope="session")
def twin_site() -> Iterator[Site]:
    with OpenStackTwin(port=0, latency="fast") as twin, ExitStack() as later:
        yield Site("twin", twin.auth_url, twin.settings.admin_password, later)


@pytest.fixture(scope="session")
def lab_site() -> Iterator[Site]:
    try:
        requests.get(LAB_AUTH_URL, timeout=5).raise_for_status()
    except requests.RequestException:
        needs("the real OpenStack: run `make lab`")
    with ExitStack() as later:
        yield Site("lab", LAB_AUTH_URL, LAB_PASSWORD, later)


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
