"""Removing a tenant with everything in it."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import DeleteWorkflow, Step
from waldur_openstack.models import Tenant
from waldur_openstack.models.identity import tenant_models
from waldur_openstack.workflows.context import save
from waldur_openstack.workflows.identity import cleanup
from waldur_openstack.workflows.identity.context import TenantContext
from waldur_openstack.workflows.identity.keys import remove_keys
from waldur_openstack.workflows.identity.project import (
    GOES_WITH_PROJECT,
    delete_found_user,
    delete_project,
    delete_quotas,
    find_own_project,
    grant_admin,
)

FIND_QUIET_PROJECT = (
    Step(
        name="Wait for operations inside the tenant",
        until=lambda c: not operations_inside(c.tenant).exists(),
        deadline=timedelta(hours=1),
    ),
    Step(
        name="Find the project",
        do=find_own_project,
        record=lambda c, project: save(c.tenant, backend_id=project["id"] if project else ""),
        keeps="only reads",
    ),
)


class DeleteTenant(DeleteWorkflow):
    """Everything inside the project, then the project. An object that is gone already is no error."""

    name = "openstack.tenant.delete"
    title = "Deletion of tenant"
    model = Tenant
    context = TenantContext
    deadline = timedelta(hours=24)
    steps = (
        *FIND_QUIET_PROJECT,
        Step(
            name="Give the service account access",
            do=lambda c: grant_admin(c) if c.tenant.backend_id else None,
            keeps=GOES_WITH_PROJECT,
        ),
        *cleanup.STEPS,
        Step(
            name="Delete quotas",
            do=lambda c: [delete_quotas(service)(c) for service in ("compute", "block_storage", "network")],
            keeps="deletion is not undone",
        ),
        Step(name="Remove SSH keys", do=remove_keys, keeps="deletion is not undone"),
        Step(
            name="Delete tenant user",
            do=delete_found_user,
            record=lambda c, _: save(c.tenant, user_id=""),
            keeps="deletion is not undone",
        ),
        Step(name="Delete project", do=delete_project, keeps="deletion is not undone"),
    )


def operations_inside(tenant: Tenant) -> QuerySet[Operation]:
    """What is still at work on servers, volumes and the like: it could make something after we looked for it."""
    inside = Q()
    for model in tenant_models():
        inside |= Q(subject_uuid__in=model._default_manager.filter(tenant=tenant).values("uuid"))
    return Operation.objects.filter(inside, state__in=Operation.LIVE)
