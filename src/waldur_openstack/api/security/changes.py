"""Making and changing security groups: what requests may say, and what they do to the rows."""

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_openstack import quotas
from waldur_openstack.api.security.groups import DEFAULT, refuse_default
from waldur_openstack.api.security.rules import GroupRuleSerializer, require_distinct
from waldur_openstack.api.tenant_scope import InTenantSerializer, UpdateSerializer
from waldur_openstack.models import SecurityGroup, SecurityGroupRule, Tenant
from waldur_openstack.workflows.network import CreateSecurityGroup, SetSecurityGroupRules, UpdateSecurityGroup
from waldur_openstack.workflows.security import to_backend


class SecurityGroupCreateSerializer(InTenantSerializer):
    """A new group; without rules it lets nothing in or out."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    rules = GroupRuleSerializer(many=True, default=list)

    def validate_name(self, value: str) -> str:
        return require_free_name(self.tenant, value)

    def validate_rules(self, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return require_distinct(rules)

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> SecurityGroup:
        """The rows, their quota, and the operation that makes them real."""
        rules = validated.pop("rules")
        counters.change(self.tenant, quotas.of_security_group(len(rules)))
        group = SecurityGroup.objects.create(tenant=self.tenant, **validated)
        make_rules(group, rules)
        start(CreateSecurityGroup, group, user=self.context["user"])
        return group


class SecurityGroupUpdateSerializer(UpdateSerializer):
    """A new name or description; what is not named stays."""

    workflow = UpdateSecurityGroup

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)

    def validate_name(self, value: str) -> str:
        return value if value == self.object.name else require_free_name(self.tenant, value, but=self.object)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        require_own(self.object)
        return attrs


def require_free_name(tenant: Tenant, name: str, but: SecurityGroup | None = None) -> str:
    """400 when another group of the tenant has the name; nobody else can take it before this transaction has ended."""
    Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.pk)
    if any(group != but for group in SecurityGroup.objects.filter(tenant=tenant, name=name)):
        raise ValidationError("A security group of this name exists in this tenant already. Choose another.")
    return refuse_default(name)


def require_own(group: SecurityGroup) -> None:
    """400 for the group that every project has: clouds neither rename nor delete it."""
    if group.name == DEFAULT:
        raise ValidationError({"name": ["The default group can be neither changed nor deleted; its rules can."]})


def require_unused(group: SecurityGroup) -> None:
    """409 while a server or a port has the group."""
    user = group.instances.first() or group.ports.first()
    if user:
        raise Conflict(f"The security group is used by {user}. Take it off there first.")


def make_rules(group: SecurityGroup, rules: list[dict[str, Any]]) -> list[SecurityGroupRule]:
    return SecurityGroupRule.objects.bulk_create([SecurityGroupRule(security_group=group, **rule) for rule in rules])


def add_rule(group: SecurityGroup, rule: dict[str, Any], user: Any) -> SecurityGroupRule:
    """One more rule."""
    require_distinct([*map(given, group.rules.select_related("remote_group")), rule])
    counters.change(group.tenant, quotas.of_rules(1))
    (row,) = make_rules(group, [rule])
    start(SetSecurityGroupRules, group, user=user, parameters={"removed": []})
    return row


def remove_rule(group: SecurityGroup, rule: SecurityGroupRule, user: Any) -> Operation:
    """One rule less."""
    removed = [to_backend(rule)]
    rule.delete()
    counters.release(group.tenant, quotas.of_rules(1))
    return start(SetSecurityGroupRules, group, user=user, parameters={"removed": removed})


def set_rules(group: SecurityGroup, rules: list[dict[str, Any]], user: Any) -> Operation:
    """These rules instead of those the group has."""
    former = list(group.rules.select_related("remote_group"))
    counters.change(group.tenant, quotas.of_rules(len(rules) - len(former)))
    group.rules.all().delete()
    make_rules(group, rules)
    parameters = {"removed": [to_backend(rule) for rule in former]}
    return start(SetSecurityGroupRules, group, user=user, parameters=parameters)


def given(rule: SecurityGroupRule) -> dict[str, Any]:
    """A stored rule, as a request would say it."""
    names = ("ethertype", "direction", "protocol", "from_port", "to_port", "cidr", "remote_group")
    return {name: getattr(rule, name) for name in names}
