"""From one real OpenStack to another: `make lab` and `make lab CLOUD=c2`.

The second cloud takes 1.8 GiB and a minute, so a machine without it skips this, clearly; REQUIRE_SECOND_LAB=1 insists.
"""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlparse

import pytest

from tests.components import LAB, needs
from tests.drive import drain
from tests.replication.clouds import TwoClouds
from tests.replication.sites import build_office
from twins.openstack import OpenStackTwin
from waldur_mastermind.marketplace.models import Resource
from waldur_openstack.cloud import Cloud, Credentials

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
PASSWORD = os.environ.get("LAB_PASSWORD", "labsecret")
SECOND = os.environ.get("SECOND_LAB_AUTH_URL", "http://127.0.0.1:25000/v3")


@dataclass
class RealCloud:
    """Where a test expects a twin: the address of a real cloud, its password and its external network."""

    auth_url: str
    settings: Any = field(default_factory=lambda: SimpleNamespace(admin_password=PASSWORD))

    @property
    def client(self) -> "RealCloud":
        return self

    @cached_property
    def external_network_id(self) -> str:
        admin = Cloud(Credentials(self.auth_url, "admin", PASSWORD, project_name="admin"))
        found = admin.network.first("network", name="external")
        assert found
        return str(found["id"])


def needs_second_lab() -> str:
    url = urlparse(SECOND)
    try:
        socket.create_connection((url.hostname or "127.0.0.1", url.port or 80), timeout=2).close()
    except OSError:
        reason = f"needs a second real OpenStack at {SECOND}: `make lab CLOUD=c2`"
        if os.environ.get("REQUIRE_SECOND_LAB") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return SECOND


@pytest.fixture
def clouds(db: None) -> Iterator[TwoClouds]:
    second = needs_second_lab()
    sides = [cast(OpenStackTwin, RealCloud(url)) for url in (needs(LAB), second)]
    clouds = TwoClouds(*sides)
    try:
        clouds.build()
        yield clouds
    finally:
        for resource in Resource.objects.filter(offering__type="OpenStack.Tenant", state__in=("OK", "Erred")):
            clouds.ask_to_terminate(resource, clouds.staff)
        drain(seconds=300)


def test_a_tenant_moves_between_two_real_clouds_and_back(clouds: TwoClouds) -> None:
    build_office(clouds)
    pairs = [{"src_cidr": "10.0.1.0/24", "dst_cidr": "192.168.1.0/24"}]
    there = clouds.migrate(mappings={"subnets": pairs})
    assert there.verification["verified"], there.verification["differences"]
    offering = clouds.source.offering
    back = clouds.migrate(
        src_resource=there.dst_resource.uuid.hex, dst_offering=offering.uuid.hex, name="back",
        dst_plan=offering.plans.get().uuid.hex,
        mappings={"subnets": [{"src_cidr": pair["dst_cidr"], "dst_cidr": pair["src_cidr"]} for pair in pairs]},
    )  # fmt: skip
    assert back.verification["verified"], back.verification["differences"]
    assert back.tenant and clouds.meaning_of(back.tenant) == clouds.expected()
    assert clouds.say(there, "rollback").status_code == 202
    drain(seconds=300)
    assert clouds.shown(there)["dst_resource_state"] == "Terminated"
