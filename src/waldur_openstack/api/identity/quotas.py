"""Quotas of tenants: what they are, and new limits."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError


class TenantQuotasSerializer(serializers.Serializer[Any]):
    """New limits; what is not named stays. MiB for RAM and storage; -1 is no limit, 0 none at all."""

    instances = serializers.IntegerField(min_value=1, required=False)
    volumes = serializers.IntegerField(min_value=1, required=False)
    snapshots = serializers.IntegerField(min_value=1, required=False)
    ram = serializers.IntegerField(min_value=1, required=False)
    vcpu = serializers.IntegerField(min_value=1, required=False)
    storage = serializers.IntegerField(min_value=1024, required=False)
    security_group_count = serializers.IntegerField(min_value=1, required=False)
    security_group_rule_count = serializers.IntegerField(min_value=1, required=False)
    floating_ip_count = serializers.IntegerField(min_value=-1, required=False)
    network_count = serializers.IntegerField(min_value=-1, required=False)
    subnet_count = serializers.IntegerField(min_value=-1, required=False)
    port_count = serializers.IntegerField(min_value=-1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(self.initial_data) - set(self.fields)):
            raise ValidationError({name: ["There is no such quota."] for name in unknown})
        if not attrs:
            raise ValidationError("Name at least one quota.")
        return attrs
