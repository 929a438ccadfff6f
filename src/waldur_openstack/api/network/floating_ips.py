"""Public addresses (reading)."""

import django_filters
from rest_framework import serializers

from waldur_core.rest.filters import AddressFilter, BooleanFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    TenantObjectFilter,
    TenantObjectSerializer,
)
from waldur_openstack.models import FloatingIP


class NestedFloatingIPSerializer(ModelSerializer):
    """A floating IP as part of a server."""

    url = LinkField("openstack-floating-ip-detail")
    port_fixed_ips = serializers.ListField(source="port.fixed_ips", read_only=True, default=list)
    port_mac_address = serializers.CharField(source="port.mac_address", read_only=True, default=None)
    subnet = RelatedLinkField("openstack-subnet-detail", source="port.subnet", read_only=True)
    subnet_uuid = HexUUIDField(source="port.subnet.uuid", read_only=True, default=None)
    subnet_name = serializers.CharField(source="port.subnet.name", read_only=True, default="")
    subnet_description = serializers.CharField(source="port.subnet.description", read_only=True, default="")
    subnet_cidr = serializers.CharField(source="port.subnet.cidr", read_only=True, default="")

    class Meta:
        model = FloatingIP
        fields = (
            "url", "uuid", "address", "port_fixed_ips", "port_mac_address", "subnet", "subnet_uuid", "subnet_name",
            "subnet_description", "subnet_cidr",
        )  # fmt: skip


class FloatingIPSerializer(TenantObjectSerializer):
    url = LinkField("openstack-floating-ip-detail")
    port = serializers.SerializerMethodField()
    port_fixed_ips = serializers.ListField(source="port.fixed_ips", read_only=True, default=list)
    instance_uuid = HexUUIDField(source="port.instance.uuid", read_only=True, default=None)
    instance_name = serializers.CharField(source="port.instance.name", read_only=True, default=None)
    instance_url = RelatedLinkField("openstack-instance-detail", source="port.instance", read_only=True)

    class Meta(TenantObjectSerializer.Meta):
        model = FloatingIP
        fields = (
            *TENANT_FIELDS, "runtime_state", "address", "backend_network_id", "port", "external_address",
            "port_fixed_ips", "instance_uuid", "instance_name", "instance_url",
        )  # fmt: skip
        read_only_fields = fields

    def get_port(self, address: FloatingIP) -> str:
        field = RelatedLinkField("openstack-port-detail", read_only=True)
        field.bind("port_link", self)
        return field.to_representation(address.port) if address.port else ""


class FloatingIPFilter(TenantObjectFilter):
    address = AddressFilter()
    runtime_state = django_filters.CharFilter()
    free = BooleanFilter(field_name="port", lookup_expr="isnull")

    class Meta:
        model = FloatingIP
        fields = ()
