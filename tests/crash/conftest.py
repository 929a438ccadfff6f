import os
from pathlib import Path
from zlib import crc32

import pytest

from tests.crash.scenarios import Stage
from tests.factories import Cast
from tests.openstack.fixtures import fresh_cloud, instance, running_twin, service_settings, tenant, twin
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.structure.models import ServiceSettings

__all__ = ["fresh_cloud", "instance", "running_twin", "service_settings", "tenant", "twin"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """CRASH_SHARE=16 leaves of the matrix (`test_every_…`) about every 16th slow point, the same ones each time."""
    share, matrix = int(os.environ.get("CRASH_SHARE", "1")), set(Path(__file__).parent.glob("test_every_*.py"))

    def stays(item: pytest.Item) -> bool:
        of_matrix = item.path in matrix and item.get_closest_marker("slow")
        return not of_matrix or crc32(item.nodeid.encode()) % share == 0

    config.hook.pytest_deselected(items=[item for item in items if not stays(item)])
    items[:] = [item for item in items if stays(item)]


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
