"""The projects of a cloud behind our tenants: their names, and whether they are there."""

from django.db import transaction

from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant
from waldur_openstack.sync.following import AT_REST, difference, untouched, write_columns
from waldur_openstack.sync.kinds import Columns, Look
from waldur_openstack.sync.reconcile import Outcome
from waldur_openstack.sync.scope import SECRETS, Scope


def gone_message(tenant: Tenant) -> str:
    return f"Tenant {tenant} does not exist in the cloud any more."


def follow_projects(service_settings: ServiceSettings, cloud: Cloud, scope: Scope) -> Outcome:
    """Names and texts follow; a tenant whose project is gone is ERRED, and recovers when it is there again.

    Keystone gives all projects in one answer. Each one missing is asked for, so a broken answer errs nobody.
    """
    tenants = Tenant.objects.filter(service_settings=service_settings, state__in=AT_REST).exclude(backend_id="")
    seen = Look(list(tenants.defer(*SECRETS)), [])
    found = {project["id"]: project for project in cloud.identity.projects()}
    gone = []
    for tenant in seen.rows:
        if tenant.backend_id not in found:
            project = cloud.identity.find_project(tenant.backend_id)
            if project is None:
                gone.append(tenant)
            else:
                found[tenant.backend_id] = project
    there = [tenant for tenant in seen.rows if tenant.backend_id in found]
    changes = {tenant: changed for tenant in there if (changed := difference(tenant, columns(found, tenant)))}
    lost = [tenant for tenant in gone if tenant.error_message != gone_message(tenant)]
    back = [tenant for tenant in there if tenant.error_message == gone_message(tenant)]
    with transaction.atomic():
        free = untouched([*changes, *lost, *back], None, seen.moment)
        write_columns({tenant: changed for tenant, changed in changes.items() if tenant.pk in free})
        for tenant in lost:
            if tenant.pk in free:
                tenant.enter(CoreState.ERRED, error_message=gone_message(tenant))
        for tenant in back:
            if tenant.pk in free:
                tenant.enter(CoreState.OK)
    return Outcome(seen=len(there), changed=len(changes), missing=len(lost))


def columns(found: dict[str, JSON], tenant: Tenant) -> Columns:
    project = found[tenant.backend_id]
    return {"name": project["name"][:150], "description": (project.get("description") or "")[:2000]}
