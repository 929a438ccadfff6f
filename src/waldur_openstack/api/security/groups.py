"""Security groups as they are shown, and the first ones of a tenant."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.rest.filters import AnyOfFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_openstack.api.base import BASE_FIELDS, TenantObjectFilter, TenantObjectSerializer
from waldur_openstack.api.security.rules import SecurityGroupRuleSerializer, require_distinct
from waldur_openstack.models import SecurityGroup, SecurityGroupRule, Tenant

DEFAULT = "default"


def refuse_default(name: str) -> str:
    if name == DEFAULT:
        raise ValidationError("The name `default` belongs to the group every tenant has.")
    return name


class NestedSecurityGroupSerializer(ModelSerializer):
    """A group as part of another object."""

    url = LinkField("openstack-security-group-detail")
    rules = SecurityGroupRuleSerializer(many=True, read_only=True)

    class Meta:
        model = SecurityGroup
        fields = ("url", "name", "rules", "description", "state")


class TenantSecurityGroupSerializer(serializers.Serializer[Any]):
    """An initial group of a new tenant."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    rules = SecurityGroupRuleSerializer(many=True, default=list)

    def validate_name(self, value: str) -> str:
        return refuse_default(value)

    def validate_rules(self, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return require_distinct(rules)


def make_groups(tenant: Tenant, groups: list[dict[str, Any]]) -> None:
    """The rows of the initial groups of a tenant."""
    for group in groups:
        row = SecurityGroup.objects.create(tenant=tenant, name=group["name"], description=group["description"])
        SecurityGroupRule.objects.bulk_create(
            [SecurityGroupRule(security_group=row, **rule) for rule in group["rules"]]
        )


class SecurityGroupSerializer(TenantObjectSerializer):
    url = LinkField("openstack-security-group-detail")
    rules = SecurityGroupRuleSerializer(many=True, read_only=True)
    instance_count = serializers.SerializerMethodField()

    class Meta(TenantObjectSerializer.Meta):
        model = SecurityGroup
        fields = (*BASE_FIELDS, "tenant", "tenant_name", "tenant_uuid", "rules", "instance_count")
        read_only_fields = fields

    def get_instance_count(self, group: SecurityGroup) -> int:
        return len(group.instances.all())


class SecurityGroupFilter(TenantObjectFilter):
    query = AnyOfFilter(paths=("name", "description"))

    class Meta:
        model = SecurityGroup
        fields = ()
