"""Security groups and their rules."""

import ipaddress
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.rest.filters import AnyOfFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField
from waldur_openstack.api.base import (
    BASE_FIELDS,
    ResourceViewSet,
    TenantObjectFilter,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.models import SecurityGroup, SecurityGroupRule, Tenant

PORTED = ("tcp", "udp")
ICMP = ("icmp", "icmpv6", "ipv6-icmp")


class SecurityGroupRuleSerializer(ModelSerializer):
    """One rule, as it is given and as it is shown."""

    ethertype = serializers.ChoiceField(choices=["IPv4", "IPv6"], default="IPv4")
    direction = serializers.ChoiceField(choices=["ingress", "egress"], default="ingress")
    protocol = serializers.CharField(allow_blank=True, default="", max_length=40)
    from_port = serializers.IntegerField(allow_null=True, default=None, min_value=-1, max_value=65535)
    to_port = serializers.IntegerField(allow_null=True, default=None, min_value=-1, max_value=65535)
    cidr = serializers.CharField(allow_null=True, allow_blank=True, default=None)
    remote_group = RelatedLinkField("openstack-security-group-detail", read_only=True)
    remote_group_name = serializers.CharField(source="remote_group.name", read_only=True, default="")

    class Meta:
        model = SecurityGroupRule
        fields = (
            "id", "ethertype", "direction", "protocol", "from_port", "to_port", "cidr", "description", "remote_group",
            "remote_group_name",
        )  # fmt: skip

    def to_representation(self, instance: SecurityGroupRule) -> dict[str, Any]:
        data = super().to_representation(instance)
        if instance.remote_group:
            data["remote_group_uuid"] = instance.remote_group.uuid.hex
        return data

    def validate_protocol(self, value: str) -> str:
        if value in ("any", "0"):
            return ""
        number = value.isascii() and value.isdigit() and int(value) < 256
        if value not in ("", *PORTED, *ICMP) and not number:
            raise ValidationError("Give tcp, udp, icmp, an IP protocol number from 0 to 255, or nothing for any.")
        return value

    def validate(self, rule: dict[str, Any]) -> dict[str, Any]:
        first, last = rule["from_port"], rule["to_port"]
        if rule["protocol"] in PORTED:
            self._check_ports(first, last)
        elif rule["protocol"] in ICMP and max(first or 0, last or 0) > 255:
            raise ValidationError({"from_port": ["For ICMP these are a type and a code: give numbers from 0 to 255."]})
        elif not rule["protocol"] and (first or -1, last or -1) != (-1, -1):
            raise ValidationError({"from_port": ["Ports need a protocol: tcp or udp."]})
        rule["cidr"] = self._cidr(rule["cidr"], rule["ethertype"])
        return rule

    @staticmethod
    def _check_ports(first: int | None, last: int | None) -> None:
        if first in (None, -1) and last in (None, -1):
            return
        if first is None or last is None or first < 1 or last < 1:
            raise ValidationError({"from_port": ["Give both ports, from 1 to 65535, or none of them for all."]})
        if first > last:
            raise ValidationError({"to_port": ["The last port must not be smaller than the first."]})

    @staticmethod
    def _cidr(value: str | None, ethertype: str) -> str:
        version = 4 if ethertype == "IPv4" else 6
        if not value:
            return "0.0.0.0/0" if version == 4 else "::/0"
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError as error:
            raise ValidationError({"cidr": [f"This is not a network: {error}."]}) from error
        if network.version != version:
            raise ValidationError({"cidr": [f"The network is IPv{network.version}, the rule is for {ethertype}."]})
        return value


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
        if value == "default":
            raise ValidationError("The name `default` belongs to the group every tenant has.")
        return value

    def validate_rules(self, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        seen = [tuple(sorted(rule.items(), key=lambda item: item[0])) for rule in rules]
        if len(set(map(str, seen))) != len(seen):
            raise ValidationError("Two of the rules are identical.")
        return rules


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


class SecurityGroupViewSet(ResourceViewSet):
    """Firewall rules of tenants."""

    queryset = related(SecurityGroup.objects.all(), "tenant").prefetch_related("rules__remote_group", "instances")
    serializer_class = SecurityGroupSerializer
    filterset_class = SecurityGroupFilter
