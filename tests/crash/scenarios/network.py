"""Scenarios of what Neutron keeps."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin
from tests.openstack.orders import built, order_in_tenant
from waldur_openstack.api.floating_ips import FloatingIPCreateSerializer
from waldur_openstack.api.security.changes import SecurityGroupCreateSerializer
from waldur_openstack.workflows.security import to_backend


def order_security_group(stage: Stage, tenant: Any) -> Any:
    rules = [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr": "10.0.0.0/8"}]
    return order_in_tenant(SecurityGroupCreateSerializer, tenant, stage.cast.owner, name="group", rules=rules)


def security_group(stage: Stage) -> Any:
    return built(order_security_group(stage, stage.tenant()))


def set_rules(stage: Stage, group: Any) -> Any:
    """Nothing that was allowed stays, something else comes."""
    removed = [to_backend(rule) for rule in group.rules.all()]
    group.rules.all().delete()
    group.rules.create(protocol="tcp", from_port=80, to_port=80)
    return begin("openstack.security_group.set_rules", removed=removed)(stage, group)


def order_floating_ip(stage: Stage, tenant: Any) -> Any:
    return order_in_tenant(FloatingIPCreateSerializer, tenant, stage.cast.owner)


def floating_ip(stage: Stage) -> Any:
    return built(order_floating_ip(stage, stage.tenant()))


def floating_ip_beside_instance(stage: Stage) -> Any:
    """A free address, and a server without one."""
    return built(order_floating_ip(stage, stage.instance(floating_ips=[]).tenant))


def attached_floating_ip(stage: Stage) -> Any:
    return stage.instance().tenant.floatingips.get()


def attach_floating_ip(stage: Stage, address: Any) -> Any:
    port = address.tenant.ports.get()
    return begin("openstack.floating_ip.attach", port=port.uuid.hex)(stage, address)


SCENARIOS = {
    "openstack.security_group.create": Scenario(Stage.tenant, order_security_group),
    "openstack.security_group.update": Scenario(security_group, begin("openstack.security_group.update")),
    "openstack.security_group.set_rules": Scenario(security_group, set_rules),
    "openstack.security_group.delete": Scenario(security_group, begin("openstack.security_group.delete")),
    "openstack.floating_ip.create": Scenario(Stage.tenant, order_floating_ip),
    "openstack.floating_ip.attach": Scenario(floating_ip_beside_instance, attach_floating_ip),
    "openstack.floating_ip.detach": Scenario(attached_floating_ip, begin("openstack.floating_ip.detach")),
    "openstack.floating_ip.update": Scenario(floating_ip, begin("openstack.floating_ip.update")),
    "openstack.floating_ip.delete": Scenario(attached_floating_ip, begin("openstack.floating_ip.delete")),
}
