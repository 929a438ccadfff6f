"""Network interfaces."""

import re
from typing import Any, ClassVar

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django_filters.constants import EMPTY_VALUES
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import InBody
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import AnyOfFilter, BooleanFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.rest.uuids import is_uuid
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    ResourceViewSet,
    StatusSerializer,
    TenantObjectFilter,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.api.changing import CHANGEABLE, REMOVABLE, Creates, Deletes, Updates, managed
from waldur_openstack.api.network.port_requests import (
    PortCreateSerializer,
    PortGroupsSerializer,
    PortIPSerializer,
    PortPairsSerializer,
    PortUpdateSerializer,
    change_port,
    require_unattached,
)
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.api.security import NestedSecurityGroupSerializer
from waldur_openstack.api.tenant_scope import ActionSerializer
from waldur_openstack.models import Port, SecurityGroup
from waldur_openstack.workflows.network import DeletePort
from waldur_openstack.workflows.pulling import PullPort

CHANGES = (
    "enable_port", "disable_port", "enable_port_security", "disable_port_security", "set_allowed_address_pairs",
    "update_port_ip", "update_security_groups",
)  # fmt: skip


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


class FixedIPFilter(django_filters.CharFilter):
    """A part of an address."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value in EMPTY_VALUES:
            return qs
        if not set(value.lower()) <= set("0123456789abcdef.:"):
            return qs.none()
        pattern = f'"ip_address": "[^"]*{re.escape(value)}'
        return qs.annotate(addresses=Cast("fixed_ips", TextField())).filter(addresses__iregex=pattern)


class PortQueryFilter(django_filters.CharFilter):
    """Text in the name, the MAC address, the id in the cloud, or a part of an address."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value in EMPTY_VALUES:
            return qs
        by_text = AnyOfFilter(paths=("name", "mac_address", "backend_id")).filter(qs, value).values("pk")
        by_address = FixedIPFilter().filter(qs, value).values("pk")
        return qs.filter(Q(pk__in=by_text) | Q(pk__in=by_address))


class PortFilter(TenantObjectFilter):
    query = PortQueryFilter()
    fixed_ips = FixedIPFilter()
    exclude_subnet_uuids = django_filters.CharFilter(method="exclude_subnets")
    has_device_owner = BooleanFilter(method="with_device_owner")
    network_uuid = UUIDFilter(field_name="network__uuid")
    network_name = django_filters.CharFilter(field_name="network__name", lookup_expr="icontains")
    mac_address = django_filters.CharFilter()
    device_id = django_filters.CharFilter()
    device_owner = django_filters.CharFilter()
    status = django_filters.CharFilter()
    admin_state_up = BooleanFilter()

    class Meta:
        model = Port
        fields = ()

    def with_device_owner(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return queryset.exclude(device_owner="") if value else queryset.filter(device_owner="")

    def exclude_subnets(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        uuids = [part.strip() for part in value.split(",") if part.strip()]
        if not all(is_uuid(uuid) for uuid in uuids):
            raise ValidationError({name: ["Give uuids, separated by commas."]})
        return queryset.exclude(subnet__uuid__in=uuids)


class PortViewSet(Creates, Updates, Deletes, Pulls):
    """Network interfaces."""

    queryset = related(
        Port.objects.all(), "tenant__project__customer", "network", "subnet", "instance"
    ).prefetch_related("floating_ips", "security_groups")
    serializer_class = PortSerializer
    workflows = {
        "create": "openstack.port.create",
        "disable_port": "openstack.port.update",
        "disable_port_security": "openstack.port.update",
        "enable_port": "openstack.port.update",
        "enable_port_security": "openstack.port.update",
        "partial_update": "openstack.port.update",
        "update": "openstack.port.update",
        "set_allowed_address_pairs": "openstack.port.update",
        "update_port_ip": "openstack.port.update",
        "update_security_groups": "openstack.port.update",
    }
    filterset_class = PortFilter
    request_serializers = {"create": PortCreateSerializer, "update": PortUpdateSerializer}
    pull_workflow = PullPort
    delete_workflow = DeletePort
    ordering_fields = {
        **ResourceViewSet.ordering_fields,
        **{name: name for name in ("admin_state_up", "device_owner", "mac_address", "status")},
        "instance_name": "instance__name",
        "network_name": "network__name",
        "subnet_name": "subnet__name",
    }
    access = {
        **Pulls.base_access,
        "create": InBody(permission=Permission.OPENSTACK_TENANT_MANAGE, on="network"),
        **managed("update", "partial_update", "destroy", *CHANGES),
    }
    preconditions = {
        "update": CHANGEABLE,
        "partial_update": CHANGEABLE,
        "destroy": (*REMOVABLE, require_unattached),
        **dict.fromkeys(CHANGES, CHANGEABLE),
    }

    @extend_schema(request=PortCreateSerializer, responses={201: PortSerializer})
    def create(self, request: Request) -> Response:
        """Create a port; the body names the network."""
        return super().create(request)

    @extend_schema(request=None, responses=PortSerializer)
    @action(detail=True, methods=["post"])
    def enable_port(self, request: Request, uuid: str) -> Response:
        """Let traffic pass."""
        return self._change(admin_state_up=True)

    @extend_schema(request=None, responses=PortSerializer)
    @action(detail=True, methods=["post"])
    def disable_port(self, request: Request, uuid: str) -> Response:
        """Stop all traffic."""
        return self._change(admin_state_up=False)

    @extend_schema(request=None, responses=PortSerializer)
    @action(detail=True, methods=["post"])
    def enable_port_security(self, request: Request, uuid: str) -> Response:
        """Let security groups decide again; the port has none then, and lets nothing pass."""
        return self._change(port_security_enabled=True)

    @extend_schema(request=None, responses=PortSerializer)
    @action(detail=True, methods=["post"])
    def disable_port_security(self, request: Request, uuid: str) -> Response:
        """Let everything pass; security groups and address pairs are taken off."""
        return self._change(port_security_enabled=False, security_groups=[], allowed_address_pairs=[])

    @extend_schema(request=PortPairsSerializer, responses=PortSerializer)
    @action(detail=True, methods=["post"])
    def set_allowed_address_pairs(self, request: Request, uuid: str) -> Response:
        """Replace the further addresses that the port may use."""
        return self._asked(PortPairsSerializer)

    @extend_schema(request=PortIPSerializer, responses=PortSerializer)
    @action(detail=True, methods=["post"])
    def update_port_ip(self, request: Request, uuid: str) -> Response:
        """Give the port another address."""
        return self._asked(PortIPSerializer)

    @extend_schema(request=PortGroupsSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def update_security_groups(self, request: Request, uuid: str) -> Response:
        """Replace the security groups of the port."""
        return self.ask(PortGroupsSerializer, "security groups update was scheduled")

    def _change(self, **values: Any) -> Response:
        port = self.get_object()
        change_port(port, self.request.user, **values)
        return self._shown(port)

    def _asked(self, serializer_class: type[ActionSerializer]) -> Response:
        port = self.get_object()
        serializer = serializer_class(data=self.request.data, context=self.context_of(port))
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return self._shown(port)

    def _shown(self, port: Port) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=port.pk)).data)


class PortsOfNetwork:
    """The action on a network that makes a port."""

    port_access: ClassVar = {"create_port": InBody(permission=Permission.OPENSTACK_TENANT_MANAGE, on="tenant")}

    @extend_schema(request=PortCreateSerializer, responses={201: PortSerializer})
    @action(detail=True, methods=["post"])
    def create_port(self: Any, request: Request, uuid: str) -> Response:
        """Create a port on the network, of its tenant or, when it is shared, of `target_tenant`."""
        context, rule = self.get_serializer_context(), self.access_rule()
        serializer = PortCreateSerializer.on(self.get_object(), request, context, rule.permission)
        serializer.is_valid(raise_exception=True)
        return Response(PortSerializer(serializer.save(), context=context).data, status=status.HTTP_201_CREATED)
