"""One scenario per workflow: what has to be there before, and how the workflow is started on it.

Every registered workflow needs one; the crash tests are made from them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.factories import Cast
from tests.openstack.orders import (
    build_instance,
    build_tenant,
    build_volume,
    built,
    operation_of,
    order_deletion,
    order_in_tenant,
    order_instance,
    order_tenant,
    order_volume,
)
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.operations.workflow import Workflow, workflow_named
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.api.floating_ips import FloatingIPCreateSerializer
from waldur_openstack.api.security.changes import SecurityGroupCreateSerializer
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Flavor
from waldur_openstack.workflows.security import to_backend


@dataclass
class Stage:
    """The people and the connected cloud that scenarios play on."""

    cast: Cast
    service: ServiceSettings

    def connect(self, twin: TwinClient) -> None:
        """Find the external network; use the account's project, in which Neutron then makes its default group."""
        self.service.secret_options["external_network_id"] = twin.external_network_id
        self.service.save()
        self.admin.network.list("security_group")

    @property
    def admin(self) -> Cloud:
        return Cloud.of(self.service)

    def tenant(self) -> Any:
        return build_tenant(self.service, self.cast.project, self.cast.owner)

    def instance(self, **attributes: Any) -> Any:
        return build_instance(self.tenant(), self.cast.owner, **attributes)

    def stopped_instance(self) -> Any:
        instance = self.instance()
        run_workflow(self, instance, "openstack.instance.stop")
        return instance

    def volume(self) -> Any:
        return build_volume(self.tenant(), self.cast.owner)

    def volume_beside_instance(self) -> Any:
        """A free volume, and a server of the same tenant to attach it to."""
        return build_volume(self.instance().tenant, self.cast.owner)

    def data_volume(self) -> Any:
        """The data volume of a stopped server."""
        return self.stopped_instance().volumes.get(bootable=False)

    def security_group(self) -> Any:
        return built(order_security_group(self, self.tenant()))

    def floating_ip(self) -> Any:
        return built(order_floating_ip(self, self.tenant()))

    def floating_ip_beside_instance(self) -> Any:
        """A free address, and a server without one."""
        return built(order_floating_ip(self, self.instance(floating_ips=[]).tenant))

    def attached_floating_ip(self) -> Any:
        return self.instance().tenant.floatingips.get()

    def connection(self, state: CoreState = CoreState.OK) -> ServiceSettings:
        ServiceSettings.objects.filter(pk=self.service.pk).update(state=state)
        self.service.refresh_from_db()
        return self.service


@dataclass(frozen=True)
class Scenario:
    """`given` is built and finished; `when` schedules the workflow on it and returns the subject."""

    given: Callable[[Stage], Any]
    when: Callable[[Stage, Any], Any]


def begin(name: str, **parameters: Any) -> Callable[[Stage, Any], Any]:
    """Schedule the workflow `name` on what was given."""

    def schedule(stage: Stage, subject: Any) -> Any:
        start(type(workflow_named(name)), subject, user=stage.cast.owner, parameters=parameters)
        return subject

    return schedule


def run_workflow(stage: Stage, subject: Any, name: str) -> None:
    from tests.drive import drain

    begin(name)(stage, subject)
    drain()
    subject.refresh_from_db()
    assert operation_of(subject).state == Operation.State.DONE


def attach(stage: Stage, volume: Any) -> Any:
    return begin("openstack.volume.attach", instance=volume.tenant.instances.get().uuid.hex)(stage, volume)


def change_flavor(stage: Stage, instance: Any) -> Any:
    flavor = Flavor.objects.get(settings=stage.service, name="m1.small")
    goal = {"flavor_name": flavor.name, "flavor_disk": flavor.disk, "cores": flavor.cores, "ram": flavor.ram}
    return begin("openstack.instance.change_flavor", flavor=flavor.backend_id, **goal)(stage, instance)


def create_tenant(stage: Stage, _: Any) -> Any:
    return order_tenant(stage.service, stage.cast.project, stage.cast.owner)


def delete(stage: Stage, subject: Any, **options: Any) -> Any:
    order_deletion(subject, stage.cast.owner, **options)
    return subject


def order_security_group(stage: Stage, tenant: Any) -> Any:
    rules = [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr": "10.0.0.0/8"}]
    return order_in_tenant(SecurityGroupCreateSerializer, tenant, stage.cast.owner, name="group", rules=rules)


def set_rules(stage: Stage, group: Any) -> Any:
    """Nothing that was allowed stays, something else comes."""
    removed = [to_backend(rule) for rule in group.rules.all()]
    group.rules.all().delete()
    group.rules.create(protocol="tcp", from_port=80, to_port=80)
    return begin("openstack.security_group.set_rules", removed=removed)(stage, group)


def order_floating_ip(stage: Stage, tenant: Any) -> Any:
    return order_in_tenant(FloatingIPCreateSerializer, tenant, stage.cast.owner)


def attach_floating_ip(stage: Stage, address: Any) -> Any:
    port = address.tenant.ports.get()
    return begin("openstack.floating_ip.attach", port=port.uuid.hex)(stage, address)


def nothing(_: Stage) -> None: ...


SCENARIOS: dict[str, Scenario] = {
    "openstack.connection.create": Scenario(
        partial(Stage.connection, state=CoreState.CREATION_SCHEDULED), begin("openstack.connection.create")
    ),
    "openstack.connection.check": Scenario(Stage.connection, begin("openstack.connection.check")),
    "openstack.tenant.create": Scenario(nothing, create_tenant),
    "openstack.tenant.delete": Scenario(lambda stage: stage.instance().tenant, delete),
    "openstack.tenant.push_quotas": Scenario(
        Stage.tenant, begin("openstack.tenant.push_quotas", quotas={"vcpu": 30, "storage": 20480, "network_count": 5})
    ),
    "openstack.instance.create": Scenario(Stage.tenant, lambda stage, tenant: order_instance(tenant, stage.cast.owner)),
    "openstack.instance.delete": Scenario(Stage.instance, partial(delete, delete_volumes=False)),
    "openstack.instance.start": Scenario(Stage.stopped_instance, begin("openstack.instance.start")),
    "openstack.instance.stop": Scenario(Stage.instance, begin("openstack.instance.stop")),
    "openstack.instance.restart": Scenario(Stage.instance, begin("openstack.instance.restart")),
    "openstack.security_group.create": Scenario(Stage.tenant, order_security_group),
    "openstack.security_group.update": Scenario(Stage.security_group, begin("openstack.security_group.update")),
    "openstack.security_group.set_rules": Scenario(Stage.security_group, set_rules),
    "openstack.security_group.delete": Scenario(Stage.security_group, begin("openstack.security_group.delete")),
    "openstack.floating_ip.create": Scenario(Stage.tenant, order_floating_ip),
    "openstack.floating_ip.attach": Scenario(Stage.floating_ip_beside_instance, attach_floating_ip),
    "openstack.floating_ip.detach": Scenario(Stage.attached_floating_ip, begin("openstack.floating_ip.detach")),
    "openstack.floating_ip.update": Scenario(Stage.floating_ip, begin("openstack.floating_ip.update")),
    "openstack.floating_ip.delete": Scenario(Stage.attached_floating_ip, begin("openstack.floating_ip.delete")),
    "openstack.instance.change_flavor": Scenario(Stage.stopped_instance, change_flavor),
    "openstack.volume.create": Scenario(Stage.tenant, lambda stage, tenant: order_volume(tenant, stage.cast.owner)),
    "openstack.volume.delete": Scenario(Stage.volume, delete),
    "openstack.volume.attach": Scenario(Stage.volume_beside_instance, attach),
    "openstack.volume.detach": Scenario(Stage.data_volume, begin("openstack.volume.detach")),
    "openstack.volume.extend": Scenario(Stage.data_volume, begin("openstack.volume.extend", size=3072)),
}


def scenario_of(name: str) -> Scenario:
    if name not in SCENARIOS:
        model = Workflow.registry[name].model.__name__
        raise AssertionError(f"No crash scenario for {name}: add one that brings a {model} to it in {__name__}.")
    return SCENARIOS[name]
