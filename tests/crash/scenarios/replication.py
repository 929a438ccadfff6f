"""Scenarios of migrations: a tenant with a second network is copied within its cloud, and the copy is taken back."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin
from tests.drive import drain
from tests.openstack.behind import cloud_of
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Category, Offering, Resource
from waldur_mastermind.marketplace.orders import periods
from waldur_openstack_replication.api.requests import Request
from waldur_openstack_replication.planning.plan import Wishes
from waldur_openstack_replication.preparing import Prepared
from waldur_openstack_replication.workflows.rollback import hold

LIMITS = {"cores": 4, "ram": 8192, "storage": 102400}


def tenant_on_sale(stage: Stage) -> Any:
    """Its resource and offering; in the cloud a second network, a route, ports of a virtual address and of a router."""
    tenant = stage.tenant()
    network = cloud_of(tenant).network
    second = network.create("network", name="second")
    subnet = network.create("subnet", network_id=second["id"], cidr="10.9.0.0/24", ip_version=4)
    router = tenant.routers.get().backend_id
    network.add_router_interface(router, subnet["id"])
    network.update("router", router, routes=[{"destination": "10.9.0.0/25", "nexthop": "10.9.0.7"}])
    network.create("port", network_id=second["id"], name="vip", device_owner="compute:nova")
    fixed = [{"subnet_id": subnet["id"], "ip_address": "10.9.0.9"}]
    port = network.create("port", network_id=second["id"], fixed_ips=fixed)
    network.add_router_interface(network.create("router", name="inner")["id"], port_id=port["id"])
    begin("openstack.tenant.pull")(stage, tenant)
    drain()
    category = Category.objects.create(title="Clouds")
    offering = Offering(
        name="Cloud", type="OpenStack.Tenant", category=category, customer=stage.service.customer,
        state=Offering.State.ACTIVE,
    )  # fmt: skip
    offering.scope = stage.service
    offering.save()
    catalogue.sync_components(offering)
    plan = catalogue.create_plan(offering, {"name": "Standard"})
    resource = Resource(
        name="tenant", offering=offering, plan=plan, project=stage.cast.project, limits=LIMITS, state=Resource.State.OK
    )
    resource.scope = tenant
    resource.save()
    periods.begin(resource, plan)
    return resource


def migrate(stage: Stage, resource: Any) -> Any:
    asked = Request(
        user=stage.cast.owner, src_resource=resource, offering=resource.offering, tariff=resource.plan, name="copy",
        description="", mappings={}, wishes=Wishes(sync_instance_ports=True),
    )  # fmt: skip
    return Prepared(asked).begin()


def migrated(stage: Stage) -> Any:
    migration = migrate(stage, tenant_on_sale(stage))
    drain()
    migration.refresh_from_db()
    assert migration.state == "OK", migration.error_message
    return migration


def take_back(stage: Stage, migration: Any) -> Any:
    hold(migration)
    return begin("openstack.migration.rollback")(stage, migration)


SCENARIOS = {
    "openstack.migration.run": Scenario(tenant_on_sale, migrate),
    "openstack.migration.rollback": Scenario(migrated, take_back),
}
