from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.db import transaction

from tests.e2e.fixtures import forget_tokens
from tests.openstack.fixtures import running_twin
from tests.replication.clouds import TwoClouds
from tests.replication.sites import build_office
from twins.openstack import OpenStackTwin
from twins.openstack.state import State

__all__ = ["running_twin"]
Dumps = list[tuple[OpenStackTwin, dict[str, Any]]]


@pytest.fixture(scope="session")
def other_twin() -> Iterator[OpenStackTwin]:
    with OpenStackTwin(port=0, latency="instant") as twin:
        yield twin


def dumps_of(clouds: TwoClouds) -> Dumps:
    twins = (clouds.twin, clouds.other_twin)
    return [(twin, deepcopy(twin.cloud.state.dump())) for twin in twins if twin.cloud]


def restore(dumps: Dumps) -> None:
    for twin, contents in dumps:
        assert twin.cloud
        state = State()
        state.load(deepcopy(contents))
        twin.client.clear_faults()
        twin.client.light()
        twin.cloud.state = state
    forget_tokens()


@pytest.fixture(scope="module")
def built_clouds(
    django_db_setup: None, django_db_blocker: Any, running_twin: OpenStackTwin, other_twin: OpenStackTwin
) -> Iterator[tuple[TwoClouds, Dumps]]:
    """Built once per module, inside a transaction that never commits; with it, what both clouds held then."""
    forget_tokens()
    running_twin.client.reset()
    other_twin.client.reset()
    with django_db_blocker.unblock(), transaction.atomic():
        clouds = TwoClouds(running_twin, other_twin)
        clouds.build()
        build_office(clouds)
        yield clouds, dumps_of(clouds)
        transaction.set_rollback(True)


@pytest.fixture
def clouds(built_clouds: tuple[TwoClouds, Dumps], db: None) -> TwoClouds:
    """A tenant with a little office in the first cloud; what a test changes, here or there, is taken back."""
    built, dumps = built_clouds
    restore(dumps)
    return built
