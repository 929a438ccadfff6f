"""Networks shared between tenants: who may share, who sees, who uses, and when sharing ends."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of, grant, make_project, make_user
from tests.openstack.orders import build_instance, build_tenant, operation_of, order_deletion
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.models import ServiceSettings, User
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Network, NetworkRBACPolicy, Port, SecurityGroup, SubNet, Tenant

pytestmark = pytest.mark.slow

POLICIES = "/api/openstack-network-rbac-policies/"
SHARED = "access_as_shared"


@pytest.fixture
def target(cast: Cast, tenant: Tenant) -> Tenant:
    """Another tenant in the same cloud, of another project; `cast.admin` is nobody there."""
    project = make_project(cast.customer, "Other project")
    return build_tenant(tenant.service_settings, project, cast.owner, name="other", skip_connection_extnet=True)


@pytest.fixture
def guest(target: Tenant) -> User:
    """An administrator of the target's project."""
    user = make_user("guest")
    grant(user, RoleName.PROJECT_ADMIN, target.project)
    return user


@pytest.fixture
def host(cast: Cast, tenant: Tenant, target: Tenant) -> User:
    """An administrator of the owner's project who also sees the target."""
    grant(cast.admin, RoleName.PROJECT_MEMBER, target.project)
    return cast.admin


def network_of(tenant: Tenant) -> Network:
    network: Network = Network.objects.get(tenant=tenant)
    return network


def link(obj: Any, kind: str) -> str:
    return f"http://testserver/api/openstack-{kind}/{obj.uuid.hex}/"


def body(tenant: Tenant, target: Tenant, **more: Any) -> dict[str, Any]:
    return {"network": link(network_of(tenant), "networks"), "target_tenant": link(target, "tenants"), **more}


def share(user: User, tenant: Tenant, target: Tenant, **more: Any) -> NetworkRBACPolicy:
    answer = client_of(user).post(POLICIES, body(tenant, target, **more))
    assert answer.status_code == 201, answer.content
    drain()
    policy = NetworkRBACPolicy.objects.get(uuid=answer.json()["uuid"])
    assert policy.state == CoreState.OK, policy.error_message
    return policy


def in_cloud(tenant: Tenant) -> list[Any]:
    return Cloud.of(tenant.service_settings).network.list("rbac_policy", object_id=network_of(tenant).backend_id)


def names(user: User, path: str, **query: Any) -> list[str]:
    answer = client_of(user).get(path, query)
    assert answer.status_code == 200, answer.content
    return sorted(row["name"] for row in answer.json())


def test_a_shared_network_is_seen_and_used_by_the_other_tenant(
    host: User, guest: User, tenant: Tenant, target: Tenant
) -> None:
    shared, own, networks = network_of(tenant).name, network_of(target).name, "/api/openstack-networks/"
    assert names(guest, networks) == [own]
    policy = share(host, tenant, target)
    (found,) = in_cloud(tenant)
    assert (found["id"], found["action"]) == (policy.backend_id, SHARED)
    assert found["target_tenant"] == target.backend_id
    query = {"tenant_uuid": target.uuid.hex}
    assert names(guest, networks) == names(guest, networks, **query) == sorted([own, shared])
    assert names(guest, networks, direct_only="true") == names(guest, networks, direct_only="true", **query) == [own]
    assert names(guest, networks, rbac_only="true") == names(guest, networks, rbac_only="true", **query) == [shared]
    subnets = "/api/openstack-subnets/"
    assert names(guest, subnets, rbac_only="true") == [SubNet.objects.get(tenant=tenant).name]
    assert names(guest, subnets, direct_only="true") == [SubNet.objects.get(tenant=target).name]
    (nested,) = client_of(guest).get(link(network_of(tenant), "networks")).json()["rbac_policies"]
    assert (nested["uuid"], nested["state"]) == (policy.uuid.hex, "OK")
    assert client_of(guest).get(link(tenant, "tenants")).status_code == 404
    answer = client_of(guest).post(
        "/api/openstack-ports/",
        {"name": "abroad", "network": link(network_of(tenant), "networks"), "target_tenant": link(target, "tenants")},
    )
    assert answer.status_code == 201, answer.content
    drain()
    port = Port.objects.get(name="abroad")
    assert (port.state, port.tenant, port.network) == (CoreState.OK, target, network_of(tenant))
    refused = client_of(guest).post(link(network_of(tenant), "networks") + "create_port/", {"name": "theirs"})
    assert refused.status_code == 403, "a port of the owner is the owner's to make"
    assert Event.objects.filter(event_type="openstack_rbac_policy_created").exists()


def test_a_server_stands_on_a_shared_subnet(host: User, cast: Cast, tenant: Tenant, target: Tenant) -> None:
    share(host, tenant, target)
    subnet = SubNet.objects.get(tenant=tenant)
    group = SecurityGroup.objects.get(tenant=target, name="ssh").uuid.hex
    instance = build_instance_abroad(target, cast.owner, subnet, group)
    (port,) = instance.ports.all()
    assert (port.subnet, port.tenant) == (subnet, target)
    policy = NetworkRBACPolicy.objects.get()
    answer = client_of(host).delete(f"{POLICIES}{policy.uuid.hex}/")
    assert (answer.status_code, port.name in answer.content.decode()) == (409, True)
    assert in_cloud(tenant)


def build_instance_abroad(tenant: Tenant, user: User, subnet: SubNet, group: str) -> Any:
    return build_instance(tenant, user, ports=[{"subnet": subnet.uuid.hex}], floating_ips=[], security_groups=[group])


def test_without_a_policy_a_foreign_network_is_of_no_use(cast: Cast, tenant: Tenant, target: Tenant) -> None:
    client, operations = client_of(cast.owner), Operation.objects.count()
    answer = client.post("/api/openstack-ports/", {"name": "port", **body(tenant, target)})
    assert (answer.status_code, list(answer.json())) == (400, ["target_tenant"])
    assert Operation.objects.count() == operations


def test_sharing_ends(host: User, guest: User, tenant: Tenant, target: Tenant) -> None:
    policy = share(host, tenant, target)
    path = f"{POLICIES}{policy.uuid.hex}/"
    for method in ("put", "patch"):
        assert getattr(client_of(host), method)(path, {"policy_type": SHARED}).status_code == 405
    assert client_of(guest).delete(path).status_code == 403
    answer = client_of(host).delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    drain()
    assert (in_cloud(tenant), NetworkRBACPolicy.objects.count()) == ([], 0)
    assert names(guest, "/api/openstack-networks/") == [network_of(target).name]


def test_the_older_doors_lead_to_the_same_room(host: User, tenant: Tenant, target: Tenant) -> None:
    network = link(network_of(tenant), "networks")
    answer = client_of(host).post(f"{network}rbac_policy_create/", {"target_tenant": link(target, "tenants")})
    assert (answer.status_code, answer.json()["policy_type"]) == (200, SHARED), answer.content
    drain()
    path = f"{network}rbac_policy_delete/{answer.json()['uuid']}/"
    assert client_of(host).delete(f"{network}rbac_policy_delete/{'0' * 32}/").status_code == 404
    assert client_of(host).delete(f"{network}rbac_policy_delete/{'-' * 32}/").status_code == 404
    assert client_of(host).delete(path).status_code == 204
    drain()
    assert (in_cloud(tenant), NetworkRBACPolicy.objects.count()) == ([], 0)


def test_the_direction_depends_on_who_looks(host: User, guest: User, tenant: Tenant, target: Tenant) -> None:
    policy = share(host, tenant, target)

    def found(**query: Any) -> list[tuple[str, str]]:
        rows = client_of(host).get(POLICIES, query).json()
        return [(row["direction"], row["target_label"]) for row in rows]

    out, into = [("outbound", "other")], [("inbound", "tenant")]
    assert found() == found(tenant_uuid=tenant.uuid.hex) == found(tenant=link(tenant, "tenants")) == out
    assert found(tenant_uuid=target.uuid.hex) == found(tenant_uuid=target.uuid.hex, direction="inbound") == into
    assert found(tenant_uuid=target.uuid.hex, direction="outbound") == []
    assert found(target_tenant_uuid=target.uuid.hex) == found(network_uuid=policy.network.uuid.hex) == out
    assert found(network=link(policy.network, "networks"), policy_type=SHARED, direction="all") == out
    assert found(policy_type="access_as_external") == found(target_tenant=link(tenant, "tenants")) == []
    assert len(client_of(guest).get(POLICIES, {"direction": "inbound"}).json()) == 1
    assert client_of(guest).get(POLICIES, {"direction": "outbound"}).json() == []
    assert client_of(host).get(POLICIES, {"direction": "up"}).status_code == 400


def test_a_bad_request_is_refused_and_changes_nothing(
    host: User, cast: Cast, tenant: Tenant, target: Tenant, service_settings: ServiceSettings
) -> None:
    share(host, tenant, target)
    other = ServiceSettings.objects.create(name="other cloud", type="OpenStack", customer=service_settings.customer)
    far = Tenant.objects.create(name="far", project=tenant.project, service_settings=other, backend_id="x")
    raw = Tenant.objects.create(name="raw", project=tenant.project, service_settings=service_settings)
    operations = Operation.objects.count()
    for field, change in (
        ("network", {"network": "0" * 32}),
        ("target_tenant", {"target_tenant": "0" * 32}),
        ("target_tenant", {"target_tenant": None}),
        ("target_tenant", {}),
        ("target_tenant", {"target_tenant": link(tenant, "tenants")}),
        ("target_tenant", {"target_tenant": link(far, "tenants")}),
        ("target_tenant", {"target_tenant": link(raw, "tenants")}),
        ("policy_type", {"policy_type": "access_as_friend"}),
    ):
        answer = client_of(host).post(POLICIES, {**body(tenant, target), **change}, format="json")
        assert (answer.status_code, list(answer.json())) == (400, [field]), answer.content
    assert client_of(cast.member).post(POLICIES, body(tenant, target)).status_code == 403
    assert client_of(cast.stranger).post(POLICIES, body(tenant, target)).status_code == 400
    Network.objects.filter(tenant=tenant).update(state=CoreState.UPDATING)
    assert client_of(host).post(POLICIES, body(tenant, target)).status_code == 409
    assert (NetworkRBACPolicy.objects.count(), Operation.objects.count()) == (1, operations)


def test_a_policy_that_the_cloud_has_already_is_adopted(host: User, tenant: Tenant, target: Tenant) -> None:
    made = Cloud.of(tenant.service_settings).network.create(
        "rbac_policy",
        object_type="network",
        object_id=network_of(tenant).backend_id,
        action=SHARED,
        target_tenant=target.backend_id,
    )
    assert share(host, tenant, target).backend_id == made["id"]


def test_the_cloud_keeps_a_share_that_is_in_use(host: User, tenant: Tenant, target: Tenant) -> None:
    policy = share(host, tenant, target)
    network = Cloud.of(tenant.service_settings).network
    port = network.create("port", network_id=network_of(tenant).backend_id, project_id=target.backend_id)
    assert client_of(host).delete(f"{POLICIES}{policy.uuid.hex}/").status_code == 204
    drain()
    policy.refresh_from_db()
    assert (policy.state, "its ports there have to go first" in policy.error_message) == (CoreState.ERRED, True)
    assert operation_of(policy).state == Operation.State.ERRED
    network.remove("port", port["id"])
    assert client_of(host).delete(f"{POLICIES}{policy.uuid.hex}/").status_code == 204
    drain()
    assert in_cloud(tenant) == []


def test_an_external_share_is_seen_but_bears_no_ports(host: User, guest: User, tenant: Tenant, target: Tenant) -> None:
    share(host, tenant, target, policy_type="access_as_external")
    assert network_of(tenant).name in names(guest, "/api/openstack-networks/", rbac_only="true")
    answer = client_of(guest).post("/api/openstack-ports/", {"name": "port", **body(tenant, target)})
    assert answer.status_code == 400


def test_a_tenant_that_goes_is_shared_with_no_more(host: User, cast: Cast, tenant: Tenant, target: Tenant) -> None:
    share(host, tenant, target)
    order_deletion(target, cast.owner)
    drain()
    assert not Tenant.objects.filter(pk=target.pk).exists()
    assert (in_cloud(tenant), NetworkRBACPolicy.objects.count()) == ([], 0)
