"""One realm for all tests of this folder, and one estate for each module."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

from tests.contract.conftest import lab_site, later
from tests.contract.stage import Site
from tests.lab.realm import RealEstate, Realm

__all__ = ["lab_site", "later"]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lab)
            item.add_marker(pytest.mark.timeout(600))
            item.add_marker(pytest.mark.filterwarnings("ignore::Warning:openstack"))


@pytest.fixture(scope="session")
def realm(lab_site: Site) -> Iterator[Realm]:
    with ExitStack() as later:
        yield Realm(lab_site, later)


@pytest.fixture(scope="module")
def built_estate(django_db_setup: None, django_db_blocker: Any, realm: Realm) -> Iterator[RealEstate]:
    """Built once per module, inside a transaction that never commits."""
    cache.clear()
    with django_db_blocker.unblock(), transaction.atomic():
        estate = RealEstate(realm)
        estate.build()
        try:
            yield estate
        finally:
            realm.remove_tenant(estate.tenant)
            transaction.set_rollback(True)


@pytest.fixture
def estate(built_estate: RealEstate, db: None) -> RealEstate:
    """What a test changes here is taken back; what it changes in the cloud it has to put back itself."""
    return built_estate
