"""Limits of a tenant: here and in the cloud."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, Tenant

pytestmark = pytest.mark.django_db


def limits(cast: Cast, tenant: Tenant) -> dict[str, int]:
    answer = client_of(cast.member).get(f"/api/openstack-tenants/{tenant.uuid.hex}/quotas/")
    assert answer.status_code == 200
    return {quota["name"]: quota["limit"] for quota in answer.json()}


def test_staff_set_quotas_and_the_cloud_gets_them_in_its_own_units(
    cast: Cast, tenant: Tenant, twin: TwinClient
) -> None:
    body = {"vcpu": 7, "ram": 4096, "storage": 20480, "floating_ip_count": -1}
    answer = client_of(cast.staff).post(f"/api/openstack-tenants/{tenant.uuid.hex}/set_quotas/", body)
    assert answer.status_code == 202
    assert answer.json()["status"]
    drain()
    assert {name: limits(cast, tenant)[name] for name in body} == body
    cloud = Cloud.of(tenant.service_settings)
    assert cloud.compute.quotas(tenant.backend_id)["cores"]["limit"] == 7
    assert cloud.block_storage.quotas(tenant.backend_id)["gigabytes"]["limit"] == 20
    assert cloud.network.quotas(tenant.backend_id)["floatingip"]["limit"] == -1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"vcpu": 0}, "vcpu"),
        ({"ram": "much"}, "ram"),
        ({"storage": 100}, "storage"),
        ({"port_count": -2}, "port_count"),
        ({"cores": 4}, "cores"),
        ({}, "non_field_errors"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(
    cast: Cast, tenant: Tenant, body: dict[str, object], field: str
) -> None:
    before = limits(cast, tenant)
    answer = client_of(cast.staff).post(f"/api/openstack-tenants/{tenant.uuid.hex}/set_quotas/", body)
    assert answer.status_code == 400
    assert field in answer.json()
    assert limits(cast, tenant) == before


def test_a_limit_below_what_is_used_is_refused(cast: Cast, instance: Instance) -> None:
    tenant = instance.tenant
    before, operations = limits(cast, tenant), Operation.objects.count()
    body = {"ram": 256, "volumes": 1, "vcpu": 1}
    answer = client_of(cast.staff).post(f"/api/openstack-tenants/{tenant.uuid.hex}/set_quotas/", body)
    assert answer.status_code == 400
    assert answer.json() == {
        "ram": ["512 of ram are in use, more than 256."],
        "volumes": ["2 of volumes are in use, more than 1."],
    }
    assert (limits(cast, tenant), Operation.objects.count()) == (before, operations)


def test_limits_of_volume_types_are_set_in_gibibytes(cast: Cast, tenant: Tenant) -> None:
    answer = set_quotas(cast, tenant, gigabytes_ssd=7)
    assert answer.status_code == 202
    drain()
    assert limits(cast, tenant)["gigabytes_ssd"] == 7
    assert Cloud.of(tenant.service_settings).block_storage.quotas(tenant.backend_id)["gigabytes_ssd"]["limit"] == 7
    assert set_quotas(cast, tenant, gigabytes_tape=7).json() == {"gigabytes_tape": ["There is no such quota."]}


def test_new_limits_are_told(cast: Cast, tenant: Tenant) -> None:
    set_quotas(cast, tenant, vcpu=7, ram=51200)
    drain()
    (event,) = client_of(cast.owner).get("/api/events/?event_type=openstack_tenant_quota_limit_updated").json()
    assert event["message"] == "Tenant tenant has new limits: vcpu 7."
    assert event["context"]["limits"] == {"vcpu": 7}


def test_when_one_service_refuses_the_others_get_their_old_limits_back(
    cast: Cast, tenant: Tenant, twin: TwinClient
) -> None:
    before = limits(cast, tenant)
    twin.add_fault(service="network", method="PUT", path="quotas", status=400, message="Not so few.")
    set_quotas(cast, tenant, vcpu=7, storage=20480, network_count=5)
    drain()
    cloud = Cloud.of(tenant.service_settings)
    assert limits(cast, tenant) == before
    assert cloud.compute.quotas(tenant.backend_id)["cores"]["limit"] == before["vcpu"]
    assert cloud.block_storage.quotas(tenant.backend_id)["gigabytes"]["limit"] == before["storage"] // 1024
    operation = Operation.objects.latest("pk")
    assert (operation.state, "Not so few." in operation.error_message) == ("erred", True)
    assert client_of(cast.staff).post(f"/api/operations/{operation.uuid.hex}/retry/").status_code == 202
    drain()
    assert cloud.network.quotas(tenant.backend_id)["network"]["limit"] == limits(cast, tenant)["network_count"] == 5


def set_quotas(cast: Cast, tenant: Tenant, **quotas: int) -> Any:
    return client_of(cast.staff).post(f"/api/openstack-tenants/{tenant.uuid.hex}/set_quotas/", quotas)


def test_nobody_but_staff_sets_quotas(cast: Cast, tenant: Tenant) -> None:
    operations = Operation.objects.count()
    for person in (cast.owner, cast.member, cast.provider_owner):
        answer = client_of(person).post(f"/api/openstack-tenants/{tenant.uuid.hex}/set_quotas/", {"vcpu": 7})
        assert answer.status_code in (403, 404)
    assert Operation.objects.count() == operations
