"""What tenants use shows in their resources and is written down by month."""

from typing import Any
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.drive import drain
from tests.e2e.estate import Estate
from tests.marketplace_openstack.watching import shown
from waldur_core.quotas import counters
from waldur_mastermind.marketplace.models import ComponentUsage, Resource
from waldur_openstack.models import Tenant
from waldur_openstack.sync.signals import counted


def test_a_pull_of_quotas_refreshes_usages_and_those_of_the_month(estate: Estate) -> None:
    tenant, resource = estate.tenant, estate.resource_of(estate.tenant)
    assert estate.act(tenant, "pull_quotas").status_code == 202
    drain()
    usages = dict(counters.quotas_of(tenant).values_list("name", "usage"))
    expected = {"cores": usages["vcpu"], "ram": usages["ram"], "storage": usages["storage"]}
    assert all(expected.values())
    assert shown(estate, resource)["current_usages"] == expected
    rows = ComponentUsage.objects.filter(resource=resource).select_related("component", "plan_period")
    assert {row.component.type: row.usage for row in rows} == expected
    assert {row.plan_period for row in rows} == {resource.plan_periods.get()}


def test_nothing_is_written_when_usages_are_what_they_were(estate: Estate) -> None:
    counted.send(sender=Tenant, instances=[estate.tenant])
    with CaptureQueriesContext(connection) as captured:
        counted.send(sender=Tenant, instances=[estate.tenant])
    assert {query["sql"].split()[0] for query in captured} == {"SELECT", "SAVEPOINT", "RELEASE"}
    assert not [query for query in captured if "FOR " in query["sql"] and "UPDATE" in query["sql"]]


def test_many_tenants_cost_as_many_queries_as_one(estate: Estate) -> None:
    tenant, resource = estate.tenant, estate.resource_of(estate.tenant)

    def another(number: int) -> Tenant:
        copy: Any = Tenant.objects.get(pk=tenant.pk)
        copy.pk, copy.uuid, copy.backend_id, copy.name = None, uuid4(), f"backend-{number}", f"tenant {number}"
        copy.save()
        counters.set_limits(copy, {"vcpu": 100})
        counters.set_usages(copy, {"vcpu": number})
        Resource.objects.create(
            name=copy.name, offering=resource.offering, plan=resource.plan, project=resource.project, scope=copy,
            state="OK",
        )  # fmt: skip
        return copy

    def queries(tenants: list[Tenant]) -> int:
        with CaptureQueriesContext(connection) as captured:
            counted.send(sender=Tenant, instances=tenants)
        return len(captured)

    many = [another(number) for number in range(1, 12)]
    assert queries(many[:1]) == queries(many[1:])
    assert Resource.objects.get(name="tenant 7").current_usages == {"cores": 7}


def test_a_server_shows_in_the_estimate_of_nobody_but_the_tenant_is_charged(estate: Estate) -> None:
    from waldur_mastermind.billing.closing import bring_up_to_date
    from waldur_mastermind.billing.models import InvoiceItem

    bring_up_to_date()
    charged = set(InvoiceItem.objects.values_list("resource__offering__type", flat=True))
    assert charged == {"OpenStack.Tenant"}
    types = set(InvoiceItem.objects.values_list("component_type", flat=True))
    assert types == {"cores", "ram", "storage"}
