"""Lists of OpenStack objects: as many statements for twenty rows as for two, headers, sparse fields, filters."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.e2e.estate import Estate
from tests.factories import client_of
from waldur_mastermind.marketplace.models import Resource
from waldur_openstack import models

MOST = {"instances": 12, "volumes": 6, "tenants": 6, "networks": 6, "ports": 7, "security-groups": 7}
KINDS = (
    "tenants", "instances", "volumes", "networks", "subnets", "routers", "ports", "floating-ips", "security-groups",
    "server-groups", "flavors", "images", "volume-types", "instance-availability-zones", "volume-availability-zones",
)  # fmt: skip


def statements(estate: Estate, path: str, method: str = "get", user: Any = None) -> int:
    client = client_of(user or estate.owner)
    getattr(client, method)(path)  # content types are looked up once
    with CaptureQueriesContext(connection) as captured:
        response = getattr(client, method)(path)
    assert response.status_code == 200, response.content
    assert method == "head" or response.json()
    return len(captured)


def fill(estate: Estate, mark: str, number: int) -> None:
    """That many more of everything, with all they may be related to."""
    for index in range(number):
        fill_once(estate, f"{mark}-{index}")


def fill_once(estate: Estate, name: str) -> None:
    service, project = estate.tenant.service_settings, estate.project
    common: dict[str, Any] = {"name": name, "state": "OK", "backend_id": name}
    tenant = models.Tenant.objects.create(project=project, service_settings=service, **common)
    common["tenant"] = tenant
    network = models.Network.objects.create(**common)
    router = models.Router.objects.create(**common)
    subnet = models.SubNet.objects.create(network=network, router=router, cidr="10.0.0.0/24", **common)
    group, remote = models.SecurityGroup.objects.create(**common), models.SecurityGroup.objects.create(**common)
    models.SecurityGroupRule.objects.create(security_group=group, remote_group=remote)
    kind = models.VolumeType.objects.create(settings=service, name=name, backend_id=name)
    zone = models.InstanceAvailabilityZone.objects.create(settings=service, name=name, backend_id=name)
    models.VolumeAvailabilityZone.objects.create(settings=service, name=name, backend_id=name)
    image = models.Image.objects.create(settings=service, name=name, backend_id=name)
    models.Flavor.objects.create(settings=service, name=name, backend_id=name, cores=1, ram=1, disk=1)
    together = models.ServerGroup.objects.create(**common)
    server = models.Instance.objects.create(availability_zone=zone, server_group=together, **common)
    server.security_groups.add(group, remote)
    volumes = [models.Volume.objects.create(instance=server, type=kind, image=image, size=1, **common) for _ in "ab"]
    port = models.Port.objects.create(network=network, subnet=subnet, instance=server, **common)
    port.security_groups.add(group)
    models.Port.objects.create(device_owner="network:router_interface", device_id=router.backend_id, **common)
    models.FloatingIP.objects.create(port=port, address="192.0.2.1", **common)
    offering = estate.resource_of(estate.server).offering
    for scope in (tenant, server, *volumes):
        Resource.objects.create(name=name, offering=offering, project=project, scope=scope, state="OK")


@pytest.mark.slow
def test_a_list_takes_no_more_statements_for_twenty_rows_than_for_two(estate: Estate) -> None:
    fill(estate, "few", 2)
    few = {kind: statements(estate, f"/api/openstack-{kind}/?page_size=2") for kind in KINDS}
    fill(estate, "many", 18)
    many = {kind: statements(estate, f"/api/openstack-{kind}/?page_size=20") for kind in KINDS}
    assert {kind: number for kind, number in many.items() if number > few[kind]} == {}
    assert {kind: number for kind, number in many.items() if number > MOST.get(kind, 6)} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_head_counts_without_reading(estate: Estate, kind: str) -> None:
    path = f"/api/openstack-{kind}/"
    rows = estate.get(estate.owner, path, page_size=100)
    head = client_of(estate.owner).head(path)
    assert (head.status_code, head.content, head["X-Result-Count"]) == (200, b"", str(len(rows)))
    if rows:
        assert statements(estate, path, "head") <= 4


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "server-groups"])
def test_an_answer_is_as_sparse_as_one_asks(estate: Estate, kind: str) -> None:
    for row in estate.get(estate.owner, f"/api/openstack-{kind}/?field=uuid&field=name&field=nonsense"):
        assert set(row) == {"uuid", "name"}
        whole = estate.get(estate.owner, f"/api/openstack-{kind}/{row['uuid']}/")
        assert (whole["uuid"], whole["name"]) == (row["uuid"], row["name"])


def test_what_the_marketplace_adds_comes_alone_too(estate: Estate) -> None:
    (row, *_) = estate.get(estate.owner, "/api/openstack-volumes/?field=marketplace_resource_uuid")
    assert set(row) == {"marketplace_resource_uuid"}


def test_a_member_manages_nothing(estate: Estate) -> None:
    assert len(estate.get(estate.member, "/api/openstack-volumes/?can_manage=false")) == 3
    assert estate.get(estate.member, "/api/openstack-volumes/?can_manage=true") == []


def test_a_sparse_list_of_tenants_reads_no_quotas(estate: Estate) -> None:
    assert statements(estate, "/api/openstack-tenants/?field=uuid") < statements(estate, "/api/openstack-tenants/")


def test_pages_are_linked(estate: Estate) -> None:
    answer = client_of(estate.owner).get("/api/openstack-volumes/", {"page_size": 2, "state": "OK"})
    assert (len(answer.json()), answer["X-Result-Count"]) == (2, "3")
    assert 'page=2&page_size=2&state=OK>; rel="next"' in answer["Link"]
    assert client_of(estate.owner).get("/api/openstack-volumes/", {"page": 9}).status_code == 404


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("volumes/?tenant_uuid={tenant}", 3),
        ("volumes/?tenant=http://testserver/api/openstack-tenants/{tenant}/", 3),
        ("volumes/?tenant=http://testserver/api/nowhere/", 0),
        ("volumes/?instance_uuid={server}", 2),
        ("volumes/?instance=http://testserver/api/openstack-instances/{server}/", 2),
        ("volumes/?runtime_state=available", 1),
        ("volumes/?state=OK&state=ERRED", 3),
        ("volumes/?state=Erred", 0),
        ("volumes/?name=DATA", 2),
        ("volumes/?name_exact=dataset", 1),
        ("volumes/?project_uuid={project}", 3),
        ("volumes/?customer={customer}", 3),
        ("volumes/?customer_name=cust", 3),
        ("volumes/?created=2099-01-01T00:00:00Z", 0),
        ("volumes/?created=2020-01-01T00:00:00-19:54", 3),  # PostgreSQL has no such offset
        ("volumes/?can_manage=true", 3),
        ("volumes/?customer_native_name=nothing", 0),
        ("instances/?query=cirros", 1),
        ("instances/?external_ip={address}", 1),
        ("instances/?runtime_state=SHUTOFF", 0),
        ("networks/?is_external=false", 1),
        ("subnets/?ip_version=4&enable_dhcp=true", 1),
        ("floating-ips/?free=true", 0),
        ("ports/?device_owner=compute:nova", 1),
        ("security-groups/?query=ssh", 1),
        ("flavors/?ram__gte=2048&cores__lte=2", 2),
        ("flavors/?tenant_uuid={tenant}&name_iregex=^m1", 4),
        ("images/?name_exact=cirros", 1),
    ],
)
def test_lists_are_filtered(estate: Estate, query: str, number: int) -> None:
    found = {name: getattr(estate, name).uuid.hex for name in ("tenant", "server", "project", "customer")}
    found["address"] = str(models.FloatingIP.objects.get().address)
    assert len(estate.get(estate.owner, f"/api/openstack-{query.format(**found)}")) == number


@pytest.mark.parametrize(
    "query",
    [
        "volumes/?tenant_uuid=x",
        "instances/?uuid=x",
        "flavors/?tenant_uuid=x",
        "floating-ips/?address=x",
        "instances/?external_ip=x",
        "volumes/?created=0001-01-01T00:00:00%2B12:00",
    ],
)
def test_a_malformed_filter_is_named(estate: Estate, query: str) -> None:
    answer = client_of(estate.owner).get(f"/api/openstack-{query}")
    name = query.partition("?")[2].partition("=")[0]
    assert (answer.status_code, list(answer.json())) == (400, [name])


def test_volumes_are_ordered(estate: Estate) -> None:
    sizes = [row["size"] for row in estate.get(estate.owner, "/api/openstack-volumes/?o=-size")]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_sees_nothing(estate: Estate, kind: str) -> None:
    assert estate.get(estate.stranger, f"/api/openstack-{kind}/") == []
