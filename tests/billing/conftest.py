import pytest

from tests.marketplace.stage import Stage


@pytest.fixture
def stage(db: None) -> Stage:
    return Stage()
