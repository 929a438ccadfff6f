from collections.abc import Iterator

import pytest

from tests.audit.clean import assert_in_step
from tests.e2e.fixtures import built_estate, estate, fresh_cloud, market, open_market, running_twin, twin

__all__ = ["built_estate", "estate", "fresh_cloud", "market", "open_market", "running_twin", "twin"]


@pytest.fixture
def ends_in_step(db: None) -> Iterator[None]:
    """At its end the audit finds nothing."""
    yield
    assert_in_step()
