"""Security groups: create, rename, set the rules, delete."""

from typing import Any

from django.db.models import Q

from waldur_core.operations.errors import NotFound
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step, UpdateWorkflow
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import SecurityGroup, SecurityGroupRule
from waldur_openstack.workflows.context import CloudContext, described, save, set_backend_id
from waldur_openstack.workflows.security import (
    create_group_with_rules,
    find_group,
    identity,
    is_automatic,
    missing_rules,
    record_rules,
    to_backend,
)

KEPT = "the next change sets them again"


class SecurityGroupContext(CloudContext):
    subject: SecurityGroup

    def group(self) -> JSON:
        """The group as it is in the cloud now."""
        found = self.cloud.network.show("security_group", self.subject.backend_id)
        if found is None:
            raise NotFound(f"Security group {self.subject} does not exist in the cloud any more.")
        return found


def remove_group(context: SecurityGroupContext) -> None:
    """Remove the group, also one that was made but not recorded."""
    group = context.subject
    backend_id = group.backend_id or (find_group(context.cloud, group, complete=False) or {}).get("id")
    if backend_id:
        context.cloud.network.remove("security_group", backend_id)
    save(group, backend_id="")


def remove_automatic_rules(context: SecurityGroupContext) -> None:
    """Neutron lets every new group send everything; ours does so only when a rule says it."""
    wanted = wanted_identities(context)
    for rule in context.group()["security_group_rules"]:
        if is_automatic(rule) and identity(rule) not in wanted:
            context.cloud.network.remove("security_group_rule", rule["id"])


def remove_rules(context: SecurityGroupContext) -> None:
    """What has no row goes; Neutron's own rules only once a person has seen and removed them."""
    wanted = wanted_identities(context)
    removed = {identity(rule) for rule in context.parameters["removed"]}
    for rule in context.group()["security_group_rules"]:
        key = identity(rule)
        if key not in wanted and (key in removed or not is_automatic(rule)):
            context.cloud.network.remove("security_group_rule", rule["id"])


def add_rules(context: SecurityGroupContext) -> None:
    missing = missing_rules(context.subject, context.group())
    if missing:
        group_id = context.subject.backend_id
        rules = [{**rule, "security_group_id": group_id} for rule in missing]
        context.cloud.network.create_many("security_group_rule", rules)


def wanted_identities(context: SecurityGroupContext) -> set[tuple[Any, ...]]:
    return {identity(to_backend(rule)) for rule in context.subject.rules.select_related("remote_group")}


def rename_group(context: SecurityGroupContext) -> None:
    group = context.subject
    context.cloud.network.update("security_group", group.backend_id, name=group.name, description=described(group))


READ_RULES = Step(
    name="Read rules",
    do=lambda c: c.group(),
    record=lambda c, found: record_rules(c.tenant, [(c.subject, found)]),
    keeps="only reads",
)


class CreateSecurityGroup(CreateWorkflow):
    """A group with exactly its rules."""

    name = "openstack.security_group.create"
    title = "Creation of security group"
    model = SecurityGroup
    context = SecurityGroupContext
    steps = (
        Step(
            name="Create security group",
            do=lambda c: create_group_with_rules(c.cloud, c.subject, look=not c.first_try),
            marker=lambda c: find_group(c.cloud, c.subject),
            record=set_backend_id(lambda c: c.subject),
            undo=remove_group,
            needs="security_group_count, security_group_rule_count",
        ),
        Step(name="Remove automatic rules", do=remove_automatic_rules, keeps="goes with the group"),
        READ_RULES,
    )


class UpdateSecurityGroup(UpdateWorkflow):
    """Name and description."""

    name = "openstack.security_group.update"
    title = "Update of security group"
    model = SecurityGroup
    context = SecurityGroupContext
    steps = (Step(name="Update security group", do=rename_group, keeps=KEPT),)


class SetSecurityGroupRules(UpdateWorkflow):
    """Makes the cloud's rules those of our rows. What is not allowed any more is closed first."""

    name = "openstack.security_group.set_rules"
    title = "Change of rules of security group"
    model = SecurityGroup
    context = SecurityGroupContext
    steps = (
        Step(name="Remove rules", do=remove_rules, keeps=KEPT),
        Step(name="Add rules", do=add_rules, keeps=KEPT, needs="security_group_rule_count"),
        READ_RULES,
    )


class DeleteSecurityGroup(DeleteWorkflow):
    """Removes a group that nobody uses; rules elsewhere that name it go with it, there and here."""

    name = "openstack.security_group.delete"
    title = "Deletion of security group"
    model = SecurityGroup
    context = SecurityGroupContext
    steps = (Step(name="Delete security group", do=remove_group, keeps="deletion is not undone"),)

    def succeed(self, context: Any) -> None:
        group = context.subject
        rules = SecurityGroupRule.objects.filter(Q(security_group=group) | Q(remote_group=group)).count()
        counters.release(group.tenant, quotas.of_security_group(rules))
        super().succeed(context)
