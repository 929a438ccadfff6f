"""Changes of a tenant: its project's name and description, its user's password."""

from typing import Any

from waldur_core.events.log import record
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.context import save
from waldur_openstack.workflows.identity.context import TenantContext

KEPT = "the next change sets it again"


def update_project(context: TenantContext) -> None:
    tenant = context.subject
    context.admin.identity.update_project(tenant.backend_id, name=tenant.name, description=tenant.description)


def change_password(context: TenantContext) -> str:
    """The row keeps the old password until the cloud has taken the new one; a retry finds both."""
    wanted: str = context.subject.new_user_password
    if wanted:
        context.admin.identity.set_password(context.subject.user_id, wanted)
    return wanted


def record_password(context: TenantContext, password: str) -> None:
    if password:
        save(context.subject, user_password=password, new_user_password="")


class UpdateTenant(UpdateWorkflow):
    """Name and description. Parameters: changed, the columns."""

    name = "openstack.tenant.update"
    title = "Update of tenant"
    model = Tenant
    context = TenantContext
    steps = (Step(name="Update project", do=update_project, keeps=KEPT),)

    def succeed(self, context: Any) -> None:
        super().succeed(context)
        changed = " and ".join(context.parameters["changed"])
        tell(context, f"Tenant {context.subject.name} has been given a new {changed}.")


class ChangeTenantPassword(UpdateWorkflow):
    """The password is in no parameter: the tenant's encrypted column has it."""

    name = "openstack.tenant.change_password"
    title = "Change of password of tenant"
    model = Tenant
    context = TenantContext
    steps = (Step(name="Set password", do=change_password, record=record_password, keeps=KEPT),)

    def succeed(self, context: Any) -> None:
        super().succeed(context)
        tell(context, f"The user of tenant {context.subject.name} has been given a new password.")


def tell(context: Any, text: str) -> None:
    record("resource_update_succeeded", text, scope=context.subject, actor=context.operation.user)
