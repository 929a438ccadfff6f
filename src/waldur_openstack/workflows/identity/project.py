"""The project with its users, roles and quotas."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from waldur_core.operations.errors import Invalid
from waldur_core.operations.models import Operation
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.workflows.context import mark, save
from waldur_openstack.workflows.identity.cleanup import delete_default_security_group
from waldur_openstack.workflows.identity.context import ProjectContext

MEMBER_ROLES = ("Member", "_member_", "member")  # old and new clouds
IMPORT = "openstack.tenant.import"
GOES_WITH_PROJECT = "it disappears with the project"


def create_project(context: ProjectContext) -> JSON:
    tenant = context.tenant
    return context.admin.identity.create_project(
        name=tenant.name, domain_id=context.domain, description=tenant.description, enabled=True, tags=[mark(tenant)]
    )


def find_project(context: ProjectContext) -> JSON | None:
    return context.admin.identity.find_project_by_tag(mark(context.tenant))


def find_own_project(context: ProjectContext) -> JSON | None:
    """The tenant's project if it is still there: by its id, or by our tag when a crash kept the id from us.

    A project whose import has failed is not the tenant's, whatever its tag says.
    """
    known = context.tenant.backend_id
    if not known and Operation.objects.filter(subject_uuid=context.tenant.uuid, workflow=IMPORT).exists():
        return None
    return context.admin.identity.find_project(known) if known else find_project(context)


def delete_project(context: ProjectContext) -> None:
    if context.tenant.backend_id:
        context.admin.identity.delete_project(context.tenant.backend_id)
        save(context.tenant, backend_id="")


def undo_project(context: ProjectContext) -> None:
    """Delete the project, and the default security group that Neutron made in it by itself."""
    if context.tenant.backend_id:
        delete_default_security_group(context.admin, context.tenant.backend_id)
        context.tenant.securitygroups.exclude(backend_id="").delete()
    delete_project(context)


def grant_admin(context: ProjectContext) -> None:
    identity, project = context.admin.identity, context.tenant.backend_id
    identity.grant_role(project, identity.own_user_id(), role_id(context, ("admin",)))


def create_user(context: ProjectContext) -> JSON:
    tenant = context.tenant
    return context.admin.identity.create_user(
        name=tenant.user_username,
        password=tenant.user_password,
        domain_id=context.domain,
        default_project_id=tenant.backend_id,
        description=mark(tenant),
        enabled=True,
    )


def find_user(context: ProjectContext) -> JSON | None:
    user = context.admin.identity.find_user(context.tenant.user_username, context.domain)
    return user if user and user.get("description") == mark(context.tenant) else None


def record_user(context: ProjectContext, user: JSON) -> None:
    save(context.tenant, user_id=user["id"])


def delete_user(context: ProjectContext) -> None:
    if context.tenant.user_id:
        context.admin.identity.delete_user(context.tenant.user_id)
        save(context.tenant, user_id="")


def delete_found_user(context: ProjectContext) -> None:
    user = find_user(context)
    if user:
        context.admin.identity.delete_user(user["id"])


def grant_member(context: ProjectContext) -> None:
    tenant = context.tenant
    context.admin.identity.grant_role(tenant.backend_id, tenant.user_id, role_id(context, MEMBER_ROLES))


def role_id(context: ProjectContext, names: tuple[str, ...]) -> str:
    return role_named(names, context.roles)


def role_named(names: tuple[str, ...], roles: Mapping[str, str]) -> str:
    """The id of the first of `names` that the cloud knows. Raises Invalid when it knows none."""
    for name in names:
        if name in roles:
            return roles[name]
    raise Invalid(f"The cloud has no role named {' or '.join(names)}.")


def blacklisted(username: str) -> bool:
    """Whether the cloud's operator reserves this name (DEFAULT_BLACKLISTED_USERNAMES). Keystone ignores case."""
    return username.lower() in map(str.lower, settings.WALDUR_OPENSTACK["DEFAULT_BLACKLISTED_USERNAMES"])


def set_quotas(service: str) -> Any:
    def do(context: ProjectContext) -> None:
        gateway = getattr(context.admin, service)
        gateway.set_quotas(context.tenant.backend_id, quotas.backend_limits(context.tenant, service))

    return do


def delete_quotas(service: str) -> Any:
    """The services keep quotas of projects that are gone: remove them ourselves."""

    def undo(context: ProjectContext) -> None:
        if context.tenant.backend_id:
            getattr(context.admin, service).delete_quotas(context.tenant.backend_id)

    return undo
