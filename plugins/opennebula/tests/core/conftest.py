"""A simulated OpenNebula for each test, and the core that works on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.options import read_network
from waldur_site_agent_opennebula.core.vdcs import Order
from waldur_site_agent_opennebula.vm_offering import VmOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

RULES = [
    {"direction": "INBOUND", "protocol": "TCP", "range": "22:22"},
    {"direction": "INBOUND", "protocol": "ICMP", "type": "8"},
]
NETWORKING: dict[str, Any] = {
    "external_network_id": 0,
    "virtual_router_template_id": 1,
    "security_group_defaults": RULES,
}
LIMITS = {"cpu": 8, "ram": 8192, "storage": 20480, "floating_ip": 2}


@pytest.fixture(scope="session")
def shared_twin() -> Iterator[OpenNebulaTwin]:
    with OpenNebulaTwin(latency="instant") as twin:
        yield twin


@pytest.fixture
def twin(shared_twin: OpenNebulaTwin) -> OpenNebulaTwin:
    shared_twin.client.reset()
    shared_twin.client.set_latency("instant")
    return shared_twin


@pytest.fixture
def inspect(twin: OpenNebulaTwin) -> OpenNebulaTwinClient:
    return twin.client


@pytest.fixture
def cloud(twin: OpenNebulaTwin) -> Cloud:
    return connect(twin)


def connect(twin: OpenNebulaTwin, **settings: Any) -> Cloud:
    return Cloud({"api_url": twin.endpoint, "credentials": twin.session, **settings})


def order(backend_id: str = "blue", **changes: Any) -> Order:
    """A VDC with network and user; ``networking`` changes its plugin options."""
    options = {**NETWORKING, **changes.pop("networking", {})}
    wanted: dict[str, Any] = {
        "backend_id": backend_id,
        "resource": uuid.uuid5(uuid.NAMESPACE_DNS, backend_id).hex,
        "limits": LIMITS,
        "network": read_network(options),
        "with_user": True,
        "external_network_id": 0,
    }
    return Order(**{**wanted, **changes})


@pytest.fixture
def offering(cloud: Cloud) -> VmOffering:
    """Of machines in a VDC that has room for some."""
    cloud.vdcs.create(order(limits={"cpu": 8, "ram": 16384, "storage": 100 * 1024, "floating_ip": 2}))
    return VmOffering(cloud, {})
