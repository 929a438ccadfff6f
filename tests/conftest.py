"""Fixtures every suite may use."""

import pytest

from tests.factories import Cast


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()
