"""Virtual networks of tenants."""

import django_filters
from rest_framework import serializers

from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    ResourceViewSet,
    TenantObjectFilter,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.models import Network, SubNet


class NestedSubNetSerializer(ModelSerializer):
    class Meta:
        model = SubNet
        fields = (
            "uuid", "name", "description", "cidr", "gateway_ip", "allocation_pools", "ip_version", "enable_dhcp",
        )  # fmt: skip


class NetworkSerializer(TenantObjectSerializer):
    url = LinkField("openstack-network-detail")
    subnets = NestedSubNetSerializer(many=True, read_only=True)
    segmentation_id = serializers.SerializerMethodField()

    class Meta(TenantObjectSerializer.Meta):
        model = Network
        fields = (
            *TENANT_FIELDS, "is_external", "type", "segmentation_id", "subnets", "mtu", "port_security_enabled",
        )  # fmt: skip
        read_only_fields = fields

    def get_segmentation_id(self, network: Network) -> int | None:
        return network.segmentation_id if self._sees_internals() else None


class NetworkFilter(TenantObjectFilter):
    is_external = django_filters.BooleanFilter()
    type = django_filters.CharFilter()

    class Meta:
        model = Network
        fields = ()


class NetworkViewSet(ResourceViewSet):
    """Virtual networks of tenants."""

    queryset = related(Network.objects.all(), "tenant").prefetch_related("subnets")
    serializer_class = NetworkSerializer
    filterset_class = NetworkFilter
