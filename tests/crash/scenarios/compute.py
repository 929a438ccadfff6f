"""Scenarios of servers."""

from functools import partial
from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin, delete, run_workflow
from tests.openstack.orders import built, order_in_tenant, order_instance
from waldur_openstack.api.compute.server_groups import ServerGroupCreateSerializer
from waldur_openstack.models import Flavor, Instance


def change_flavor(stage: Stage, instance: Any) -> Any:
    flavor = Flavor.objects.get(settings=stage.service, name="m1.small")
    goal = {"flavor_name": flavor.name, "flavor_disk": flavor.disk, "cores": flavor.cores, "ram": flavor.ram}
    return begin("openstack.instance.change_flavor", flavor=flavor.backend_id, **goal)(stage, instance)


def rename(stage: Stage, instance: Any) -> Any:
    Instance.objects.filter(pk=instance.pk).update(name="renamed")
    instance.refresh_from_db()
    return begin("openstack.instance.update", changed=["name"])(stage, instance)


def rescue_image(stage: Stage) -> str:
    """The id of an image in the cloud that is made for rescue."""
    properties = {"hw_rescue_device": "disk", "hw_rescue_bus": "virtio", "visibility": "public"}
    body = {"name": "rescue", "disk_format": "raw", "container_format": "bare", **properties}
    image, headers = stage.admin.image.post("/images", body), {"Content-Type": "application/octet-stream"}
    stage.admin.image.call("PUT", f"/images/{image['id']}/file", data=b"x", headers=headers)
    return str(image["id"])


def rescue(stage: Stage, instance: Any) -> Any:
    image = stage.admin.image.images(name="rescue")[0]["id"]
    return begin("openstack.instance.rescue", image=image)(stage, instance)


def instance_and_image(stage: Stage) -> Any:
    rescue_image(stage)
    return stage.instance()


def rescued_instance(stage: Stage) -> Any:
    instance = instance_and_image(stage)
    run_workflow(stage, instance, "openstack.instance.rescue", image=stage.admin.image.images(name="rescue")[0]["id"])
    return instance


def order_group(stage: Stage, tenant: Any) -> Any:
    return order_in_tenant(ServerGroupCreateSerializer, tenant, stage.cast.owner, name="group", policy="soft-affinity")


def server_group(stage: Stage) -> Any:
    return built(order_group(stage, stage.tenant()))


SCENARIOS = {
    "openstack.instance.update": Scenario(Stage.instance, rename),
    "openstack.instance.set_metadata": Scenario(
        Stage.instance, begin("openstack.instance.set_metadata", metadata={"role": "web"})
    ),
    "openstack.instance.rescue": Scenario(instance_and_image, rescue),
    "openstack.instance.unrescue": Scenario(rescued_instance, begin("openstack.instance.unrescue")),
    "openstack.server_group.create": Scenario(Stage.tenant, order_group),
    "openstack.server_group.delete": Scenario(server_group, begin("openstack.server_group.delete")),
    "openstack.instance.create": Scenario(Stage.tenant, lambda stage, tenant: order_instance(tenant, stage.cast.owner)),
    "openstack.instance.delete": Scenario(Stage.instance, partial(delete, delete_volumes=False)),
    "openstack.instance.start": Scenario(Stage.stopped_instance, begin("openstack.instance.start")),
    "openstack.instance.stop": Scenario(Stage.instance, begin("openstack.instance.stop")),
    "openstack.instance.restart": Scenario(Stage.instance, begin("openstack.instance.restart")),
    "openstack.instance.change_flavor": Scenario(Stage.stopped_instance, change_flavor),
}
