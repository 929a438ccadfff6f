"""Blocks of addresses."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import InBody
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import BooleanFilter, LinkFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, RelatedLinkField
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    StatusSerializer,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.api.changing import CHANGEABLE, REMOVABLE, Creates, Deletes, Updates, managed
from waldur_openstack.api.network.shared import SharedFilter
from waldur_openstack.api.network.subnet_changes import (
    SubNetConnectSerializer,
    SubNetCreateSerializer,
    SubNetUpdateSerializer,
    require_connectable,
    require_connected,
    require_no_ports,
    require_no_way_through,
)
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.models import SubNet
from waldur_openstack.workflows.network import DeleteSubNet, DisconnectSubNet
from waldur_openstack.workflows.pulling import PullSubNet


class SubNetSerializer(TenantObjectSerializer):
    url = LinkField("openstack-subnet-detail")
    tenant_is_managed = serializers.BooleanField(source="tenant.is_managed", read_only=True)
    network = RelatedLinkField("openstack-network-detail", read_only=True)
    network_name = serializers.CharField(source="network.name", read_only=True)
    port_security_enabled = serializers.BooleanField(source="network.port_security_enabled", read_only=True)
    router = RelatedLinkField("openstack-router-detail", read_only=True)
    router_name = serializers.CharField(source="router.name", read_only=True, default=None)
    router_uuid = HexUUIDField(source="router.uuid", read_only=True, default=None)

    class Meta(TenantObjectSerializer.Meta):
        model = SubNet
        fields = (
            *TENANT_FIELDS, "tenant_is_managed", "network", "network_name", "cidr", "gateway_ip", "disable_gateway",
            "allocation_pools", "ip_version", "ipv6_ra_mode", "ipv6_address_mode", "enable_dhcp", "dns_nameservers",
            "host_routes", "is_connected", "port_security_enabled", "router", "router_name", "router_uuid",
        )  # fmt: skip
        read_only_fields = fields


class SubNetFilter(SharedFilter):
    network_path = "network"

    network = LinkFilter()
    network_uuid = UUIDFilter(field_name="network__uuid")
    ip_version = django_filters.NumberFilter()
    enable_dhcp = BooleanFilter()

    class Meta:
        model = SubNet
        fields = ()


class SubNetViewSet(Creates, Updates, Deletes, Pulls):
    """Blocks of addresses."""

    queryset = related(SubNet.objects.all(), "tenant", "network", "router")
    serializer_class = SubNetSerializer
    workflows = {
        "connect": "openstack.subnet.connect",
        "create": "openstack.subnet.create",
        "disconnect": "openstack.subnet.disconnect",
    }
    filterset_class = SubNetFilter
    request_serializers = {"create": SubNetCreateSerializer, "update": SubNetUpdateSerializer}
    pull_workflow = PullSubNet
    delete_workflow = DeleteSubNet
    access = {
        **Pulls.base_access,
        "create": InBody(permission=Permission.OPENSTACK_TENANT_MANAGE, on="network"),
        **managed("update", "partial_update", "destroy", "connect", "disconnect"),
    }
    preconditions = {
        **dict.fromkeys(("update", "partial_update"), CHANGEABLE),
        "destroy": (*REMOVABLE, require_no_ports, require_no_way_through),
        "connect": (*CHANGEABLE, require_connectable),
        "disconnect": (*CHANGEABLE, require_connected, require_no_way_through),
    }

    @extend_schema(request=SubNetConnectSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def connect(self, request: Request, uuid: str) -> Response:
        """Connect the subnet to a router."""
        return self.ask(SubNetConnectSerializer, "connecting was scheduled")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def disconnect(self, request: Request, uuid: str) -> Response:
        """Disconnect the subnet from its router, which it remembers."""
        router = self.get_object().router
        return self.begin(DisconnectSubNet, "disconnecting was scheduled", router=router.uuid.hex)
