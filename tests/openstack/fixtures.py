"""A simulated OpenStack and what is built on it; `conftest.py` of each suite that wants them imports them."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests.factories import Cast
from tests.openstack.orders import build_instance, build_tenant, connect
from tests.openstack.worlds import contents, fill, remembered
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud.session import authentication
from waldur_openstack.models import Instance, Tenant


@pytest.fixture(scope="session")
def running_twin() -> Iterator[OpenStackTwin]:
    with OpenStackTwin(port=0, latency="instant") as twin:
        yield twin


@pytest.fixture(scope="session")
def fresh_cloud(running_twin: OpenStackTwin) -> bytes:
    """What the cloud holds before anybody has used it."""
    running_twin.client.reset()
    return contents(running_twin)


@pytest.fixture
def twin(running_twin: OpenStackTwin, fresh_cloud: bytes) -> TwinClient:
    """The handle of a fresh cloud."""
    client = running_twin.client
    client.reset()  # faults and log too
    fill(running_twin, fresh_cloud)
    client.set_latency("instant")
    cache.clear()
    authentication.cache_clear()
    return client


@pytest.fixture
def service_settings(cast: Cast, twin: TwinClient, running_twin: OpenStackTwin) -> ServiceSettings:
    found: ServiceSettings = remembered("connected", running_twin, lambda: connect(running_twin))
    return found


@pytest.fixture
def tenant(cast: Cast, service_settings: ServiceSettings, running_twin: OpenStackTwin) -> Tenant:
    found: Tenant = remembered("tenant", running_twin, lambda: build_tenant(service_settings, cast.project, cast.owner))
    return found


@pytest.fixture
def instance(cast: Cast, tenant: Tenant, running_twin: OpenStackTwin) -> Instance:
    found: Instance = remembered("instance", running_twin, lambda: build_instance(tenant, cast.owner))
    return found
