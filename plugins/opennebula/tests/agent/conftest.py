"""The plugin's backend made by the agent's own classes, on a twin in a process of its own.

These tests run in the plugin's environment (`make plugin-environment`), which has the agent but not the twins' server.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]
PYTHON_OF_TWINS = os.environ.get("TWINS_PYTHON", str(ROOT / ".venv/bin/python"))
sys.path.insert(0, str(ROOT))
collect_ignore_glob = []
try:
    import waldur_site_agent  # noqa: F401
except ImportError:
    collect_ignore_glob = ["test_*.py"]  # in the main environment: `make test-slow` runs them in the plugin's

NETWORKING = {"external_network_id": 0, "virtual_router_template_id": 1}
VDC_COMPONENTS = {
    "cpu": {"measured_unit": "cores", "unit_factor": 1.0, "accounting_type": "limit", "label": "CPU"},
    "ram": {"measured_unit": "GB", "unit_factor": 1024.0, "accounting_type": "limit", "label": "RAM"},
    "storage": {"measured_unit": "GB", "unit_factor": 1024.0, "accounting_type": "limit", "label": "Storage"},
    "floating_ip": {"measured_unit": "IPs", "unit_factor": 1.0, "accounting_type": "limit", "label": "Floating IPs"},
}
VM_COMPONENTS = {
    "vcpu": {"measured_unit": "cores", "unit_factor": 1.0, "accounting_type": "limit", "label": "vCPU"},
    "vm_ram": {"measured_unit": "GB", "unit_factor": 1024.0, "accounting_type": "limit", "label": "RAM"},
    "vm_disk": {"measured_unit": "GB", "unit_factor": 1024.0, "accounting_type": "limit", "label": "Disk"},
}
LIMITS = {"cpu": 4, "ram": 8, "storage": 20, "floating_ip": 1}


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    command = [PYTHON_OF_TWINS, "-u", "-m", "twins.opennebula", "--port", "0", "--latency", "instant"]
    twin = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert twin.stdout is not None
    for line in twin.stdout:
        if found := re.search(r"ONE_XMLRPC=(\S+)", line):
            yield found[1]
            break
    twin.terminate()
    twin.wait(timeout=10)


@pytest.fixture
def inspect(endpoint: str) -> Any:
    from twins.client import InspectionClient

    client = InspectionClient(endpoint.removesuffix("/RPC2"))
    client.reset()
    return client


@pytest.fixture
def backend(endpoint: str, inspect: Any) -> Callable[..., Any]:
    """Makes a backend, as the agent does for each cycle."""
    from waldur_site_agent_opennebula.backend import OpenNebulaBackend

    def make(components: dict[str, Any] | None = None, **settings: Any) -> Any:
        given = {"api_url": endpoint, "credentials": "oneadmin:opennebula", "create_opennebula_user": True, **settings}
        return OpenNebulaBackend(given, VDC_COMPONENTS if components is None else components)

    return make


@pytest.fixture
def resource() -> Callable[..., Any]:
    """A resource as the marketplace's client hands it over."""
    from waldur_api_client.models import Resource

    def make(backend_id: str = "blue", **fields: Any) -> Any:
        given = {
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, backend_id)),
            "name": backend_id,
            "backend_id": backend_id,
            "limits": LIMITS,
            "attributes": {},
            "offering_plugin_options": NETWORKING,
            "project_slug": "project",
            "backend_metadata": {},
            **fields,
        }
        return Resource.from_dict(given)

    return make
