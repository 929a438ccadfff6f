"""Fixtures of the end-to-end tests; `conftest.py` of each suite that wants them imports them."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

from tests.e2e.estate import Estate
from tests.e2e.market import Market
from tests.openstack.fixtures import fresh_cloud, running_twin, twin
from tests.openstack.worlds import remembered
from twins.openstack import OpenStackTwin, TwinClient
from twins.openstack.state import State
from waldur_openstack.cloud.session import authentication

__all__ = ["built_estate", "estate", "fresh_cloud", "market", "open_market", "running_twin", "twin"]


@pytest.fixture
def market(db: None, twin: TwinClient, running_twin: OpenStackTwin) -> Market:
    """A marketplace before anything is on sale, and a fresh cloud."""
    found: Market = remembered("clouds market", running_twin, lambda: Market(running_twin), on_ground=True)
    return found.at(running_twin)


@pytest.fixture
def open_market(market: Market, running_twin: OpenStackTwin) -> Market:
    """With an offering on sale."""
    market.offering = remembered("clouds on sale", running_twin, market.publish)
    return market


@pytest.fixture(scope="module")
def built_estate(
    django_db_setup: None, django_db_blocker: Any, running_twin: OpenStackTwin
) -> Iterator[tuple[Estate, dict[str, Any]]]:
    """One per module, inside a transaction that never commits; with it, what the cloud held then."""
    forget_tokens()
    running_twin.client.reset()
    with django_db_blocker.unblock(), transaction.atomic():
        estate: Estate = remembered("estate", running_twin, lambda: Estate(running_twin).build(), on_ground=True)
        assert running_twin.cloud
        yield estate.at(running_twin), deepcopy(running_twin.cloud.state.dump())
        transaction.set_rollback(True)


@pytest.fixture
def estate(built_estate: tuple[Estate, dict[str, Any]], db: None) -> Estate:
    """A tenant with a running server and a free volume; what a test changes, here or in the cloud, is taken back."""
    built, contents = built_estate
    cloud = built.twin.cloud
    assert cloud
    state = State()
    state.load(deepcopy(contents))
    built.cloud.clear_faults()
    cloud.state = state
    forget_tokens()
    return built


def forget_tokens() -> None:
    cache.clear()
    authentication.cache_clear()
