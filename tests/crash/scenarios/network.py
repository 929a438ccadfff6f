"""Scenarios of what Neutron keeps."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin
from tests.openstack.orders import build_tenant, built, order_in_tenant
from waldur_openstack.api.floating_ips import FloatingIPCreateSerializer
from waldur_openstack.api.network.port_requests import PortCreateSerializer, change_port
from waldur_openstack.api.security.changes import SecurityGroupCreateSerializer
from waldur_openstack.api.security.push import Push, PushedGroupSerializer
from waldur_openstack.models import NetworkRBACPolicy, Tenant
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


def order_port(stage: Stage, tenant: Any) -> Any:
    context = {"tenant": tenant, "user": stage.cast.owner, "network": tenant.networks.get()}
    serializer = PortCreateSerializer(data={"name": "port"}, context=context)
    serializer.is_valid(raise_exception=True)
    return serializer.save()


def port(stage: Stage) -> Any:
    return built(order_port(stage, stage.tenant()))


def rename_port(stage: Stage, port: Any) -> Any:
    change_port(port, stage.cast.owner, name="renamed", admin_state_up=False)
    return port


def neighbours(stage: Stage) -> Any:
    """A tenant with a network, and another tenant of the same cloud, from whose side it is looked at."""
    owner = stage.tenant()
    build_tenant(stage.service, stage.cast.project, stage.cast.owner, name="neighbour", skip_connection_extnet=True)
    return owner


def share(stage: Stage, tenant: Any) -> Any:
    target = Tenant.objects.get(name="neighbour")
    policy = NetworkRBACPolicy.objects.create(tenant=tenant, network=tenant.networks.get(), target_tenant=target)
    return begin("openstack.network_rbac_policy.create")(stage, policy)


def policy(stage: Stage) -> Any:
    return built(share(stage, neighbours(stage)))


def push_security_groups(stage: Stage, tenant: Any) -> Any:
    """One group goes, one is renamed and gets other rules, two come that name each other."""
    rows = tenant.securitygroups.exclude(name="default").order_by("pk")
    kept = rows.first()
    items = [
        {"uuid": kept.uuid.hex, "name": "renamed", "rules": [{"protocol": "udp"}]},
        {"name": "a", "rules": [{"remote_group_name": "b"}]},
        {"name": "b", "rules": [{"remote_group_name": "a"}]},
    ]
    assert rows.count() > 1
    serializer = PushedGroupSerializer(data=items, many=True, context={"tenant": tenant, "user": stage.cast.owner})
    serializer.is_valid(raise_exception=True)
    Push(tenant, serializer.validated_data, stage.cast.owner).start()
    return tenant


SCENARIOS = {
    "openstack.port.create": Scenario(Stage.tenant, order_port),
    "openstack.port.update": Scenario(port, rename_port),
    "openstack.port.delete": Scenario(port, begin("openstack.port.delete")),
    "openstack.network_rbac_policy.create": Scenario(neighbours, share),
    "openstack.network_rbac_policy.delete": Scenario(policy, begin("openstack.network_rbac_policy.delete")),
    "openstack.tenant.push_security_groups": Scenario(Stage.tenant, push_security_groups),
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
