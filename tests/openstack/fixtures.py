"""A simulated OpenStack and what is built on it; `conftest.py` of each suite that wants them imports them."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests.factories import Cast
from tests.openstack.orders import build_instance, build_tenant, connect
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud.session import authentication
from waldur_openstack.models import Instance, Tenant


@pytest.fixture(scope="session")
def running_twin() -> Iterator[OpenStackTwin]:
    with OpenStackTwin(port=0, latency="instant") as twin:
        yield twin


@pytest.fixture
def twin(running_twin: OpenStackTwin) -> TwinClient:
    """The handle of a fresh cloud."""
    client = running_twin.client
    client.reset()
    client.set_latency("instant")
    cache.clear()
    authentication.cache_clear()
    return client


@pytest.fixture
def service_settings(cast: Cast, twin: TwinClient, running_twin: OpenStackTwin) -> ServiceSettings:
    return connect(running_twin)


@pytest.fixture
def tenant(cast: Cast, service_settings: ServiceSettings) -> Tenant:
    return build_tenant(service_settings, cast.project, cast.owner)


@pytest.fixture
def instance(cast: Cast, tenant: Tenant) -> Instance:
    return build_instance(tenant, cast.owner)
