"""Server groups: Nova keeps a name, a policy and who made it, and nothing else of ours.

So the groups that exist are listed before one is made. A lost group is one that was not there, has the name and the
policy, was made by our own account, and belongs to no row: nobody else's group can be taken for it.
"""

from typing import Any

from waldur_core.events.log import record
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import ServerGroup
from waldur_openstack.workflows.context import CloudContext, save, set_backend_id


class ServerGroupContext(CloudContext):
    subject: ServerGroup


def remember_groups(context: ServerGroupContext, groups: list[JSON]) -> None:
    context.data["before"] = [group["id"] for group in groups]


def create_group(context: ServerGroupContext) -> JSON:
    return context.cloud.compute.create_server_group(context.subject.name, context.subject.policy)


def find_group(context: ServerGroupContext) -> JSON | None:
    """The group that a lost call has made."""
    row, own_id = context.subject, context.cloud.identity.own_user_id()
    known = {*context.data["before"], *row.tenant.servergroups.exclude(pk=row.pk).values_list("backend_id", flat=True)}
    wanted = (row.name, row.policy, own_id)
    for group in context.cloud.compute.server_groups():
        if (group["name"], group["policy"], group["user_id"]) == wanted and group["id"] not in known:
            return group
    return None


def remove_group(context: ServerGroupContext) -> None:
    if context.subject.backend_id:
        context.cloud.compute.delete_server_group(context.subject.backend_id)
        save(context.subject, backend_id="")


class CreateServerGroup(CreateWorkflow):
    name = "openstack.server_group.create"
    title = "Creation of server group"
    model = ServerGroup
    context = ServerGroupContext
    steps = (
        Step(
            name="List server groups",
            do=lambda c: c.cloud.compute.server_groups(),
            record=remember_groups,
            keeps="only reads",
        ),
        Step(
            name="Create server group",
            do=create_group,
            marker=find_group,
            record=set_backend_id(lambda c: c.subject),
            undo=remove_group,
        ),
    )

    def succeed(self, context: Any) -> None:
        super().succeed(context)
        tell(context, "created")


class DeleteServerGroup(DeleteWorkflow):
    """Removes a group that no server is in."""

    name = "openstack.server_group.delete"
    title = "Deletion of server group"
    model = ServerGroup
    context = ServerGroupContext
    steps = (Step(name="Delete server group", do=remove_group, keeps="deletion is not undone"),)

    def succeed(self, context: Any) -> None:
        tell(context, "deleted")
        super().succeed(context)


def tell(context: Any, what: str) -> None:
    group, actor = context.subject, context.operation.user
    text = f"Server group {group.name} of tenant {group.tenant.name} has been {what}."
    record(f"openstack_server_group_{what}", text, scope=group, actor=actor)
