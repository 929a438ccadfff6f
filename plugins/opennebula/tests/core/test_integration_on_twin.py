"""The integration suite, as an operator runs it, on a twin that takes its time as a real daemon does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyone
import pytest

from twins.opennebula import OpenNebulaTwin
from twins.opennebula.releases import RELEASES

PLUGIN = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("release", RELEASES)
def test_it_passes_and_leaves_nothing(release: str) -> None:
    with OpenNebulaTwin(latency="fast", bare=True, version=release) as twin:
        passes_and_leaves_nothing(twin)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_takes_the_clusters_template_and_datastore_that_it_is_given() -> None:
    """A template whose image is larger than the machines that the suite would make."""
    with OpenNebulaTwin(latency="fast") as twin:
        one = pyone.OneServer(twin.endpoint, session=twin.session)
        cluster = one.cluster.allocate("second")
        one.host.allocate("dummy2", "dummy", "dummy", cluster)
        store = one.datastore.allocate('NAME="more" DS_MAD="dummy" TM_MAD="dummy"', -1)
        for clusters, datastores in ((0, [store]), (cluster, [0, 1, store])):
            for datastore in datastores:
                one.cluster.adddatastore(clusters, datastore)

        passes_and_leaves_nothing(
            twin,
            OPENNEBULA_CLUSTER_IDS=f"0, {cluster}",
            OPENNEBULA_VM_TEMPLATE_ID="0",
            OPENNEBULA_DATASTORE_ID=str(store),
        )


def passes_and_leaves_nothing(twin: OpenNebulaTwin, **more: str) -> None:
    before = twin.client.objects()
    settings = {
        "OPENNEBULA_INTEGRATION_TESTS": "true",
        "OPENNEBULA_API_URL": twin.endpoint,
        "OPENNEBULA_CREDENTIALS": twin.session,
        **more,
    }
    command = [
        sys.executable,
        *["-m", "pytest", "-c", "pyproject.toml", "-p", "no:django", "tests/test_integration.py"],
    ]
    done = subprocess.run(command, cwd=PLUGIN, env={**os.environ, **settings}, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
    assert twin.client.leftovers(before) == {}
