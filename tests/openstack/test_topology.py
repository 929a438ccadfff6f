"""A tenant as a graph."""

from typing import Any

from tests.factories import Cast, client_of
from tests.openstack.wiring import url_of
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Instance, Network, NetworkRBACPolicy, Port, SubNet, Tenant


def test_a_tenant_is_shown_with_all_that_hangs_together(
    cast: Cast, instance: Instance, django_assert_max_num_queries: Any
) -> None:
    tenant, client = instance.tenant, client_of(cast.member)
    other = Tenant.objects.create(name="other", project=tenant.project, service_settings=tenant.service_settings)
    network = tenant.networks.get()
    NetworkRBACPolicy.objects.create(tenant=tenant, network=network, target_tenant=other, state=CoreState.OK)
    client.get(url_of(tenant))
    with django_assert_max_num_queries(12):
        found = client.get(url_of(tenant, "topology")).json()
    nodes = {node["id"]: node for node in found["nodes"]}
    assert {node["type"] for node in nodes.values()} == {
        "tenant", "network", "subnet", "router", "port", "instance", "floating_ip", "external_network", "rbac_share",
    }  # fmt: skip
    edges = {(nodes[edge["source"]]["type"], edge["kind"], nodes[edge["target"]]["type"]) for edge in found["edges"]}
    assert edges == {
        ("tenant", "contains", "network"),
        ("tenant", "contains", "router"),
        ("tenant", "contains", "instance"),
        ("tenant", "contains", "floating_ip"),
        ("network", "has_subnet", "subnet"),
        ("router", "gateway", "external_network"),
        ("router", "has_interface", "port"),
        ("instance", "has_port", "port"),
        ("port", "attached_to", "subnet"),
        ("floating_ip", "floating_for", "port"),
        ("network", "shared_with", "rbac_share"),
        ("rbac_share", "shared_with", "tenant"),
    }
    subnet = nodes[f"subnet:{tenant.subnets.get().uuid.hex}"]
    assert (subnet["name"], subnet["uuid"]) == (tenant.subnets.get().name, tenant.subnets.get().uuid.hex)
    assert subnet["attrs"]["properties"]["cidr"] == "192.168.42.0/24"
    assert nodes[f"tenant:{other.uuid.hex}"]["attrs"] == {"properties": {}}


def test_its_cost_does_not_grow(cast: Cast, tenant: Tenant, django_assert_max_num_queries: Any) -> None:
    for number in range(10):
        network = Network.objects.create(tenant=tenant, name=str(number))
        subnet = SubNet.objects.create(tenant=tenant, network=network, cidr=f"10.{number}.0.0/24")
        Port.objects.create(tenant=tenant, network=network, subnet=subnet)
    client = client_of(cast.member)
    client.get(url_of(tenant))
    with django_assert_max_num_queries(12):
        assert len(client.get(url_of(tenant, "topology")).json()["nodes"]) > 30
    assert client_of(cast.stranger).get(url_of(tenant, "topology")).status_code == 404
