"""Fixtures every suite may use."""

import gc
from typing import Any

import pytest

from tests.factories import Cast
from tests.openstack.worlds import remembered


@pytest.fixture
def cast(db: None) -> Cast:
    found: Cast = remembered("cast", None, Cast, on_ground=True)
    return found


def pytest_collection_finish() -> None:
    """What has been imported stays: to look at it again and again would take a tenth of the time."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    from tests.summary import lines

    terminalreporter.section("what ran")
    for line in lines(terminalreporter.stats):
        terminalreporter.write_line(line)
