"""The rules of security groups."""

import ipaddress
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.rest.serializers import ModelSerializer, RelatedLinkField
from waldur_core.structure.states import CoreState
from waldur_openstack.api.tenant_scope import OwnLinkField
from waldur_openstack.models import SecurityGroup, SecurityGroupRule
from waldur_openstack.workflows.security import identity, to_backend

PORTED = ("tcp", "udp")
ICMP = ("icmp", "icmpv6", "ipv6-icmp")
PORTED_NUMBERS = ("6", "17", "33", "132", "136")  # TCP, UDP, DCCP, SCTP, UDP-Lite


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
        if rule["protocol"] in (*PORTED, *PORTED_NUMBERS):
            self._check_ports(first, last)
        elif rule["protocol"] in ICMP:
            self._check_icmp(first, last)
        elif first not in (None, -1) or last not in (None, -1):
            raise ValidationError({"from_port": ["Ports need a protocol that has them: tcp or udp."]})
        if not rule.get("remote_group"):
            rule["cidr"] = self._cidr(rule["cidr"], rule["ethertype"])
        elif rule["cidr"]:
            raise ValidationError({"remote_group": ["Give a network or a group, not both."]})
        return rule

    @staticmethod
    def _check_icmp(kind: int | None, code: int | None) -> None:
        if max(kind or 0, code or 0) > 255:
            raise ValidationError({"from_port": ["For ICMP these are a type and a code: give numbers from 0 to 255."]})
        if kind in (None, -1) and code not in (None, -1):
            raise ValidationError({"from_port": ["An ICMP code needs its type."]})

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
        return str(network)


class GroupRuleSerializer(SecurityGroupRuleSerializer):
    """A rule of a group of the tenant in the context; it may name another group of that tenant."""

    remote_group = OwnLinkField(
        "openstack-security-group-detail", queryset=SecurityGroup.objects.all(), required=False, allow_null=True
    )

    def validate_remote_group(self, group: SecurityGroup | None) -> SecurityGroup | None:
        if group and (group.state != CoreState.OK or not group.backend_id):
            raise ValidationError(f"The security group {group} is not ready yet.")
        return group


def require_distinct(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """400 when a cloud would take two of the rules for the same."""
    if len({identity(to_backend(SecurityGroupRule(**rule))) for rule in rules}) != len(rules):
        raise ValidationError("Two of the rules are identical.")
    return rules
