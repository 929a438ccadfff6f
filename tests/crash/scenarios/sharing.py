"""Scenarios of ports, of networks that are shared, and of all security groups of a tenant at once."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin
from tests.openstack.orders import build_tenant, built
from waldur_openstack.api.network.port_requests import PortCreateSerializer, change_port
from waldur_openstack.api.security.push import Push, PushedGroupSerializer
from waldur_openstack.models import NetworkRBACPolicy, Tenant


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
}
