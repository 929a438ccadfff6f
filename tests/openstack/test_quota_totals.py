"""What tenants use together, over projects, customers and clouds: exactly the sums, whatever happens."""

from typing import Any

import pytest
import waldur_api_client.models as client_models
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import Cast, client_of, make_project
from tests.openstack.actions import usages
from tests.openstack.orders import build_instance, build_tenant
from waldur_core.quotas import counters
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import Tenant
from waldur_openstack.quotas import totals

pytestmark = pytest.mark.django_db


def asked(person: Any, of: str, name: str) -> dict[str, int]:
    answer = client_of(person).get(f"/api/{of}-quotas/", {"quota_name": name})
    assert answer.status_code == 200, answer.content
    label = "service_settings_name" if of == "service-settings" else f"{of}_name"
    return {row[label]: row["value"] for row in answer.json()}


def test_projects_customers_and_clouds_show_what_their_tenants_use_together(
    cast: Cast, tenant: Tenant, service_settings: ServiceSettings
) -> None:
    second = build_tenant(service_settings, make_project(cast.customer, "Second"), cast.owner, name="second")
    build_instance(tenant, cast.owner)
    counters.count(second, {"vcpu": 3, "ram": 100, "storage": 1, "floating_ip_count": 2, "instances": 3})
    one, two = usages(tenant), usages(second)
    for total, name in (
        ("vpc_cpu_count", "vcpu"), ("vpc_ram_size", "ram"), ("vpc_storage_size", "storage"),
        ("vpc_floating_ip_count", "floating_ip_count"), ("vpc_instance_count", "instances"),
    ):  # fmt: skip
        assert one[name] and two[name]
        assert asked(cast.owner, "project", total) == {"Project": one[name], "Second": two[name]}
        assert asked(cast.owner, "customer", total) == {"Customer": one[name] + two[name]}
    for total, name in (("openstack_vcpu", "vcpu"), ("openstack_ram", "ram"), ("openstack_storage", "storage")):
        assert asked(cast.staff, "service-settings", total)[service_settings.name] == one[name] + two[name]


def test_nobody_sees_the_totals_of_others(cast: Cast, tenant: Tenant) -> None:
    assert asked(cast.member, "project", "vpc_cpu_count") == {"Project": 0}
    assert asked(cast.stranger, "project", "vpc_cpu_count") == {}
    assert asked(cast.stranger, "customer", "vpc_cpu_count") == {}


@pytest.mark.parametrize(
    ("of", "name"), [("project", ""), ("customer", "cores"), ("service-settings", "vpc_cpu_count")]
)
def test_a_total_that_there_is_not_is_refused(cast: Cast, of: str, name: str) -> None:
    answer = client_of(cast.owner).get(f"/api/{of}-quotas/", {"quota_name": name})
    assert answer.status_code == 400
    assert list(answer.json()) == ["quota_name"]


def test_a_page_is_a_constant_number_of_statements(cast: Cast, tenant: Tenant) -> None:
    asked(cast.owner, "project", "vpc_cpu_count")
    with CaptureQueriesContext(connection) as few:
        assert len(asked(cast.owner, "project", "vpc_cpu_count")) == 1
    for number in range(8):
        make_project(cast.customer, f"Project {number}")
    with CaptureQueriesContext(connection) as many:
        assert len(asked(cast.owner, "project", "vpc_cpu_count")) == 9
    assert len(many) == len(few)


@pytest.mark.parametrize("model", ["ProjectQuotas", "CustomerQuotas"])
def test_the_published_client_reads_the_totals(cast: Cast, tenant: Tenant, model: str) -> None:
    of = model.removesuffix("Quotas").lower()
    (row,) = client_of(cast.owner).get(f"/api/{of}-quotas/", {"quota_name": "vpc_storage_size"}).json()
    parsed = getattr(client_models, model).from_dict(row)
    assert (parsed.value, parsed.customer_name) == (0, "Customer")
    for name in totals.OF_TEAMS:
        assert client_models.CustomerQuotasQuotaNameEnum(name)
