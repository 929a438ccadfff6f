"""Keystone."""

from tests.contract.seed.house import Call, House
from tests.contract.stage import unique
from waldur_openstack.cloud import Cloud, Credentials
from waldur_openstack.models import Tenant


def tenant_creation(house: House, call: Call) -> None:
    house.service.shared, house.service.customer = False, house.cast.customer
    house.service.save()
    name = unique("tenant")
    made = call(
        {"name": name, "project": house.link(house.cast.project), "service_settings": house.link(house.service)}
    )
    tenant = Tenant.objects.get(uuid=made["uuid"])
    project = house.site.admin.identity.find_project(tenant.backend_id)
    assert project and project["name"] == name
    house.owner.delete(house.link(tenant))
    house.settle()


def tenant_deletion(house: House, call: Call) -> None:
    tenant = house.new_tenant()
    call(uuid=tenant.uuid.hex, by=house.staff)
    assert house.site.admin.identity.find_project(tenant.backend_id) is None
    assert not Tenant.objects.filter(pk=tenant.pk).exists()


def authentication(house: House, call: Call) -> None:
    """The credentials made for the tenant open its project, and no other."""
    tenant, auth_url = house.tenant, house.site.admin.credentials.auth_url
    mine = Credentials(auth_url, tenant.user_username, tenant.user_password, project_id=tenant.backend_id)
    networks = Cloud(mine).network.list("network", project_id=tenant.backend_id)
    assert tenant.internal_network_id in {network["id"] for network in networks}
    roles = house.site.admin.identity.get(f"/users/{tenant.user_id}/projects")["projects"]
    assert [project["id"] for project in roles] == [tenant.backend_id]


def quota_retrieval(house: House, call: Call) -> None:
    shown = {quota["name"]: quota["limit"] for quota in call(uuid=house.tenant.uuid.hex)}
    assert shown["vcpu"] == house.site.admin.compute.quotas(house.tenant.backend_id)["cores"]["limit"]


def quota_update(house: House, call: Call) -> None:
    call({"vcpu": 17, "snapshots": 9, "network_count": 47}, uuid=house.tenant.uuid.hex, by=house.staff)
    admin, project = house.site.admin, house.tenant.backend_id
    assert admin.compute.quotas(project)["cores"]["limit"] == 17
    assert admin.block_storage.quotas(project)["snapshots"]["limit"] == 9
    assert admin.network.quotas(project)["network"]["limit"] == 47


DONE_BY = {
    "Tenant Creation": tenant_creation,
    "Tenant Deletion": tenant_deletion,
    "Authentication": authentication,
    "Quota Retrieval": quota_retrieval,
    "Quota Update": quota_update,
}
