"""A validation that is told to stop, in a process of its own, leaves nothing behind; one that is killed, nothing that
the next does not remove."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings

from tests.crash.workers import ROOT, database_url
from tests.openstack.fixtures import service_settings
from twins.openstack import TwinClient
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud

__all__ = ["service_settings"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120), pytest.mark.django_db(transaction=True)]


@contextmanager
def validation(service: ServiceSettings) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "WALDUR_STATE_DIR": str(settings.STATE_DIR),
    }
    command = [sys.executable, "-m", "django", "validate_openstack_services", "--service-uuid", service.uuid.hex]
    process = subprocess.Popen(
        [*command, "--test-writes"],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["hold_before", "hold_after"])
def test_a_validation_that_is_stopped_cleans_up(
    number: signal.Signals, when: str, service_settings: ServiceSettings, twin: TwinClient
) -> None:
    Cloud.of(service_settings).network.list("security_group")
    before = twin.objects()
    twin.add_fault(when, operation="server_group.create")
    with validation(service_settings) as process:
        twin.wait_held(timeout=60)
        process.send_signal(number)
        twin.release()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, f"Stopped by {number.name}" in err) == (128 + number, True), out + err
    assert twin.leftovers(before) == {}


def test_what_a_killed_validation_leaves_is_removed_by_the_next(
    service_settings: ServiceSettings, twin: TwinClient
) -> None:
    Cloud.of(service_settings).network.list("security_group")
    before: Any = twin.objects()
    twin.add_fault("hold_after", operation="server_group.create")
    with validation(service_settings) as process:
        twin.wait_held(timeout=60)
        process.kill()
        twin.release()
    assert {"networks", "volumes", "server_groups"} <= twin.leftovers(before).keys()
    with validation(service_settings) as process:
        out, err = process.communicate(timeout=100)
    assert process.returncode == 0, out + err
    assert twin.leftovers(before) == {}
