"""Filters of what can be shared between tenants: networks and their subnets."""

from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet

from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.filters import BooleanFilter
from waldur_openstack.api.base import TenantObjectFilter
from waldur_openstack.models import Network, Tenant
from waldur_openstack.usable import uuid_given_as


class SharedFilter(TenantObjectFilter):
    """What a tenant (without one: the tenants one sees) has or may use; `direct_only` or `rbac_only`: just the one."""

    network_path: ClassVar[str] = "pk"

    tenant = django_filters.CharFilter(method="skip")
    tenant_uuid = django_filters.UUIDFilter(method="skip")
    direct_only = BooleanFilter(method="skip")
    rbac_only = BooleanFilter(method="skip")

    def skip(self, queryset: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        """These four go together: see below."""
        return queryset

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        queryset = super().filter_queryset(queryset)
        data = self.form.cleaned_data
        tenants = visible_to(self.request.user, Tenant.objects.all())
        given = [value for value in (data["tenant"], data["tenant_uuid"]) if value]
        for value in given:
            uuid = uuid_given_as(str(value))
            tenants = tenants.filter(uuid=uuid) if uuid else tenants.none()
        if not given and not data["direct_only"] and not data["rbac_only"]:
            return queryset
        keys = tenants.values("pk")
        own = Q(tenant__in=keys)
        shared = Q(**{f"{self.network_path}__in": Network.shared_with(rbac_policies__target_tenant__in=keys)})
        if data["direct_only"]:
            queryset = queryset.filter(own)
        if data["rbac_only"]:
            queryset = queryset.filter(shared)
        return queryset.filter(own | shared)
