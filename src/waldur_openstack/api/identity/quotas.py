"""Quotas of tenants: what they are, and new limits."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.quotas.models import UNLIMITED
from waldur_openstack import quotas
from waldur_openstack.api.tenant_scope import ActionSerializer
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.quotas import PushQuotas

MOST = 2**31 - 1  # clouds keep quotas in 32 bits


def limit(least: int) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=least, max_value=MOST, required=False)


class TenantQuotasSerializer(ActionSerializer):
    """New limits; what is not named stays. MiB for RAM and storage; -1 is no limit, 0 none at all.

    Besides the names below, `gigabytes_<volume type>` in GiB.
    """

    instances = limit(1)
    volumes = limit(1)
    snapshots = limit(1)
    ram = limit(1)
    vcpu = limit(1)
    storage = limit(1024)
    security_group_count = limit(1)
    security_group_rule_count = limit(1)
    floating_ip_count = limit(-1)
    network_count = limit(-1)
    subnet_count = limit(-1)
    port_count = limit(-1)

    def get_fields(self) -> dict[str, serializers.Field]:
        """With those of the volume types of the tenant's cloud, when there is a tenant."""
        fields = super().get_fields()
        tenant = self.context.get("tenant")
        names = quotas.type_quotas(tenant.service_settings_id) if tenant else ()
        return {**fields, **{name: limit(-1) for name in names}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(self.initial_data) - set(self.fields)):
            raise ValidationError({name: ["There is no such quota."] for name in unknown})
        if not attrs:
            raise ValidationError("Name at least one quota.")
        if problems := below_usage(self.tenant, attrs):
            raise ValidationError({name: [text] for name, text in problems.items()})
        return attrs

    def create(self, validated: dict[str, Any]) -> Operation:
        return start(PushQuotas, self.object, user=self.user, parameters={"quotas": validated})


def below_usage(tenant: Tenant, limits: Mapping[str, int]) -> dict[str, str]:
    """{quota: why its new limit is too small}: clouds differ in whether they take a limit below what is used."""
    used = dict(counters.quotas_of(tenant).filter(name__in=limits).values_list("name", "usage"))
    return {
        name: f"{used[name]} of {name} are in use, more than {limit}."
        for name, limit in limits.items()
        if limit != UNLIMITED and used.get(name, 0) > limit
    }
