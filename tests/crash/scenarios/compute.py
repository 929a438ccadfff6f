"""Scenarios of servers."""

from functools import partial
from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin, delete
from tests.openstack.orders import order_instance
from waldur_openstack.models import Flavor


def change_flavor(stage: Stage, instance: Any) -> Any:
    flavor = Flavor.objects.get(settings=stage.service, name="m1.small")
    goal = {"flavor_name": flavor.name, "flavor_disk": flavor.disk, "cores": flavor.cores, "ram": flavor.ram}
    return begin("openstack.instance.change_flavor", flavor=flavor.backend_id, **goal)(stage, instance)


SCENARIOS = {
    "openstack.instance.create": Scenario(Stage.tenant, lambda stage, tenant: order_instance(tenant, stage.cast.owner)),
    "openstack.instance.delete": Scenario(Stage.instance, partial(delete, delete_volumes=False)),
    "openstack.instance.start": Scenario(Stage.stopped_instance, begin("openstack.instance.start")),
    "openstack.instance.stop": Scenario(Stage.instance, begin("openstack.instance.stop")),
    "openstack.instance.restart": Scenario(Stage.instance, begin("openstack.instance.restart")),
    "openstack.instance.change_flavor": Scenario(Stage.stopped_instance, change_flavor),
}
