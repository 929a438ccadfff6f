"""One cycle over many VDCs through the agent's own classes, whatever plugin is installed beside them.

Runs in an environment of the site agent: ``python opennebula_cycle.py SETTINGS report|membership COUNT``.
"""

import json
import logging
import sys
import time
import uuid
from typing import Any

COMPONENTS = {
    name: {"measured_unit": "x", "unit_factor": 1.0, "accounting_type": "limit", "label": name}
    for name in ("cpu", "ram", "storage", "floating_ip")
}
LIMITS = {
    "cpu": 4,
    "ram": 4096,
    "storage": 10240,
    "floating_ip": 1,
}  # of each VDC, here as there


def main() -> None:
    logging.disable(logging.CRITICAL)
    from waldur_api_client.models import Resource
    from waldur_site_agent.common.utils import BACKENDS

    settings, cycle, count = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    names = [f"vdc{number}" for number in range(count)]
    described = [{"uuid": str(uuid.uuid4()), "name": name, "backend_id": name, "limits": LIMITS} for name in names]
    resources = [Resource.from_dict(each) for each in described]
    began = time.monotonic()
    backend = BACKENDS["opennebula"][0](settings, COMPONENTS)
    (report if cycle == "report" else membership)(backend, resources)
    print(time.monotonic() - began)


def report(backend: Any, resources: list[Any]) -> None:
    """What the agent asks of a backend in its mode ``report``."""
    for resource in resources:
        assert backend.pull_resource(resource) is not None, resource.backend_id


def membership(backend: Any, resources: list[Any]) -> None:
    """What it asks in its mode ``membership_sync`` when nobody came or left and the limits are as ordered."""
    assert len(backend.pull_resources(resources)) == len(resources)
    for resource in resources:
        backend.sync_resource_project(resource, None)
        backend.restore_resource(resource.backend_id)
        assert backend.get_resource_metadata(resource.backend_id)
        backend.sync_resource_limits(resource, None)  # nothing is to be told to the marketplace


if __name__ == "__main__":
    main()
