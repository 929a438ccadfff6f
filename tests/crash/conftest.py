import pytest

from tests.crash.scenarios import Stage
from tests.factories import Cast
from tests.openstack.fixtures import fresh_cloud, instance, running_twin, service_settings, tenant, twin
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.structure.models import ServiceSettings

__all__ = ["fresh_cloud", "instance", "running_twin", "service_settings", "tenant", "twin"]


@pytest.fixture
def stage(
    cast: Cast,
    service_settings: ServiceSettings,
    twin: TwinClient,
    running_twin: OpenStackTwin,
    fresh_cloud: bytes,
) -> Stage:
    stage = Stage(cast, service_settings, running_twin, fresh_cloud)
    stage.connect()
    return stage
