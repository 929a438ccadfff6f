"""What became of tenants: their projects are looked up by id, or by the tag that carries our mark."""

from collections.abc import Iterable
from typing import Any

from waldur_core.operations.errors import OperationError
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import mark
from waldur_openstack.models import SyncRun, Tenant
from waldur_openstack.stuck.orphans import CHANGING, CREATING, DELETING, is_overdue, orphans, settle
from waldur_openstack.sync.errands import is_silent, note
from waldur_openstack.workflows.identity.project import MEMBER_ROLES, role_named


def resolve_tenants(service: ServiceSettings, run: SyncRun, states: Iterable[CoreState] = CHANGING) -> None:
    """Look at the tenants of a cloud that are stuck in one of `states`. Raises what a silent cloud does."""
    for tenant in orphans(Tenant, states, service_settings=service):
        run.rows_seen += 1
        try:
            run.rows_changed += resolve(tenant, Cloud.of(service))
        except OperationError as error:
            if is_silent(error):
                raise
            note(run, f"tenant {tenant}", error)


def resolve(tenant: Tenant, cloud: Cloud) -> bool:
    project = project_of(tenant, cloud)
    if project is None:
        text = f"Timed out: tenant {tenant} was left {tenant.state}, and has no project in the cloud."
        return is_overdue(tenant) and settle(tenant, CoreState.ERRED, text)
    if tenant.state in DELETING:
        text = f"The deletion of tenant {tenant} was interrupted, and its project still exists. Delete it again."
        return settle(tenant, CoreState.ERRED, text)
    found: dict[str, Any] = {"backend_id": project["id"]}
    if tenant.state in CREATING:
        user = user_of(tenant, cloud, project)
        if user is None:
            text = f"Timed out: the creation of tenant {tenant} was interrupted. Delete it, and order it again."
            return is_overdue(tenant) and settle(tenant, CoreState.ERRED, text)
        complete(tenant, cloud, project["id"], user["id"])
        found["user_id"] = user["id"]
    text = f"Tenant {tenant} was left {tenant.state}, and was found in the cloud."
    return settle(tenant, CoreState.OK, text, **found)


def complete(tenant: Tenant, cloud: Cloud, project: str, user: str) -> None:
    """What its creation may not have come to, and nobody would see missing: access, and the limits that were ordered.
    Each may be told again. What it was to have inside are rows of their own, and looked up like any others."""
    identity, roles = cloud.identity, cloud.identity.roles()
    identity.grant_role(project, identity.own_user_id(), role_named(("admin",), roles))
    identity.grant_role(project, user, role_named(MEMBER_ROLES, roles))
    for service in ("compute", "block_storage", "network"):
        getattr(cloud, service).set_quotas(project, quotas.backend_limits(tenant, service))


def project_of(tenant: Tenant, cloud: Cloud) -> JSON | None:
    known = tenant.backend_id
    return cloud.identity.find_project(known) if known else cloud.identity.find_project_by_tag(mark(tenant))


def user_of(tenant: Tenant, cloud: Cloud, project: JSON) -> JSON | None:
    """The tenant's own user; a tenant without one was cut off early, and nobody could use it."""
    user = cloud.identity.find_user(tenant.user_username, project["domain_id"]) if tenant.user_username else None
    return user if user and user.get("description") == mark(tenant) else None
