"""Network interfaces."""

from typing import Any

import django_filters
from rest_framework import serializers

from waldur_core.rest.filters import UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    ResourceViewSet,
    TenantObjectFilter,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.api.security import NestedSecurityGroupSerializer
from waldur_openstack.models import Port, SecurityGroup


class NestedPortSerializer(ModelSerializer):
    """A port as part of a server."""

    url = LinkField("openstack-port-detail")
    subnet = RelatedLinkField("openstack-subnet-detail", read_only=True)
    subnet_uuid = HexUUIDField(source="subnet.uuid", read_only=True, default=None)
    subnet_name = serializers.CharField(source="subnet.name", read_only=True, default=None)
    subnet_description = serializers.CharField(source="subnet.description", read_only=True, default=None)
    subnet_cidr = serializers.CharField(source="subnet.cidr", read_only=True, default=None)
    security_groups = NestedSecurityGroupSerializer(many=True, read_only=True)

    class Meta:
        model = Port
        fields = (
            "url", "fixed_ips", "mac_address", "subnet", "subnet_uuid", "subnet_name", "subnet_description",
            "subnet_cidr", "allowed_address_pairs", "device_id", "device_owner", "security_groups",
        )  # fmt: skip


class PortSecurityGroupSerializer(ModelSerializer):
    url = LinkField("openstack-security-group-detail")

    class Meta:
        model = SecurityGroup
        fields = ("uuid", "name", "url")


class PortSerializer(TenantObjectSerializer):
    url = LinkField("openstack-port-detail")
    network = RelatedLinkField("openstack-network-detail", read_only=True)
    network_name = serializers.CharField(source="network.name", read_only=True, default="")
    network_uuid = HexUUIDField(source="network.uuid", read_only=True, default=None)
    floating_ips = RelatedLinkField("openstack-floating-ip-detail", many=True, read_only=True)
    security_groups = PortSecurityGroupSerializer(many=True, read_only=True)

    class Meta(TenantObjectSerializer.Meta):
        model = Port
        fields = (
            *TENANT_FIELDS, "network", "network_name", "network_uuid", "fixed_ips", "mac_address",
            "allowed_address_pairs", "floating_ips", "device_id", "device_owner", "port_security_enabled",
            "security_groups", "admin_state_up", "status",
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Port) -> dict[str, Any]:
        data = super().to_representation(instance)
        if data.get("network_uuid", "") is None:
            del data["network_uuid"]  # clients cannot parse a null here
        return data


class PortFilter(TenantObjectFilter):
    network_uuid = UUIDFilter(field_name="network__uuid")
    network_name = django_filters.CharFilter(field_name="network__name", lookup_expr="icontains")
    mac_address = django_filters.CharFilter()
    device_id = django_filters.CharFilter()
    device_owner = django_filters.CharFilter()
    status = django_filters.CharFilter()
    admin_state_up = django_filters.BooleanFilter()

    class Meta:
        model = Port
        fields = ()


class PortViewSet(ResourceViewSet):
    """Network interfaces."""

    queryset = related(Port.objects.all(), "tenant", "network").prefetch_related("floating_ips", "security_groups")
    serializer_class = PortSerializer
    filterset_class = PortFilter
