"""Projects that could become tenants."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from waldur_core.operations.errors import Invalid
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.structure.models import Project, ServiceSettings
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.credentials import generated_credentials
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.identity import ImportTenant
from waldur_openstack.workflows.identity.adoption import marks_of, require_free, valid


def importable_projects(service: ServiceSettings) -> list[JSON]:
    """The projects of the cloud's domain that are no tenants of ours, by name. Raises OperationError."""
    admin = Cloud.of(service)
    domain = admin.identity.domain_id(admin.credentials.domain)
    found = [project for project in admin.identity.projects(domain_id=domain) if _may_be_tenant(project, service)]
    known = set(Tenant.objects.filter(backend_id__in=[p["id"] for p in found]).values_list("backend_id", flat=True))
    marks = {mark for project in found for mark in marks_of(project)}
    owned = {uuid.hex for uuid in Tenant.objects.filter(uuid__in=valid(marks)).values_list("uuid", flat=True)}
    free = [project for project in found if project["id"] not in known and not marks_of(project) & owned]
    return sorted(free, key=lambda project: str(project["name"]))


def _may_be_tenant(project: JSON, service: ServiceSettings) -> bool:
    """Not the project of the service account, and no domain."""
    own = service.secret_options.get("tenant_name") or "admin"
    return project["name"] != own and not project.get("is_domain", False)


@dataclass(frozen=True)
class Found:
    """A project that may be imported, as the cloud showed it a moment ago."""

    project: JSON
    limits: dict[str, int]  # quotas, in our names and units


def find_importable(service: ServiceSettings, backend_id: str) -> Found:
    """Look at the project; 400 when it cannot become a tenant. Raises OperationError when the cloud does not answer."""
    admin = Cloud.of(service)
    project = admin.identity.find_project(backend_id)
    domain = admin.identity.domain_id(admin.credentials.domain)
    if project is None or project["domain_id"] != domain or not _may_be_tenant(project, service):
        raise ValidationError({"backend_id": ["The cloud has no such project that could be imported."]})
    try:
        require_free(project)
    except Invalid as error:
        raise ValidationError({"backend_id": [error.message]}) from error
    limits: dict[str, int] = {}
    for name in ("compute", "block_storage", "network"):
        answer = getattr(admin, name).quotas(backend_id)
        limits |= quotas.from_backend(name, answer, "limit") | quotas.of_types_from_backend(answer, "limit")
    return Found(project, limits)


@transaction.atomic
def import_tenant(
    service: ServiceSettings, found: Found, project: Project, user: Any, *, username: str = "", password: str = ""
) -> Tenant:
    """The row, and the operation that takes the project over. 400 when somebody was faster."""
    ServiceSettings.objects.select_for_update(no_key=True).get(pk=service.pk)  # one at a time
    backend_id, name = found.project["id"], found.project["name"][:150]
    under_way = Operation.objects.filter(
        workflow=ImportTenant.name, state__in=Operation.LIVE, parameters__backend_id=backend_id
    )
    if under_way.exists() or Tenant.objects.filter(backend_id=backend_id).exists():
        raise ValidationError({"backend_id": ["This project is a tenant already, or is being imported."]})
    generated = generated_credentials(name)
    tenant = Tenant.objects.create(
        service_settings=service,
        project=project,
        name=name,
        description=(found.project.get("description") or "")[:2000],
        user_username=username or generated["user_username"],
        user_password=password or generated["user_password"],
    )
    counters.set_limits(tenant, {**quotas.DEFAULTS, **found.limits})
    parameters = {"backend_id": backend_id, "given_credentials": bool(username)}
    start(ImportTenant, tenant, user=user, parameters=parameters)
    return tenant
