"""Fixtures every suite may use."""

from typing import Any

import pytest

from tests.factories import Cast
from tests.openstack.worlds import remembered


@pytest.fixture
def cast(db: None) -> Cast:
    found: Cast = remembered("cast", None, Cast, on_ground=True)
    return found


def pytest_terminal_summary(terminalreporter: Any) -> None:
    from tests.summary import lines

    terminalreporter.section("what ran")
    for line in lines(terminalreporter.stats):
        terminalreporter.write_line(line)
