"""Blocks of addresses."""

import django_filters
from rest_framework import serializers

from waldur_core.rest.filters import LinkFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, RelatedLinkField
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    ResourceViewSet,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.api.network.shared import SharedFilter
from waldur_openstack.models import SubNet


class SubNetSerializer(TenantObjectSerializer):
    url = LinkField("openstack-subnet-detail")
    network = RelatedLinkField("openstack-network-detail", read_only=True)
    network_name = serializers.CharField(source="network.name", read_only=True)
    router = RelatedLinkField("openstack-router-detail", read_only=True)
    router_name = serializers.CharField(source="router.name", read_only=True, default=None)
    router_uuid = HexUUIDField(source="router.uuid", read_only=True, default=None)

    class Meta(TenantObjectSerializer.Meta):
        model = SubNet
        fields = (
            *TENANT_FIELDS, "network", "network_name", "cidr", "gateway_ip", "disable_gateway", "allocation_pools",
            "ip_version", "enable_dhcp", "dns_nameservers", "host_routes", "is_connected", "router", "router_name",
            "router_uuid",
        )  # fmt: skip
        read_only_fields = fields


class SubNetFilter(SharedFilter):
    network_path = "network"

    network = LinkFilter()
    network_uuid = UUIDFilter(field_name="network__uuid")
    ip_version = django_filters.NumberFilter()
    enable_dhcp = django_filters.BooleanFilter()

    class Meta:
        model = SubNet
        fields = ()


class SubNetViewSet(ResourceViewSet):
    """Blocks of addresses."""

    queryset = related(SubNet.objects.all(), "tenant", "network", "router")
    serializer_class = SubNetSerializer
    filterset_class = SubNetFilter
