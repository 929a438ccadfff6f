"""The integration suite, as an operator runs it, on a twin that takes its time as a real daemon does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twins.opennebula import OpenNebulaTwin
from twins.opennebula.releases import RELEASES

PLUGIN = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("release", RELEASES)
def test_it_passes_and_leaves_nothing(release: str) -> None:
    with OpenNebulaTwin(latency="fast", bare=True, version=release) as twin:
        before = twin.client.objects()
        settings = {
            "OPENNEBULA_INTEGRATION_TESTS": "true",
            "OPENNEBULA_API_URL": twin.endpoint,
            "OPENNEBULA_CREDENTIALS": twin.session,
        }
        command = [
            sys.executable,
            *["-m", "pytest", "-c", "pyproject.toml", "-p", "no:django", "tests/test_integration.py"],
        ]
        done = subprocess.run(command, cwd=PLUGIN, env={**os.environ, **settings}, capture_output=True, text=True)

        assert done.returncode == 0, done.stdout
        assert "skipped" not in done.stdout
        assert twin.client.leftovers(before) == {}
