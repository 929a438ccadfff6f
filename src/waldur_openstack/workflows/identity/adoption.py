"""Taking over a project that exists already. Until the last step it is not ours: what fails before leaves it as it was.

Only when everything inside has rows does the project get our mark, and the tenant its `backend_id`. A tenant without
that id has no project, so ending a failed import can never delete somebody's servers.
"""

from dataclasses import replace
from functools import cached_property
from typing import Any

from django.db import transaction

from waldur_core.operations.errors import AuthenticationFailed, Invalid, NotFound
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import CreateWorkflow, Step
from waldur_core.rest.errors import Conflict
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import MARK
from waldur_openstack.models import Tenant
from waldur_openstack.models.identity import tenant_models
from waldur_openstack.removal import Removal
from waldur_openstack.sync.kinds import Kind, Look
from waldur_openstack.sync.reconcile import look, reconcile
from waldur_openstack.sync.register import KINDS
from waldur_openstack.workflows.context import mark, save
from waldur_openstack.workflows.identity.context import TenantContext
from waldur_openstack.workflows.identity.project import (
    IMPORT,
    MEMBER_ROLES,
    create_user,
    delete_found_user,
    find_user,
    record_user,
    role_id,
)
from waldur_openstack.workflows.pulling.base import READS, add_rows
from waldur_openstack.workflows.pulling.tenants import (
    READ_FLAVORS,
    READ_IMAGES,
    READ_QUOTAS,
    READ_VOLUME_TYPES,
    READ_ZONES,
)


class ImportContext(TenantContext):
    """`tenant.backend_id` is known here from the parameters, and written to the row at the very end."""

    @property
    def project_id(self) -> str:
        return str(self.parameters["backend_id"])

    @property
    def tenant(self) -> Tenant:
        tenant = self.subject
        tenant.backend_id = self.project_id
        return tenant

    @cached_property
    def cloud(self) -> Cloud:
        return self.admin.in_project(self.project_id)

    @cached_property
    def account(self) -> str:
        return self.admin.identity.own_user_id()

    @cached_property
    def admin_role(self) -> str:
        return role_id(self, ("admin",))


def marks_of(project: JSON) -> set[str]:
    """The uuids of the tenants that the project says it belongs to."""
    return {tag.removeprefix(MARK) for tag in project.get("tags", ()) if tag.startswith(MARK)}


def require_free(project: JSON, tenant: Tenant | None = None) -> None:
    """Invalid when the project is a tenant of ours already."""
    others = Tenant.objects.exclude(pk=tenant.pk) if tenant else Tenant.objects.all()
    if others.filter(backend_id=project["id"]).exists() or others.filter(uuid__in=valid(marks_of(project))).exists():
        raise Invalid(f"The project {project['name']} belongs to a tenant already.")


def valid(uuids: set[str]) -> list[str]:
    return [uuid for uuid in uuids if len(uuid) == 32 and set(uuid) <= set("0123456789abcdef")]


def find_project(context: ImportContext) -> JSON:
    """How it is before we touch it: what undoing goes back to."""
    project = context.admin.identity.find_project(context.project_id)
    if project is None:
        raise NotFound(f"The cloud has no project {context.project_id} any more.")
    require_free(project, context.subject)
    held = context.admin.identity.roles_of(context.project_id, context.account)
    return {"tags": project["tags"], "had_access": context.admin_role in held}


def keep_project(context: ImportContext, found: JSON) -> None:
    if "tags" not in context.data:  # a later try sees what an earlier one has made of it
        context.data.update(found)


def give_access(context: ImportContext) -> None:
    context.admin.identity.grant_role(context.project_id, context.account, context.admin_role)


def take_access(context: ImportContext) -> None:
    if not context.data["had_access"]:
        context.admin.identity.revoke_role(context.project_id, context.account, context.admin_role)


def make_user(context: ImportContext) -> JSON:
    """A new user; or the one that exists, when the given password is his and opens the project."""
    tenant = context.tenant
    known = context.admin.identity.find_user(tenant.user_username, context.domain)
    if known is None or known.get("description") == mark(tenant):
        return known or create_user(context)
    if not context.parameters.get("given_credentials"):
        raise Invalid(f"The cloud has a user {tenant.user_username} already.")
    try:
        own_id = context.admin.signed_in_as(tenant.user_username, tenant.user_password, context.project_id)
    except AuthenticationFailed as error:
        raise Invalid(
            f"The cloud has a user {tenant.user_username} already, and the given password does not open the project "
            f"to him."
        ) from error
    return {"id": own_id}


def keep_user(context: ImportContext, user: JSON) -> None:
    record_user(context, user)
    context.data["new_user"] = user.get("description") == mark(context.tenant)


def undo_user(context: ImportContext) -> None:
    """The user goes when he was made by us."""
    delete_found_user(context)
    save(context.subject, user_id="")


def let_user_in(context: ImportContext) -> None:
    """A user who existed has just shown that he has access."""
    if not context.data["new_user"]:
        return
    context.admin.identity.grant_role(context.project_id, context.tenant.user_id, role_id(context, MEMBER_ROLES))


def read_inside(kind: Kind) -> Step:
    """All that the project has becomes rows, servers and volumes too."""

    def read(context: ImportContext) -> Look:
        seen = look(kind, context.tenant, context.cloud)
        return replace(seen, adopted=tuple(seen.found))

    return Step(
        name=f"Take in {kind.plural}",
        do=read,
        record=lambda c, seen: add_rows(c, reconcile(kind, c.tenant, seen, subject=c.subject)),
        keeps=READS,
    )


def forget_inside(context: ImportContext) -> None:
    """The rows of what is inside go again."""
    with transaction.atomic():
        for model in tenant_models():
            Removal(model._default_manager.filter(tenant=context.subject)).carry_out()


def mark_project(context: ImportContext) -> list[str]:
    theirs = [tag for tag in context.data["tags"] if not tag.startswith(MARK)]
    context.admin.identity.set_tags(context.project_id, [*theirs, mark(context.tenant)])
    return theirs


def record_project(context: ImportContext, _: Any) -> None:
    tenant = context.tenant
    network = tenant.networks.filter(is_external=False).order_by("pk").first()
    router = tenant.routers.exclude(external_network_id="").order_by("pk").first()
    save(
        tenant,
        backend_id=context.project_id,
        internal_network_id=network.backend_id if network else "",
        external_network_id=router.external_network_id if router else "",
    )


def unmark_project(context: ImportContext) -> None:
    """First ours: from here on nothing takes the project for the tenant's."""
    save(context.subject, backend_id="")
    context.admin.identity.set_tags(context.project_id, context.data["tags"])


class ImportTenant(CreateWorkflow):
    """A tenant for a project that exists already, with all that is inside."""

    name = IMPORT
    started_by_itself = True  # by what sells tenants
    title = "Import of tenant"
    model = Tenant
    context = ImportContext
    event = "resource_import"
    steps = (
        Step(name="Find the project", do=find_project, record=keep_project, keeps=READS),
        Step(name="Give the service account access", do=give_access, undo=take_access),
        Step(name="Create tenant user", do=make_user, marker=find_user, record=keep_user, undo=undo_user),
        Step(name="Give the tenant user access", do=let_user_in, keeps="it ends with the user"),
        READ_FLAVORS,
        READ_IMAGES,
        READ_VOLUME_TYPES,
        READ_ZONES,
        Step(name="Forget what is inside", undo=forget_inside),
        *(read_inside(kind) for kind in KINDS),
        READ_QUOTAS,
        Step(name="Mark the project", do=mark_project, record=record_project, undo=unmark_project),
    )

    def resume(self, operation: Operation, subject: Any) -> None:
        """Somebody else may have imported the project meanwhile."""
        backend_id = operation.parameters["backend_id"]
        if Tenant.objects.filter(backend_id=backend_id).exclude(pk=subject.pk).exists():
            raise Conflict("The project has become another tenant meanwhile.")
