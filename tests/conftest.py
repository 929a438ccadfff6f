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


gc.disable()  # what is imported stays: to look at it for garbage again and again would take a tenth of the time


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    from tests.summary import lines

    terminalreporter.section("what ran")
    for line in lines(terminalreporter.stats):
        terminalreporter.write_line(line)
