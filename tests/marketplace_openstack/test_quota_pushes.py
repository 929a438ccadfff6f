"""`waldur push_tenant_quotas` over many tenants, each of which takes the cloud some time."""

import pytest

from tests.marketplace_openstack.test_quota_commands import run
from tests.openstack.orders import connect
from tests.openstack.syncing import adopt
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.operations.models import Operation
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Category, Offering, Resource
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_one_slow_push_does_not_hold_up_the_others(running_twin: OpenStackTwin, twin: TwinClient) -> None:
    tenants = [sold_tenant(connect(running_twin), name) for name in ("slow", "quick")]
    wait = f"os-quota-sets/{tenants[0].backend_id}"
    twin.add_fault("delay", service="compute", method="PUT", path=wait, seconds=1.0)
    code, said = run("push_tenant_quotas")
    assert (code, "2 tenants differ, 0 could" in said) == (0, True), said
    done = list(Operation.objects.order_by("finished").values_list("subject_uuid", "state"))
    assert done == [(tenant.uuid, "done") for tenant in reversed(tenants)]
    assert run("push_tenant_quotas", "--dry-run")[0] == 0


def sold_tenant(service: ServiceSettings, name: str) -> Tenant:
    """Of which the cloud knows no limits yet."""
    project = Cloud.of(service).identity.create_project(name=name, domain_id="default")["id"]
    tenant = adopt(service, project)
    category = Category.objects.create(title=name)
    offering = Offering.objects.create(
        name=name, type="OpenStack.Tenant", category=category, customer=service.customer, scope_uuid=service.uuid
    )
    limits = {"cores": 3, "ram": 2048, "storage": 10240}
    resource = Resource(name=name, offering=offering, project=tenant.project, limits=limits, state=Resource.State.OK)
    resource.scope = tenant
    resource.save()
    return tenant
