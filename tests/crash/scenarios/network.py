"""Scenarios of what Neutron keeps."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin, run_workflow
from tests.openstack.orders import build_tenant, built, order_in_tenant
from waldur_openstack.api.network.floating_ip_views import FloatingIPCreateSerializer
from waldur_openstack.api.network.networks import NetworkCreateSerializer
from waldur_openstack.api.network.router_changes import RouterCreateSerializer
from waldur_openstack.api.network.subnet_changes import SubNetCreateSerializer
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
    port = address.tenant.ports.get(instance__isnull=False)
    return begin("openstack.floating_ip.attach", port=port.uuid.hex)(stage, address)


def order_network(stage: Stage, tenant: Any) -> Any:
    return order_in_tenant(NetworkCreateSerializer, tenant, stage.cast.owner, name="network")


def network(stage: Stage) -> Any:
    return built(order_network(stage, stage.tenant()))


def order_subnet(stage: Stage, network: Any) -> Any:
    serializer = SubNetCreateSerializer(
        data={"name": "subnet"}, context={"network": network, "tenant": network.tenant, "user": stage.cast.owner}
    )
    serializer.is_valid(raise_exception=True)
    return serializer.save()


def network_without_router(stage: Stage) -> Any:
    """Its first subnet brings a router."""
    tenant = build_tenant(stage.service, stage.cast.project, stage.cast.owner, skip_creation_of_default_router=True)
    tenant.skip_creation_of_default_router = False
    tenant.save()
    return built(order_network(stage, tenant))


def first_subnet(stage: Stage) -> Any:
    """Connected to the tenant's router."""
    return stage.tenant().subnets.get()


def disconnected_subnet(stage: Stage) -> Any:
    subnet = first_subnet(stage)
    run_workflow(stage, subnet, "openstack.subnet.disconnect", router=subnet.router.uuid.hex)
    return subnet


def with_its_router(name: str) -> Any:
    def schedule(stage: Stage, subnet: Any) -> Any:
        return begin(name, router=subnet.tenant.routers.get().uuid.hex)(stage, subnet)

    return schedule


def change_subnet(stage: Stage, subnet: Any) -> Any:
    subnet.dns_nameservers = ["10.0.0.2"]
    subnet.save()
    return begin("openstack.subnet.update", changed=["dns_nameservers"])(stage, subnet)


def order_router(stage: Stage, tenant: Any) -> Any:
    return order_in_tenant(RouterCreateSerializer, tenant, stage.cast.owner, name="router")


def first_router(stage: Stage) -> Any:
    """With an interface and a gateway."""
    return stage.tenant().routers.get()


def free_router(stage: Stage) -> Any:
    return built(order_router(stage, stage.tenant()))


def router_beside_subnet(stage: Stage) -> Any:
    return disconnected_subnet(stage).tenant.routers.get()


def with_first_subnet(name: str) -> Any:
    def schedule(stage: Stage, router: Any) -> Any:
        return begin(name, subnet=router.tenant.subnets.get().uuid.hex)(stage, router)

    return schedule


def set_gateway(stage: Stage, router: Any) -> Any:
    network_id = stage.service.secret_options["external_network_id"]
    return begin("openstack.router.set_external_gateway", network_id=network_id)(stage, router)


ROUTES = [{"destination": "10.9.0.0/16", "nexthop": "192.168.42.5"}]

SCENARIOS = {
    "openstack.network.create": Scenario(Stage.tenant, order_network),
    "openstack.network.update": Scenario(network, begin("openstack.network.update")),
    "openstack.network.set_mtu": Scenario(network, begin("openstack.network.set_mtu", mtu=1300)),
    "openstack.network.delete": Scenario(network, begin("openstack.network.delete")),
    "openstack.subnet.create": Scenario(network_without_router, order_subnet),
    "openstack.subnet.update": Scenario(first_subnet, change_subnet),
    "openstack.subnet.connect": Scenario(disconnected_subnet, with_its_router("openstack.subnet.connect")),
    "openstack.subnet.disconnect": Scenario(first_subnet, with_its_router("openstack.subnet.disconnect")),
    "openstack.subnet.delete": Scenario(first_subnet, begin("openstack.subnet.delete")),
    "openstack.router.create": Scenario(Stage.tenant, order_router),
    "openstack.router.update": Scenario(free_router, begin("openstack.router.update")),
    "openstack.router.add_interface": Scenario(
        router_beside_subnet, with_first_subnet("openstack.router.add_interface")
    ),
    "openstack.router.remove_interface": Scenario(first_router, with_first_subnet("openstack.router.remove_interface")),
    "openstack.router.set_external_gateway": Scenario(free_router, set_gateway),
    "openstack.router.remove_external_gateway": Scenario(
        first_router, begin("openstack.router.remove_external_gateway")
    ),
    "openstack.router.set_routes": Scenario(first_router, begin("openstack.router.set_routes", routes=ROUTES)),
    "openstack.router.delete": Scenario(free_router, begin("openstack.router.delete")),
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
