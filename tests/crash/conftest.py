import pytest

from tests.crash.scenarios import Stage
from tests.factories import Cast
from tests.openstack.fixtures import instance, running_twin, service_settings, tenant, twin
from twins.openstack import TwinClient
from waldur_core.structure.models import ServiceSettings

__all__ = ["instance", "running_twin", "service_settings", "tenant", "twin"]


@pytest.fixture
def stage(cast: Cast, service_settings: ServiceSettings, twin: TwinClient) -> Stage:
    stage = Stage(cast, service_settings)
    stage.connect(twin)
    return stage
