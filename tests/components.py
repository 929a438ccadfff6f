"""What a test does when something it needs does not run on this machine."""

import os
from typing import NoReturn

import pytest


def needs(component: str) -> NoReturn:
    """Skip for want of a component; with REQUIRE_COMPONENTS=1, fail: there nothing may be missing."""
    reason = f"needs {component}"
    if os.environ.get("REQUIRE_COMPONENTS", "") in ("", "0"):
        pytest.skip(reason)
    pytest.fail(reason, pytrace=False)
