"""Reverts run the workflows by which users change things; here workers die at every effect of some of them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.crash.crashing import DyingRunner, drain_through_deaths
from tests.crash.scenarios import Stage
from tests.drive import drain
from tests.openstack.behind import add_rule, cloud_of, pulled
from tests.openstack.orders import operation_of
from waldur_core.operations.models import Operation
from waldur_openstack.drift.deciding import revert
from waldur_openstack.models import Drift, Flavor, Instance

pytestmark = pytest.mark.slow


def other_rules(instance: Instance) -> Any:
    group = instance.tenant.securitygroups.get(name="ssh")
    network = cloud_of(instance.tenant).network
    network.remove("security_group_rule", group.rules.get(from_port=22).backend_id)
    add_rule(instance.tenant, group.backend_id, port_range_min=443, port_range_max=443)
    return group


def other_flavor(instance: Instance) -> Any:
    compute = cloud_of(instance.tenant).compute
    other = Flavor.objects.exclude(name=instance.flavor_name).order_by("ram").first()
    assert other
    compute.act(instance.backend_id, "resize", {"flavorRef": other.backend_id})
    compute.act(instance.backend_id, "confirmResize")
    compute.act(instance.backend_id, "os-stop")
    return instance


def other_server(instance: Instance) -> Any:
    volume = instance.volumes.get(bootable=False)
    cloud_of(instance.tenant).compute.detach_volume(instance.backend_id, volume.backend_id)
    return volume


def no_gateway(instance: Instance) -> Any:
    network, router = cloud_of(instance.tenant).network, instance.tenant.routers.get()
    for address in instance.tenant.floatingips.exclude(port=None):
        network.update("floatingip", address.backend_id, port_id=None)
    network.update("router", router.backend_id, external_gateway_info=None)
    return router


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("rules", other_rules),
        ("flavor", other_flavor),
        ("instance", other_server),
        ("external_network", no_gateway),
    ],
)
def test_a_revert_survives_the_death_of_its_workers(
    stage: Stage, field: str, change: Callable[[Instance], Any]
) -> None:
    instance = stage.instance()
    pulled(stage.cast, instance.tenant)
    row = change(instance)
    pulled(stage.cast, instance.tenant)
    drift = Drift.objects.get(object_uuid=row.uuid, field=field)
    revert(drift, user=stage.cast.owner)
    runner = DyingRunner(lambda at, undoing: True)

    drain_through_deaths(runner)

    assert runner.deaths
    operation = operation_of(row)
    assert operation.state == Operation.State.DONE, operation.error_message
    assert not Drift.objects.filter(object_uuid=row.uuid).exists()
    drain()
    pulled(stage.cast, instance.tenant)
    assert not Drift.objects.filter(object_uuid=row.uuid).exists()
