"""Networks, subnets, routers, ports and floating IPs (reading)."""

from typing import Any

import django_filters
from rest_framework import serializers

from waldur_core.rest.filters import LinkFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_openstack.api.base import (
    BASE_FIELDS,
    ResourceViewSet,
    TenantObjectFilter,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.api.security import NestedSecurityGroupSerializer
from waldur_openstack.models import FloatingIP, Network, Port, Router, SecurityGroup, SubNet
from waldur_openstack.workflows.pulling import PullNetwork, PullPort, PullSubNet

TENANT_FIELDS = (*BASE_FIELDS, "tenant", "tenant_name", "tenant_uuid")


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


class NetworkViewSet(Pulls):
    """Virtual networks of tenants."""

    queryset = related(Network.objects.all(), "tenant").prefetch_related("subnets")
    serializer_class = NetworkSerializer
    filterset_class = NetworkFilter
    pull_workflow = PullNetwork


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


class SubNetFilter(TenantObjectFilter):
    network = LinkFilter()
    network_uuid = UUIDFilter(field_name="network__uuid")
    ip_version = django_filters.NumberFilter()
    enable_dhcp = django_filters.BooleanFilter()

    class Meta:
        model = SubNet
        fields = ()


class SubNetViewSet(Pulls):
    """Blocks of addresses."""

    queryset = related(SubNet.objects.all(), "tenant", "network", "router")
    serializer_class = SubNetSerializer
    filterset_class = SubNetFilter
    pull_workflow = PullSubNet


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
    not_offered = frozenset({"unlink"})
    access = ResourceViewSet.state_access


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


class PortViewSet(Pulls):
    """Network interfaces."""

    queryset = related(Port.objects.all(), "tenant", "network").prefetch_related("floating_ips", "security_groups")
    serializer_class = PortSerializer
    filterset_class = PortFilter
    pull_workflow = PullPort


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
    address = django_filters.CharFilter()
    runtime_state = django_filters.CharFilter()
    free = django_filters.BooleanFilter(field_name="port", lookup_expr="isnull")

    class Meta:
        model = FloatingIP
        fields = ()
