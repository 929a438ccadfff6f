"""Neutron's security groups, and the rules in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import SecurityGroup, SecurityGroupRule, Tenant
from waldur_openstack.sync.kinds import Columns, Pairs, named_and_described
from waldur_openstack.sync.network import listed, neutron, shown
from waldur_openstack.sync.rules import identity, to_backend


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
    added: list[SecurityGroupRule]
    updated: list[SecurityGroupRule]
    removed: list[int]


@dataclass(frozen=True)
class Rules:
    """The rules of groups. A row and a rule of the cloud are the same when they allow the same.

    A rule whose other end we do not know (a group of another tenant, an address group) has no row: without that end it
    would read as if it were open to everybody.
    """

    def differences(self, tenant: Tenant, pairs: Pairs) -> Mapping[int, RuleChange]:
        if not pairs:
            return {}
        groups = dict(tenant.securitygroups.values_list("backend_id", "pk"))
        known: dict[int, list[SecurityGroupRule]] = {row.pk: [] for row, _ in pairs}
        for rule in SecurityGroupRule.objects.filter(security_group__in=known).select_related("remote_group"):
            known[rule.security_group_id].append(rule)
        compared = {row.pk: compare(row, known[row.pk], item["security_group_rules"], groups) for row, item in pairs}
        return {pk: change for pk, change in compared.items() if any(change)}

    def write(self, tenant: Tenant, differences: Iterable[RuleChange]) -> None:
        changes = list(differences)
        added = [rule for change in changes for rule in change.added]
        removed = [pk for change in changes for pk in change.removed]
        updated = [rule for change in changes for rule in change.updated]
        SecurityGroupRule.objects.bulk_create(added)
        if removed:
            SecurityGroupRule.objects.filter(pk__in=removed).delete()
        if updated:
            SecurityGroupRule.objects.bulk_update(updated, ["backend_id", "description"])
        counters.count(tenant, quotas.of_rules(len(added) - len(removed)))


def compare(
    group: SecurityGroup, rows: list[SecurityGroupRule], found: list[JSON], groups: dict[str, int]
) -> RuleChange:
    ours = {identity(to_backend(rule)): rule for rule in rows}
    change = RuleChange([], [], [])
    for item in found:
        rule = ours.pop(identity(item), None)
        columns = rule_columns(item)
        if rule is None:
            if has_known_end(item, groups):
                remote = groups.get(item["remote_group_id"] or "")
                change.added.append(SecurityGroupRule(security_group=group, remote_group_id=remote, **columns))
        elif (rule.backend_id, rule.description) != (columns["backend_id"], columns["description"]):
            rule.backend_id, rule.description = columns["backend_id"], columns["description"]
            change.updated.append(rule)
    left = {rule.pk for rule in ours.values()}
    change.removed.extend(rule.pk for rule in rows if rule.pk in left)
    return change


def has_known_end(rule: JSON, groups: Mapping[str, Any]) -> bool:
    return not rule.get("remote_address_group_id") and (
        rule["remote_group_id"] is None or rule["remote_group_id"] in groups
    )


SECURITY_GROUP = neutron(
    model=SecurityGroup,
    word="security_group",
    listing=listed("security_group"),
    show=shown("security_group"),
    columns=lambda found: {},
    compared=named_and_described,
    parts=(Rules(),),
)
