"""Virtual networks of tenants."""

from typing import Any, ClassVar

import django_filters
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import BooleanFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack import quotas
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.api.changing import CHANGEABLE, IN_BODY, REMOVABLE, Creates, Deletes, Updates, managed
from waldur_openstack.api.network.first_network import default_mtu
from waldur_openstack.api.network.policies import NetworkRBACPolicySerializer, PoliciesOfNetwork, policies_seen_by
from waldur_openstack.api.network.ports import PortsOfNetwork
from waldur_openstack.api.network.shared import SharedFilter
from waldur_openstack.api.network.subnet_changes import SubNetCreateSerializer
from waldur_openstack.api.network.subnets import SubNetSerializer
from waldur_openstack.api.pulling import Pulls
from waldur_openstack.api.tenant_scope import ActionSerializer, InTenantSerializer, UpdateSerializer
from waldur_openstack.models import Network, Port, SubNet
from waldur_openstack.models.network import GOES_WITH_NETWORK
from waldur_openstack.workflows.network import CreateNetwork, DeleteNetwork, SetMtu, UpdateNetwork
from waldur_openstack.workflows.pulling import PullNetwork


class MtuField(serializers.IntegerField):
    """The size of the largest packet, in bytes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=68, max_value=9000, help_text="In bytes.", **kwargs)


class NestedSubNetSerializer(ModelSerializer):
    """A subnet as part of its network."""

    port_security_enabled = serializers.BooleanField(source="network.port_security_enabled", read_only=True)

    class Meta:
        model = SubNet
        fields = (
            "uuid", "name", "description", "cidr", "gateway_ip", "allocation_pools", "ip_version", "ipv6_ra_mode",
            "ipv6_address_mode", "enable_dhcp", "port_security_enabled",
        )  # fmt: skip


class NetworkSerializer(TenantObjectSerializer):
    url = LinkField("openstack-network-detail")
    tenant_is_managed = serializers.BooleanField(source="tenant.is_managed", read_only=True)
    subnets = NestedSubNetSerializer(many=True, read_only=True)
    segmentation_id = serializers.SerializerMethodField()
    rbac_policies = NetworkRBACPolicySerializer(many=True, read_only=True)

    class Meta(TenantObjectSerializer.Meta):
        model = Network
        fields = (
            *TENANT_FIELDS, "tenant_is_managed", "is_external", "type", "segmentation_id", "subnets", "mtu",
            "port_security_enabled", "rbac_policies",
        )  # fmt: skip
        read_only_fields = fields

    def get_segmentation_id(self, network: Network) -> int | None:
        return network.segmentation_id if self._sees_internals() else None


class NetworkCreateSerializer(InTenantSerializer):
    """An empty network."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)
    mtu = MtuField(required=False, allow_null=True)

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> Network:
        """The row, its quota, and the operation that makes it real."""
        validated["mtu"] = validated.get("mtu") or default_mtu(self.tenant)
        counters.change(self.tenant, quotas.of_network())
        network = Network.objects.create(tenant=self.tenant, **validated)
        start(CreateNetwork, network, user=self.user)
        return network


class NetworkUpdateSerializer(UpdateSerializer):
    workflow = UpdateNetwork

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)


class MtuSerializer(ActionSerializer):
    mtu = MtuField()

    def create(self, validated: dict[str, Any]) -> Operation:
        return start(SetMtu, self.object, user=self.user, parameters={"mtu": validated["mtu"]})


def require_unused(network: Network) -> None:
    """409 while a server or a user has a port on it, and while a router leads to it."""
    port = Port.objects.filter(network=network).exclude(device_owner__in=GOES_WITH_NETWORK).first()
    if port:
        raise Conflict(f"Port {port} is on the network. Remove it first.")
    for subnet in network.subnets.all():
        if subnet.is_connected:
            raise Conflict(f"Subnet {subnet} is connected to router {subnet.router}. Disconnect it first.")
        if subnet.state not in (CoreState.OK, CoreState.ERRED):
            raise Conflict(f"Subnet {subnet} is {subnet.state}. Wait until that is done.")


class NetworkFilter(SharedFilter):
    is_external = BooleanFilter()
    type = django_filters.CharFilter()

    class Meta:
        model = Network
        fields = ()


class NetworkViewSet(PortsOfNetwork, PoliciesOfNetwork, Creates, Updates, Deletes, Pulls):
    """Virtual networks of tenants."""

    queryset = related(Network.objects.all(), "tenant").prefetch_related("subnets")
    serializer_class = NetworkSerializer
    workflows = {
        "create": "openstack.network.create",
        "create_port": "openstack.port.create",
        "create_subnet": "openstack.subnet.create",
        "rbac_policy_create": "openstack.network_rbac_policy.create",
        "rbac_policy_delete": "openstack.network_rbac_policy.delete",
        "set_mtu": "openstack.network.set_mtu",
    }
    filterset_class = NetworkFilter
    request_serializers = {"create": NetworkCreateSerializer, "update": NetworkUpdateSerializer}
    pull_workflow = PullNetwork
    delete_workflow = DeleteNetwork
    access = {
        **Pulls.base_access,
        "create": IN_BODY,
        **managed("update", "partial_update", "destroy", "set_mtu", "create_subnet"),
        **PortsOfNetwork.port_access,
        **PoliciesOfNetwork.policy_access,
    }
    preconditions = {
        **dict.fromkeys(("update", "partial_update", "set_mtu", "create_subnet"), CHANGEABLE),
        "destroy": (*REMOVABLE, require_unused),
        **PoliciesOfNetwork.policy_preconditions,
    }

    def get_queryset(self) -> QuerySet[Any]:
        policies = policies_seen_by(self.request.user)
        return super().get_queryset().prefetch_related(Prefetch("rbac_policies", policies))

    @extend_schema(request=MtuSerializer, responses={202: MtuSerializer})
    @action(detail=True, methods=["post"])
    def set_mtu(self, request: Request, uuid: str) -> Response:
        """Change the size of the largest packet."""
        serializer = MtuSerializer(data=request.data, context=self.context_of(self.get_object()))
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.validated_data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=SubNetCreateSerializer, responses={201: SubNetSerializer})
    @action(detail=True, methods=["post"])
    def create_subnet(self, request: Request, uuid: str) -> Response:
        """Create a subnet in the network."""
        context = self.context_of(self.get_object())
        serializer = SubNetCreateSerializer(data=request.data, context={**context, "network": context["object"]})
        serializer.is_valid(raise_exception=True)
        return Response(SubNetSerializer(serializer.save(), context=context).data, status=status.HTTP_201_CREATED)


class NetworksOfTenant:
    """The action on a tenant that makes a network."""

    network_access: ClassVar = managed("create_network")
    network_preconditions: ClassVar = {"create_network": (require_state(CoreState.OK),)}

    @extend_schema(request=NetworkCreateSerializer, responses={201: NetworkSerializer})
    @action(detail=True, methods=["post"])
    def create_network(self: Any, request: Request, uuid: str) -> Response:
        """Create a network in the tenant."""
        context = self.context_of(self.get_object())
        serializer = NetworkCreateSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        return Response(NetworkSerializer(serializer.save(), context=context).data, status=status.HTTP_201_CREATED)
