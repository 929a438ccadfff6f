import pytest

from tests.marketplace.stage import Stage
from tests.openstack.worlds import remembered


@pytest.fixture
def stage(db: None) -> Stage:
    found: Stage = remembered("market", None, Stage, on_ground=True)
    return found
