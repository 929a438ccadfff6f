"""What a system knows of a large cloud before it has ever looked: the tenants."""

from typing import Any

from waldur_core.quotas.models import UNLIMITED, Quota
from waldur_core.structure.models import Customer, Project, ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.models import SyncCursor, Tenant
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


def forget(service_settings: ServiceSettings) -> None:
    """All but the tenants."""
    for model in tenant_models():
        model._default_manager.filter(service_settings=service_settings).delete()
    SyncCursor.objects.filter(service_settings=service_settings).delete()
