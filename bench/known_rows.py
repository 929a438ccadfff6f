"""What a system knows of a large cloud before it has ever looked: the tenants, and that there are servers and volumes.

Servers and volumes that were made elsewhere get rows only when somebody adopts them, so they have theirs already.
"""

from typing import Any

from waldur_core.quotas.models import UNLIMITED, Quota
from waldur_core.structure.models import Customer, Project, ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, Tenant, Volume
from waldur_openstack.models.identity import tenant_models
from waldur_openstack.quotas import DEFAULTS


def connect(auth_url: str, password: str) -> ServiceSettings:
    secrets: Any = {"backend_url": auth_url, "username": "admin", "password": password, "tenant_name": "admin"}
    return ServiceSettings.objects.create(
        name="Large cloud",
        type="OpenStack",
        state=CoreState.OK,
        secret_options=secrets | {"domain": "Default"},
    )


def know_tenants(service_settings: ServiceSettings, projects: list[str]) -> None:
    from django.contrib.contenttypes.models import ContentType

    customer = Customer.objects.create(name="Customer")
    owners = Project.objects.bulk_create(
        [Project(customer=customer, name=f"Project {n}") for n in range(len(projects))]
    )
    tenants = Tenant.objects.bulk_create(
        [
            Tenant(name="bench", project=project, service_settings=service_settings, backend_id=key, state=CoreState.OK)
            for project, key in zip(owners, projects, strict=True)
        ]
    )
    kind = ContentType.objects.get_for_model(Tenant)
    Quota.objects.bulk_create(
        [
            Quota(content_type=kind, object_id=tenant.pk, name=name, limit=UNLIMITED)
            for tenant in tenants
            for name in DEFAULTS
        ],
        batch_size=5000,
    )


def know_servers_and_volumes(service_settings: ServiceSettings) -> None:
    """Rows that say no more than the id."""
    cloud = Cloud.of(service_settings)
    tenants = {tenant.backend_id: tenant for tenant in Tenant.objects.filter(service_settings=service_settings)}
    for model, listing, owner in (
        (Instance, cloud.compute.server_pages, "tenant_id"),
        (Volume, cloud.block_storage.volume_pages, "os-vol-tenant-attr:tenant_id"),
    ):
        for page in listing() or ():
            rows = []
            for item in page:
                if tenant := tenants.get(item[owner]):
                    rows.append(_row(model, tenant, item["id"]))
            model.objects.bulk_create(rows)


def _row(model: Any, tenant: Tenant, backend_id: str) -> Any:
    fields = {"size": 1024} if model is Volume else {}
    return model(
        name="?",
        tenant=tenant,
        project_id=tenant.project_id,
        service_settings_id=tenant.service_settings_id,
        backend_id=backend_id,
        state=CoreState.OK,
        **fields,
    )


def forget(service_settings: ServiceSettings) -> None:
    """All but the tenants."""
    for model in tenant_models():
        model._default_manager.filter(service_settings=service_settings).delete()
