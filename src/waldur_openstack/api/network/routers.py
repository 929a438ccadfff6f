"""Routers of tenants."""

from rest_framework import serializers

from waldur_core.rest.serializers import LinkField
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    ResourceViewSet,
    TenantObjectFilter,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.models import Router


class RouterSerializer(TenantObjectSerializer):
    url = LinkField("openstack-router-detail")
    has_external_gateway = serializers.SerializerMethodField()

    class Meta(TenantObjectSerializer.Meta):
        model = Router
        fields = (
            *TENANT_FIELDS, "routes", "fixed_ips", "external_network_id", "has_external_gateway", "enable_snat",
            "external_fixed_ips",
        )  # fmt: skip
        read_only_fields = fields

    def get_has_external_gateway(self, router: Router) -> bool:
        return bool(router.external_network_id)


class RouterFilter(TenantObjectFilter):
    class Meta:
        model = Router
        fields = ()


class RouterViewSet(ResourceViewSet):
    """Routers of tenants."""

    queryset = related(Router.objects.all(), "tenant")
    serializer_class = RouterSerializer
    filterset_class = RouterFilter
