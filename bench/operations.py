"""Large things inside a tenant, through the API and by a bare openstacksdk script: seconds and cloud calls of both."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bench import bare_script, orders
from bench.stage import Stage
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.quotas import PushQuotas

VOLUMES, PORTS = 10, 8
QUOTAS = {"security_group_rule_count": 2000, "network_count": 50, "subnet_count": 50, "port_count": -1}


class Cost(NamedTuple):
    seconds: float
    calls: int


def cost_of(stage: Stage, work: Callable[[], Any]) -> Cost:
    """What the work takes until every operation it began has ended."""
    twin = TwinClient(stage.auth_url.removesuffix("/v3"))
    calls, began = twin.call_count(), time.perf_counter()
    work()
    while Operation.objects.filter(state__in=Operation.LIVE).exists():
        time.sleep(0.005)
    last = Operation.objects.latest("pk")
    assert last.state == Operation.State.DONE, last.error_message
    return Cost(time.perf_counter() - began, twin.call_count() - calls)


def compare(stage: Stage, offering: dict[str, Any], *, rules: int, ports: int) -> list[tuple[str, Cost, Cost]]:
    """(what, ours, the bare script's)."""
    tenant = prepare(stage, offering, "large")
    connection, parts = bare_project(stage, "bare-large")
    found = [
        (f"{rules} rules in a security group", set_rules(stage, tenant, rules), bare_rules(stage, connection, rules))
    ]
    subnets = more_subnets(stage, tenant)
    for number in range(PORTS - 1):
        network = connection.network.create_network(name=f"net-{number}")
        connection.network.create_subnet(network_id=network.id, cidr=f"10.8.{number}.0/24", ip_version=4)
    ours, bare = order_large_server(stage, tenant, subnets), bare_large_server(stage, connection, parts)
    found.append((f"Server with {VOLUMES} volumes and {PORTS} ports", ours, bare))
    tenant, (connection, _) = prepare(stage, offering, "full"), bare_project(stage, "bare-full")
    ours, bare = delete_tenant(stage, tenant, ports), bare_deletion(stage, connection, ports)
    return [*found, (f"Deletion of a tenant with {ports} ports", ours, bare)]


def prepare(stage: Stage, offering: dict[str, Any], name: str) -> Tenant:
    """A tenant with room for what follows."""
    _, order = orders.order_tenant(stage, offering, name)
    tenant = Tenant.objects.get(uuid=order["resource_uuid"])
    cost_of(stage, lambda: start(PushQuotas, tenant, user=None, parameters={"quotas": QUOTAS}))
    return tenant


def bare_project(stage: Stage, name: str) -> tuple[Any, dict[str, Any]]:
    """The same, by the bare script: a connection to the project and what it holds."""
    _, connection, parts = bare_script.create_tenant(stage.auth_url, name)
    admin = bare_script.connect(stage.auth_url)
    limits = {"security_group_rule": 2000, "network": 50, "subnet": 50, "port": -1}
    admin.network.put(f"/quotas/{connection.current_project_id}", json={"quota": limits})
    return connection, parts


# a security group with many rules -----------------------------------------------------------------------------------


def set_rules(stage: Stage, tenant: Tenant, count: int) -> Cost:
    group = stage.get(stage.owner, "openstack-security-groups", tenant_uuid=tenant.uuid.hex, name_exact="web")[0]
    rules = [{"protocol": "tcp", "from_port": n, "to_port": n, "cidr": "10.0.0.0/8"} for n in range(1000, 1000 + count)]
    return cost_of(
        stage, lambda: stage.post(stage.owner, f"openstack-security-groups/{group['uuid']}/set_rules", rules)
    )


def bare_rules(stage: Stage, connection: Any, count: int) -> Cost:
    def work() -> None:
        group = connection.network.create_security_group(name="many")
        rules = [
            {"security_group_id": group.id, "direction": "ingress", "protocol": "tcp", "remote_ip_prefix": "10.0.0.0/8",
             "port_range_min": n, "port_range_max": n}
            for n in range(1000, 1000 + count)
        ]  # fmt: skip
        connection.network.create_security_group_rules(rules)

    return cost_of(stage, work)


# a server with many parts -------------------------------------------------------------------------------------------


def order_large_server(stage: Stage, tenant: Tenant, subnets: list[str]) -> Cost:
    template = orders.server_order(stage, tenant.uuid.hex)
    parts = {
        "name": "large",
        "data_volumes": [{"size": 1024}] * (VOLUMES - 2),
        "ports": [{"subnet": subnet} for subnet in subnets],
        "floating_ips": [],
    }
    body = {**template, "attributes": {**template["attributes"], **parts}}
    return cost_of(stage, lambda: stage.wait([stage.post(stage.owner, "marketplace-orders", body)["uuid"]]))


def more_subnets(stage: Stage, tenant: Tenant) -> list[str]:
    """So many subnets that each port has its own."""
    link = f"{stage.url}api/openstack-tenants/{tenant.uuid.hex}/"
    for number in range(PORTS - 1):
        network = stage.post(stage.owner, "openstack-networks", {"tenant": link, "name": f"net-{number}"})
        cost_of(stage, lambda: None)
        body = {"network": network["url"], "name": f"sub-{number}", "cidr": f"10.8.{number}.0/24"}
        stage.post(stage.owner, "openstack-subnets", {**body, "skip_router_connection": True})
        cost_of(stage, lambda: None)
    return [subnet["url"] for subnet in stage.get(stage.owner, "openstack-subnets", tenant_uuid=tenant.uuid.hex)]


def bare_large_server(stage: Stage, connection: Any, parts: dict[str, Any]) -> Cost:
    return cost_of(stage, lambda: bare_script.create_large_server(connection, parts, VOLUMES, PORTS))


# a tenant full of ports ---------------------------------------------------------------------------------------------


def fill_with_ports(cloud: Cloud, network_id: str, count: int) -> None:
    """Without addresses: the first subnet has fewer than there are ports."""
    for first in range(0, count, 100):
        size = min(100, count - first)
        cloud.network.create_many("port", [{"network_id": network_id, "fixed_ips": []} for _ in range(size)])


def delete_tenant(stage: Stage, tenant: Tenant, ports: int) -> Cost:
    cloud = Cloud.of(tenant.service_settings).in_project(tenant.backend_id)
    fill_with_ports(cloud, tenant.internal_network_id, ports)
    resource = stage.get(stage.owner, "marketplace-resources", scope_uuid=tenant.uuid.hex)
    (found,) = [item for item in resource if item["resource_uuid"] == tenant.uuid.hex]
    return cost_of(stage, lambda: stage.post(stage.owner, f"marketplace-resources/{found['uuid']}/terminate"))


def bare_deletion(stage: Stage, connection: Any, ports: int) -> Cost:
    for first in range(0, ports, 100):
        network = next(iter(connection.network.networks(is_router_external=False))).id
        connection.network.create_ports([{"network_id": network, "fixed_ips": []}] * min(100, ports - first))
    return cost_of(stage, lambda: bare_script.delete_tenant(stage.auth_url, connection))
