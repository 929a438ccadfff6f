"""Scenarios of connections and tenants."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin, delete, nothing
from tests.openstack.orders import order_tenant
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState


def connection(stage: Stage, state: CoreState = CoreState.OK) -> ServiceSettings:
    ServiceSettings.objects.filter(pk=stage.service.pk).update(state=state)
    stage.service.refresh_from_db()
    return stage.service


def create_tenant(stage: Stage, _: Any) -> Any:
    return order_tenant(stage.service, stage.cast.project, stage.cast.owner)


QUOTAS = {"vcpu": 30, "storage": 20480, "network_count": 5}

SCENARIOS = {
    "openstack.connection.create": Scenario(
        nothing,
        lambda stage, _: begin("openstack.connection.create")(stage, connection(stage, CoreState.CREATION_SCHEDULED)),
    ),
    "openstack.connection.check": Scenario(
        nothing, lambda stage, _: begin("openstack.connection.check")(stage, connection(stage))
    ),
    "openstack.tenant.create": Scenario(nothing, create_tenant),
    "openstack.tenant.delete": Scenario(lambda stage: stage.instance().tenant, delete),
    "openstack.tenant.push_quotas": Scenario(Stage.tenant, begin("openstack.tenant.push_quotas", quotas=QUOTAS)),
}
