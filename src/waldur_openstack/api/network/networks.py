"""Virtual networks of tenants."""

from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from rest_framework import serializers

from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_openstack.api.base import (
    TENANT_FIELDS,
    ResourceViewSet,
    TenantObjectSerializer,
    related,
)
from waldur_openstack.api.changing import TenantObjectViewSet
from waldur_openstack.api.network.policies import NetworkRBACPolicySerializer, PoliciesOfNetwork, policies_seen_by
from waldur_openstack.api.network.ports import PortsOfNetwork
from waldur_openstack.api.network.shared import SharedFilter
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
    rbac_policies = NetworkRBACPolicySerializer(many=True, read_only=True)

    class Meta(TenantObjectSerializer.Meta):
        model = Network
        fields = (
            *TENANT_FIELDS, "is_external", "type", "segmentation_id", "subnets", "mtu", "port_security_enabled",
            "rbac_policies",
        )  # fmt: skip
        read_only_fields = fields

    def get_segmentation_id(self, network: Network) -> int | None:
        return network.segmentation_id if self._sees_internals() else None


class NetworkFilter(SharedFilter):
    is_external = django_filters.BooleanFilter()
    type = django_filters.CharFilter()

    class Meta:
        model = Network
        fields = ()


class NetworkViewSet(PortsOfNetwork, PoliciesOfNetwork, TenantObjectViewSet):
    """Virtual networks of tenants."""

    queryset = related(Network.objects.all(), "tenant").prefetch_related("subnets")
    serializer_class = NetworkSerializer
    filterset_class = NetworkFilter
    access = {**ResourceViewSet.base_access, **PortsOfNetwork.port_access, **PoliciesOfNetwork.policy_access}
    preconditions = {**PoliciesOfNetwork.policy_preconditions}

    def get_queryset(self) -> QuerySet[Any]:
        policies = policies_seen_by(self.request.user)
        return super().get_queryset().prefetch_related(Prefetch("rbac_policies", policies))
