"""All security groups of a tenant at once: the cloud follows the rows, in one resumable operation.

Rules may name groups that come with the same request, in circles too: all groups are made before any rule. What is
not allowed any more is closed before anything is opened. Each kind of change is one call where Neutron takes many.
"""

from typing import Any

from waldur_core.events.log import record
from waldur_core.operations.errors import NotFound, OperationError
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.concurrency import for_each
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import SecurityGroup, Tenant
from waldur_openstack.workflows.context import CloudContext, described, save
from waldur_openstack.workflows.security import identity, is_automatic, missing_rules, record_rules, to_backend

KEPT = "a retry goes on from here"


class PushContext(CloudContext):
    """Parameters: groups, the uuids; created, those of them that are new; deleted, [[id in the cloud, name]].

    `removed`: by the uuid of a group, the rules it had, in Neutron's form.
    """

    subject: Tenant

    @property
    def group(self) -> SecurityGroup:
        return self.row(SecurityGroup.objects.filter(tenant=self.subject))

    def groups(self, key: str = "groups") -> list[SecurityGroup]:
        rows = SecurityGroup.objects.filter(tenant=self.subject, uuid__in=self.parameters[key])
        return list(rows.prefetch_related("rules__remote_group").order_by("pk"))

    def in_cloud(self) -> dict[str, JSON]:
        """All groups of the project, by id."""
        found = self.cloud.network.list("security_group", project_id=self.subject.backend_id)
        return {group["id"]: group for group in found}

    def pairs(self) -> list[tuple[SecurityGroup, JSON]]:
        """Our groups, each with what the cloud has."""
        groups, found = self.groups(), self.in_cloud()
        for group in groups:
            if group.backend_id not in found:
                raise NotFound(f"Security group {group} does not exist in the cloud any more.")
        return [(group, found[group.backend_id]) for group in groups]


def remove_rules(context: PushContext) -> None:
    """What has no row goes; Neutron's own rules only from new groups, or once a person has seen and removed them."""
    for group, found in context.pairs():
        wanted = {identity(to_backend(rule)) for rule in group.rules.all()}
        removed = {identity(rule) for rule in context.parameters["removed"].get(group.uuid.hex, ())}
        new = group.uuid.hex in context.parameters["created"]
        for rule in found["security_group_rules"]:
            key = identity(rule)
            if key not in wanted and (new or key in removed or not is_automatic(rule)):
                context.cloud.network.remove("security_group_rule", rule["id"])


def create_groups(context: PushContext) -> list[JSON]:
    """Those that are missing, in one call."""
    groups = context.groups("created")
    found = [] if context.first_try else find_groups(context)
    made = {group["description"] for group in found}
    missing = [
        {"name": group.name, "description": described(group)} for group in groups if described(group) not in made
    ]
    return found + (context.cloud.network.create_many("security_group", missing) if missing else [])


def find_groups(context: PushContext) -> list[JSON]:
    """Those of the new groups that carry our mark in the cloud."""
    marks = {described(group) for group in context.groups("created")}
    return [group for group in context.in_cloud().values() if group["description"] in marks]


def record_groups(context: PushContext, found: list[JSON]) -> None:
    ids = {group["description"]: group["id"] for group in found}
    for group in context.groups("created"):
        save(group, backend_id=ids[described(group)])


def rename_groups(context: PushContext) -> None:
    for group, found in context.pairs():
        if (group.name, described(group)) != (found["name"], found["description"]):
            attributes = {"name": group.name, "description": described(group)}
            context.cloud.network.update("security_group", group.backend_id, **attributes)


def add_rules(context: PushContext) -> None:
    """All that are missing, in one call per group: Neutron takes the rules of one group at a time."""
    missing = [
        [{**rule, "security_group_id": group.backend_id} for rule in missing_rules(group, found)]
        for group, found in context.pairs()
    ]
    for_each(lambda rules: context.cloud.network.create_many("security_group_rule", rules), filter(None, missing))


class PushSecurityGroups(UpdateWorkflow):
    """Meanwhile nothing else in the tenant's security groups can change: the tenant is not OK."""

    name = "openstack.tenant.push_security_groups"
    title = "Change of all security groups of tenant"
    model = Tenant
    context = PushContext
    steps = (
        Step(
            name="Delete security group",
            each=lambda c: [tuple(item) for item in c.parameters["deleted"]],
            do=lambda c: c.cloud.network.remove("security_group", c.item),
            keeps=KEPT,
        ),
        Step(
            name="Create security groups",
            when=lambda c: c.parameters["created"],
            do=create_groups,
            record=record_groups,
            keeps=KEPT,
            needs="security_group_count",
        ),
        Step(name="Rename security groups", do=rename_groups, keeps=KEPT),
        Step(name="Remove rules", do=remove_rules, keeps=KEPT),
        Step(name="Add rules", do=add_rules, keeps=KEPT, needs="security_group_rule_count"),
        Step(
            name="Read rules",
            do=lambda c: c.pairs(),
            record=lambda c, pairs: record_rules(c.tenant, pairs),
            keeps="only reads",
        ),
    )

    def succeed(self, context: Any) -> None:
        for group in context.groups():
            group.enter(CoreState.OK)
        text = f"The security groups of tenant {context.subject} have been set."
        record("openstack_security_group_rules_changed", text, scope=context.subject, actor=context.operation.user)
        super().succeed(context)

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        """Which groups are as they should be is not known before a retry has succeeded."""
        for group in context.groups():
            group.enter(CoreState.ERRED, error_message=error.message)
        super().fail(context, error, trace)
