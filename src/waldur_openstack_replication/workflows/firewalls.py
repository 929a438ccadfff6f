"""Rules: what Neutron has made by itself is compared with the plan before anything is added."""

from collections import defaultdict
from typing import Any

from django.db import transaction

from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.concurrency import for_each
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Port, SecurityGroup, SecurityGroupRule
from waldur_openstack.sync.rules import identity, is_automatic
from waldur_openstack.sync.security import rule_columns
from waldur_openstack_replication.models import MigrationItem
from waldur_openstack_replication.workflows.bodies import BODIES, MissingPart
from waldur_openstack_replication.workflows.context import Kind, MigrationContext, State
from waldur_openstack_replication.workflows.making import adopt, keep


def look_at_groups(context: MigrationContext) -> None:
    """Take over the group `default`; adopt the rules that are there already, remove those nobody wants."""
    if not context.items(Kind.SECURITY_GROUP, Kind.SECURITY_GROUP_RULE, states=(State.PLANNED, *MigrationItem.MADE)):
        return
    listed = context.cloud.network.list("security_group", project_id=context.project_id)
    for item in context.items(Kind.SECURITY_GROUP):
        own = next((found for found in listed if found["name"] == "default"), None) if item.is_cloud_made else None
        if own:
            take_default(context, item, own)
    ours = set(context.backend_ids.values())
    groups = {group["id"]: group for group in listed if group["id"] in ours}
    unwanted = adopt_rules(context, groups)
    for_each(lambda rule: context.cloud.network.remove("security_group_rule", rule["id"]), unwanted)


def take_default(context: MigrationContext, item: MigrationItem, own: JSON) -> None:
    """The row is made only now: Neutron, not we, makes the group."""
    tenant: Any = context.tenant
    row, _ = SecurityGroup.objects.get_or_create(
        tenant=tenant,
        backend_id=own["id"],
        defaults={"name": own["name"], "description": own["description"], "uuid": item.uuid},
    )
    item.uuid = row.uuid
    keep(context, Kind.SECURITY_GROUP, [(item, own)], State.ADOPTED)
    protect_ports(context, item, row)


def protect_ports(context: MigrationContext, item: MigrationItem, row: SecurityGroup) -> None:
    """The rows of ports were there before that of the group `default`."""
    planned = context.subject.items.filter(kind=Kind.PORT, wanted__security_groups__contains=[item.source_id])
    ports = Port.objects.filter(tenant=context.tenant, uuid__in=planned.values("uuid")).values_list("pk", flat=True)
    through: Any = Port.security_groups.through
    links = [through(port_id=pk, securitygroup_id=row.pk) for pk in ports]
    through.objects.bulk_create(links, batch_size=1000, ignore_conflicts=True)


def adopt_rules(context: MigrationContext, groups: dict[str, JSON]) -> list[JSON]:
    """Returns the rules that nobody wants."""
    wanted: dict[str, dict[Any, MigrationItem]] = defaultdict(dict)
    sources = [source_id for source_id, backend_id in context.backend_ids.items() if backend_id in groups]
    items = context.subject.items.filter(kind=Kind.SECURITY_GROUP_RULE, wanted__group__in=sources)
    for item in items.filter(state__in=(State.PLANNED, *MigrationItem.MADE)):
        try:
            body = BODIES[item.kind](context, item)
        except MissingPart:
            continue  # reported when it is to be made
        wanted[body["security_group_id"]][identity(body)] = item
    pairs, unwanted = [], []
    for group_id, group in groups.items():
        is_default = group["name"] == "default"
        for rule in group["security_group_rules"]:
            item_of_rule = wanted[group_id].get(identity(rule))
            if item_of_rule and item_of_rule.state == State.PLANNED:
                pairs.append((item_of_rule, rule))
            elif not item_of_rule and (is_default or is_automatic(rule)):
                unwanted.append(rule)
    keep(context, Kind.SECURITY_GROUP_RULE, pairs, State.ADOPTED)
    return unwanted


def adopt_subnets_and_rules(context: MigrationContext) -> bool | None:
    """Subnets are found by their marks, rules by what they allow."""
    if context.items(Kind.SECURITY_GROUP_RULE):
        look_at_groups(context)
    adopt(Kind.SUBNET)(context)
    return None if context.items(Kind.SUBNET, Kind.SECURITY_GROUP_RULE) else True


@transaction.atomic
def keep_rules(context: MigrationContext, _: Any) -> None:
    """The rows of rules, all at once, and the groups are at rest."""
    items = context.items(Kind.SECURITY_GROUP_RULE, states=MigrationItem.MADE)
    groups = SecurityGroup.objects.filter(tenant=context.tenant, backend_id__gt="")
    by_id = {group.backend_id: group for group in groups}
    known = set(SecurityGroupRule.objects.filter(security_group__in=groups).values_list("backend_id", flat=True))
    rows = []
    for item in items:
        body = BODIES[item.kind](context, item)
        if item.backend_id in known or body["security_group_id"] not in by_id:
            continue
        columns = rule_columns({**body, "id": item.backend_id})
        remote = by_id.get(body["remote_group_id"] or "")
        rows.append(SecurityGroupRule(security_group=by_id[body["security_group_id"]], remote_group=remote, **columns))
    SecurityGroupRule.objects.bulk_create(rows, batch_size=500)
    groups.filter(state=CoreState.CREATING).update(state=CoreState.OK)
