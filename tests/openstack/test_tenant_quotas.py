"""Limits of a tenant: here and in the cloud."""

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant

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


def test_nobody_but_staff_sets_quotas(cast: Cast, tenant: Tenant) -> None:
    operations = Operation.objects.count()
    for person in (cast.owner, cast.member, cast.provider_owner):
        answer = client_of(person).post(f"/api/openstack-tenants/{tenant.uuid.hex}/set_quotas/", {"vcpu": 7})
        assert answer.status_code in (403, 404)
    assert Operation.objects.count() == operations
