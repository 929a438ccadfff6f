"""Scenarios of connections and tenants."""

from typing import Any

from tests.crash.scenarios.stage import Scenario, Stage, begin, delete, nothing
from tests.openstack.orders import PUBLIC_KEY, key_of, order_tenant
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.importing.tenants import find_importable, import_tenant
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.context import save


def connection(stage: Stage, state: CoreState = CoreState.OK) -> ServiceSettings:
    ServiceSettings.objects.filter(pk=stage.service.pk).update(state=state)
    stage.service.refresh_from_db()
    return stage.service


def create_tenant(stage: Stage, _: Any) -> Any:
    return order_tenant(stage.service, stage.cast.project, stage.cast.owner)


def rename_tenant(stage: Stage, tenant: Any) -> Any:
    Tenant.objects.filter(pk=tenant.pk).update(name="renamed")
    tenant.refresh_from_db()
    return begin("openstack.tenant.update", changed=["name"])(stage, tenant)


def change_password(stage: Stage, tenant: Any) -> Any:
    save(tenant, new_user_password="correct horse battery")
    return begin("openstack.tenant.change_password")(stage, tenant)


def tenant_with_keys(stage: Stage) -> Any:
    """The owner has a key, which the tenant's user shall get; Nova has one of ours that nobody wants any more."""
    tenant = stage.tenant()
    key_of(stage.cast.owner)
    stage.admin.compute.create_keypair_for(tenant.user_id, f"{'0' * 32}-former", PUBLIC_KEY)
    return tenant.keydistributions.get()


def project_by_hand(stage: Stage) -> str:
    """A project with a network, a server and a volume that others have made; returns its id."""
    admin = stage.admin
    project = str(admin.identity.create_project(name="by hand", domain_id="default", tags=["theirs"])["id"])
    admin.identity.grant_role(project, admin.identity.own_user_id(), admin.identity.roles()["admin"])
    cloud = admin.in_project(project)
    network = cloud.network.create("network", name="by hand")
    cloud.network.create("subnet", network_id=network["id"], cidr="10.8.0.0/24", ip_version=4)
    cloud.block_storage.create_volume(name="by hand", size=1)
    flavor = next(flavor["id"] for flavor in cloud.compute.flavors() if flavor["name"] == "m1.tiny")
    image = next(image["id"] for image in cloud.image.images() if image["name"] == "cirros")
    server = {"name": "by hand", "flavorRef": flavor, "imageRef": image, "networks": [{"uuid": network["id"]}]}
    cloud.compute.create_server(server)
    admin.identity.revoke_role(project, admin.identity.own_user_id(), admin.identity.roles()["admin"])
    return project


def import_project(stage: Stage, project: str) -> Any:
    found = find_importable(stage.service, project)
    return import_tenant(stage.service, found, stage.cast.project, stage.cast.owner)


QUOTAS = {"vcpu": 30, "storage": 20480, "network_count": 5}

SCENARIOS = {
    "openstack.connection.create": Scenario(
        nothing,
        lambda stage, _: begin("openstack.connection.create")(stage, connection(stage, CoreState.CREATION_SCHEDULED)),
    ),
    "openstack.connection.check": Scenario(
        nothing, lambda stage, _: begin("openstack.connection.check")(stage, connection(stage))
    ),
    "openstack.tenant.create": Scenario(nothing, create_tenant),
    "openstack.tenant.import": Scenario(project_by_hand, import_project),
    "openstack.tenant.delete": Scenario(lambda stage: stage.instance().tenant, delete),
    "openstack.tenant.update": Scenario(Stage.tenant, rename_tenant),
    "openstack.tenant.change_password": Scenario(Stage.tenant, change_password),
    "openstack.tenant.distribute_keys": Scenario(tenant_with_keys, begin("openstack.tenant.distribute_keys")),
    "openstack.tenant.push_quotas": Scenario(Stage.tenant, begin("openstack.tenant.push_quotas", quotas=QUOTAS)),
}
