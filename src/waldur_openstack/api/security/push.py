"""All security groups of a tenant, as one list: what is on it is made or changed, what is not goes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.api.security.changes import make_rules, require_unused
from waldur_openstack.api.security.groups import DEFAULT
from waldur_openstack.api.security.rules import GroupRuleSerializer, require_distinct
from waldur_openstack.models import SecurityGroup, SecurityGroupRule, Tenant
from waldur_openstack.workflows.network import PushSecurityGroups
from waldur_openstack.workflows.security import to_backend


class PushedRuleSerializer(GroupRuleSerializer):
    """A rule that may name its remote group: also one that comes with the same list."""

    remote_group_name = serializers.CharField(allow_blank=True, default="", max_length=150, write_only=True)

    def validate(self, rule: dict[str, Any]) -> dict[str, Any]:
        name = rule.pop("remote_group_name")
        if name and not rule.get("remote_group"):
            rule["remote_group"] = named(name)
        return super().validate(rule)


class PushedGroupSerializer(serializers.Serializer[Any]):
    """With `uuid` a group that exists, without one a new group. Rules that are not given stay."""

    uuid = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)
    rules = PushedRuleSerializer(many=True, required=False)


@dataclass
class Push:
    """The rows of a tenant, and what a validated list makes of them."""

    tenant: Tenant
    items: list[dict[str, Any]]
    user: Any

    def __post_init__(self) -> None:
        groups = SecurityGroup.objects.select_for_update(of=("self",)).filter(tenant=self.tenant)
        self.existing = {group.uuid: group for group in groups.prefetch_related("rules__remote_group").order_by("pk")}
        wanted = {item.get("uuid") for item in self.items}
        self.deleted = [group for uuid, group in self.existing.items() if uuid not in wanted and group.name != DEFAULT]

    @transaction.atomic
    def start(self) -> Operation:
        """Check everything, then change the rows, take the quotas and schedule the operation."""
        self._check_names()
        self._check_remote_groups()
        self._check_states()
        before = self._counts()
        deleted = [[group.backend_id, group.name] for group in self.deleted if group.backend_id]
        SecurityGroup.objects.filter(pk__in=[group.pk for group in self.deleted]).delete()
        removed = {item["uuid"].hex: self._rules_of(item) for item in self.items if "uuid" in item}
        groups = {item["name"]: self._write(item) for item in self.items}
        self._write_rules(groups)
        after = self._counts()
        counters.change(self.tenant, {name: after[name] - before[name] for name in after})
        parameters = {
            "groups": [group.uuid.hex for group in groups.values()],
            "created": [groups[item["name"]].uuid.hex for item in self.items if "uuid" not in item],
            "deleted": deleted,
            "removed": removed,
        }
        return start(PushSecurityGroups, self.tenant, user=self.user, parameters=parameters)

    # checks -------------------------------------------------------------------------------------------------------

    def _existing(self, item: dict[str, Any]) -> SecurityGroup | None:
        return self.existing.get(item["uuid"]) if "uuid" in item else None

    def _check_names(self) -> None:
        uuids = [item["uuid"] for item in self.items if "uuid" in item]
        if unknown := [uuid for uuid in uuids if uuid not in self.existing]:
            refuse("uuid", f"There is no security group {unknown[0].hex} in this tenant.")
        if double := repeated(uuids):
            refuse("uuid", f"The list has security group {double.hex} twice.")
        if double := repeated(item["name"] for item in self.items):
            refuse("name", f"The list has two groups called {double}.")
        for item in self.items:
            group = self._existing(item)
            if (item["name"] == DEFAULT) != (group is not None and group.name == DEFAULT):
                refuse("name", "The name `default` belongs to the group every tenant has; it keeps it.")

    def _check_remote_groups(self) -> None:
        """Names become groups, as far as they exist; a group that goes cannot be named."""
        staying = {item["name"]: self._existing(item) for item in self.items}
        staying |= {group.name: group for group in self.existing.values() if group.name == DEFAULT}
        for item in self.items:
            for rule in item.get("rules", ()):
                remote = rule.get("remote_group")
                if remote and remote.pk is None and remote.name not in staying:
                    refuse("remote_group_name", f"No group of the list is called {remote.name}.")
                if remote and remote.pk is None:
                    rule["remote_group"] = staying[remote.name] or remote
                if remote in self.deleted:
                    refuse("remote_group", f"The group {remote} is not on the list: it would be deleted.")
            require_distinct(item.get("rules", []))

    def _check_states(self) -> None:
        for group in self.deleted:
            require_unused(group)
            self._require(group, CoreState.OK, CoreState.ERRED)
        for item in self.items:
            if "uuid" in item:
                self._require(self.existing[item["uuid"]], CoreState.OK)

    @staticmethod
    def _require(group: SecurityGroup, *states: CoreState) -> None:
        if group.state not in states:
            raise Conflict(f"Security group {group} is {group.state}; it must be {' or '.join(states)}.")

    # rows ---------------------------------------------------------------------------------------------------------

    def _counts(self) -> dict[str, int]:
        groups = SecurityGroup.objects.filter(tenant=self.tenant)
        rules = SecurityGroupRule.objects.filter(security_group__tenant=self.tenant)
        return {"security_group_count": groups.count(), "security_group_rule_count": rules.count()}

    def _rules_of(self, item: dict[str, Any]) -> list[dict[str, Any]]:
        """The rules that the item replaces, in Neutron's form."""
        return [to_backend(rule) for rule in self.existing[item["uuid"]].rules.all()] if "rules" in item else []

    def _write(self, item: dict[str, Any]) -> SecurityGroup:
        values = {name: item[name] for name in ("name", "description") if name in item}
        if "uuid" not in item:
            return SecurityGroup.objects.create(tenant=self.tenant, **values)
        group = self.existing[item["uuid"]]
        group.enter(CoreState.UPDATE_SCHEDULED, **values)
        return group

    def _write_rules(self, groups: dict[str, SecurityGroup]) -> None:
        """Only now every group has a row that rules can name."""
        for item in self.items:
            if "rules" not in item:
                continue
            for rule in item["rules"]:
                remote = rule.get("remote_group")
                if remote and remote.pk is None:
                    rule["remote_group"] = groups[remote.name]
            group = groups[item["name"]]
            SecurityGroupRule.objects.filter(security_group=group).delete()
            make_rules(group, item["rules"])


def named(name: str) -> SecurityGroup:
    """Stands for a group that has no row yet."""
    return SecurityGroup(name=name, backend_id=f"named {name}")


def repeated(values: Iterable[Any]) -> Any:
    """The first value that comes twice, or None."""
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def refuse(field: str, text: str) -> None:
    raise ValidationError({field: [text]})
