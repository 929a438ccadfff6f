"""Neutron's security groups, and the rules in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import SecurityGroup, SecurityGroupRule, Tenant
from waldur_openstack.sync.kinds import Columns, Pairs, named_and_described
from waldur_openstack.sync.network import everywhere, listed, neutron, shown
from waldur_openstack.sync.rules import identity, to_backend
from waldur_openstack.sync.scope import Scope


def rule_columns(found: JSON) -> Columns:
    return {
        "backend_id": found["id"],
        "direction": found["direction"],
        "ethertype": found["ethertype"],
        "protocol": found["protocol"] or "",
        "from_port": found["port_range_min"],
        "to_port": found["port_range_max"],
        "cidr": found["remote_ip_prefix"],
        "description": found.get("description") or "",
    }


class RuleChange(NamedTuple):
    tenant: int
    added: list[SecurityGroupRule]
    updated: list[SecurityGroupRule]
    removed: list[int]


Groups = Mapping[tuple[int, str], int]  # (tenant, id in the cloud): pk


@dataclass(frozen=True)
class Rules:
    """The rules of groups. A row and a rule of the cloud are the same when they allow the same.

    A rule whose other end we do not know (a group of another tenant, an address group) has no row: without that end it
    would read as if it were open to everybody.
    """

    def differences(self, scope: Scope, pairs: Pairs) -> Mapping[int, RuleChange]:
        if not pairs:
            return {}
        ids = {item["id"] for _, item in pairs}.union(*(remote_groups(item) for _, item in pairs))
        rows = (
            scope.candidates(SecurityGroup).filter(backend_id__any_of=ids).values_list("tenant_id", "backend_id", "pk")
        )
        groups = {(tenant, backend_id): pk for tenant, backend_id, pk in rows}
        known: dict[int, list[SecurityGroupRule]] = {row.pk: [] for row, _ in pairs}
        for rule in SecurityGroupRule.objects.filter(security_group__in=known).select_related("remote_group"):
            known[rule.security_group_id].append(rule)
        compared = {row.pk: compare(row, known[row.pk], item["security_group_rules"], groups) for row, item in pairs}
        return {pk: change for pk, change in compared.items() if any(change[1:])}

    def write(self, scope: Scope, differences: Iterable[RuleChange]) -> None:
        changes = list(differences)
        added = [rule for change in changes for rule in change.added]
        removed = [pk for change in changes for pk in change.removed]
        updated = [rule for change in changes for rule in change.updated]
        SecurityGroupRule.objects.bulk_create(added)
        if removed:
            SecurityGroupRule.objects.filter(pk__any_of=removed).delete()
        if updated:
            SecurityGroupRule.objects.bulk_update(updated, ["backend_id", "description"])
        grown: dict[int, dict[str, int]] = {}
        for tenant, new, _, old in changes:
            grown[tenant] = quotas.added(grown.get(tenant, {}), quotas.of_rules(len(new) - len(old)))
        counters.count_many(Tenant, grown)


def compare(group: SecurityGroup, rows: list[SecurityGroupRule], found: list[JSON], groups: Groups) -> RuleChange:
    ours = {identity(to_backend(rule)): rule for rule in rows}
    change = RuleChange(group.tenant_id, [], [], [])
    for item in found:
        rule = ours.pop(identity(item), None)
        columns = rule_columns(item)
        if rule is None:
            remote = groups.get((group.tenant_id, item["remote_group_id"] or ""))
            if has_known_end(item, remote):
                change.added.append(SecurityGroupRule(security_group=group, remote_group_id=remote, **columns))
        elif (rule.backend_id, rule.description) != (columns["backend_id"], columns["description"]):
            rule.backend_id, rule.description = columns["backend_id"], columns["description"]
            change.updated.append(rule)
    left = {rule.pk for rule in ours.values()}
    change.removed.extend(rule.pk for rule in rows if rule.pk in left)
    return change


def has_known_end(rule: JSON, remote: int | None) -> bool:
    return not rule.get("remote_address_group_id") and (rule["remote_group_id"] is None or remote is not None)


def remote_groups(group: JSON) -> set[str]:
    return {rule["remote_group_id"] for rule in group["security_group_rules"] if rule["remote_group_id"]}


SECURITY_GROUP = neutron(
    model=SecurityGroup,
    word="security_group",
    listing=listed("security_group"),
    everywhere=everywhere("security_group", "name security_group_rules"),
    show=shown("security_group"),
    columns=lambda found: {},
    compared=named_and_described,
    parts=(Rules(),),
    references=remote_groups,
    usage=lambda found: quotas.of_security_group(len(found["security_group_rules"])),
)
