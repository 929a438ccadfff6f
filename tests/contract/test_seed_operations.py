"""Every row of the seed's tables of operations, through the API, on the simulated cloud and on the real one."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.core.cache import cache

from tests.contract.seed import block_storage, compute, identity, image, network
from tests.contract.seed.house import House
from tests.contract.seed.rows import ENDPOINTS, ROWS, Row
from tests.contract.stage import Site
from tests.contract.test_workflows import inventory
from tests.module_database import db as db
from waldur_openstack.cloud.session import authentication

DONE_BY: dict[str, Any] = {
    "Keystone": identity.DONE_BY,
    "Nova": compute.DONE_BY,
    "Cinder": block_storage.DONE_BY,
    "Neutron": network.DONE_BY,
    "Glance": image.DONE_BY,
}


@pytest.fixture(scope="module")
def house(db: None, site: Site) -> Iterator[House]:
    """One for all rows; afterwards the cloud is as it was."""
    cache.clear()
    authentication.cache_clear()
    before = inventory(site)
    with ExitStack() as later:
        yield House(site, later)
    assert inventory(site) == before


def test_every_row_is_done_by_somebody() -> None:
    assert {(row.service, row.operation) for row in ROWS} == {
        (service, operation) for service, table in DONE_BY.items() for operation in table
    }
    assert (len(ROWS), len(ENDPOINTS)) == (65, 61)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_row_is_done(row: Row, house: House) -> None:
    DONE_BY[row.service][row.operation](house, house.call(row))
