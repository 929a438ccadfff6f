"""Scenarios of volumes."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin, delete
from tests.openstack.orders import build_volume, order_volume


def volume_beside_instance(stage: Stage) -> Any:
    """A free volume, and a server of the same tenant to attach it to."""
    return build_volume(stage.instance().tenant, stage.cast.owner)


def data_volume(stage: Stage) -> Any:
    """The data volume of a stopped server."""
    return stage.stopped_instance().volumes.get(bootable=False)


def attach(stage: Stage, volume: Any) -> Any:
    return begin("openstack.volume.attach", instance=volume.tenant.instances.get().uuid.hex)(stage, volume)


SCENARIOS = {
    "openstack.volume.create": Scenario(Stage.tenant, lambda stage, tenant: order_volume(tenant, stage.cast.owner)),
    "openstack.volume.delete": Scenario(Stage.volume, delete),
    "openstack.volume.attach": Scenario(volume_beside_instance, attach),
    "openstack.volume.detach": Scenario(data_volume, begin("openstack.volume.detach")),
    "openstack.volume.extend": Scenario(data_volume, begin("openstack.volume.extend", size=3072)),
}
