"""The networks by which tenants reach the world."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from rest_framework import serializers

from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_openstack.api.catalogue import READ, CatalogueFilter, CatalogueSerializer
from waldur_openstack.models import ExternalNetwork, ExternalSubnet, Network, NetworkRBACPolicy, Router, Tenant


class ExternalSubnetSerializer(ModelSerializer):
    class Meta:
        model = ExternalSubnet
        fields = (
            "uuid", "name", "backend_id", "cidr", "gateway_ip", "ip_version", "enable_dhcp", "allocation_pools",
            "dns_nameservers", "public_ip_range", "description",
        )  # fmt: skip

    def to_representation(self, instance: ExternalSubnet) -> dict[str, Any]:
        data = super().to_representation(instance)
        # clients take these for mappings: they cannot parse a list of texts
        return {name: value for name, value in data.items() if name != "dns_nameservers" or not value}


class ExternalNetworkSerializer(CatalogueSerializer):
    url = LinkField("openstack-external-network-detail")
    subnets = ExternalSubnetSerializer(many=True, read_only=True)

    class Meta:
        model = ExternalNetwork
        fields = (
            "url", "uuid", "name", "settings", "backend_id", "is_shared", "is_default", "status", "description",
            "subnets",
        )  # fmt: skip


class ExternalNetworkFilter(CatalogueFilter):
    class Meta:
        model = ExternalNetwork
        fields = ()


class ExternalNetworkViewSet(ReadOnlyViewSet):
    """The networks by which tenants reach the world."""

    queryset = ExternalNetwork.objects.select_related("settings").prefetch_related("subnets")
    serializer_class = ExternalNetworkSerializer
    filterset_class = ExternalNetworkFilter
    access = READ


def external_network_ref(name: str) -> dict[str, Subquery]:
    """Annotations `<name>_uuid` and `<name>_name`: the network that the column `external_network_id` speaks of."""
    network = ExternalNetwork.objects.filter(
        settings_id=OuterRef("service_settings_id"), backend_id=OuterRef("external_network_id")
    )
    return {f"{name}_uuid": Subquery(network.values("uuid")[:1]), f"{name}_name": Subquery(network.values("name")[:1])}


def named_external_network(obj: Tenant | Router, name: str) -> tuple[str | None, str | None]:
    """Uuid and name, from the annotations; looked up for an object that comes without them."""
    if hasattr(obj, f"{name}_uuid"):
        uuid = getattr(obj, f"{name}_uuid")
        return uuid.hex if uuid else None, getattr(obj, f"{name}_name")
    networks = ExternalNetwork.objects.filter(settings_id=obj.service_settings_id, backend_id=obj.external_network_id)
    row = networks.first() if obj.external_network_id else None
    return (row.uuid.hex, row.name) if row else (None, None)


def shared_as_external(tenant: Tenant) -> QuerySet[Network]:
    """The networks of other tenants that this one may go out by."""
    policies = NetworkRBACPolicy.objects.filter(target_tenant=tenant, policy_type=NetworkRBACPolicy.Type.EXTERNAL)
    return Network.objects.filter(pk__in=policies.values("network_id")).prefetch_related("subnets")


def external_networks_of(tenant: Tenant) -> list[tuple[str, ExternalNetwork | Network]]:
    """All that a router of the tenant can have its gateway in, with where we know it from."""
    own = ExternalNetwork.objects.filter(ExternalNetwork.usable_in(tenant)).prefetch_related("subnets")
    return [("global", item) for item in own] + [("rbac", item) for item in shared_as_external(tenant)]


class AvailableSubnetSerializer(serializers.Serializer[Any]):
    backend_id = serializers.CharField()
    name = serializers.CharField()
    cidr = serializers.CharField()


class AvailableExternalNetworkSerializer(serializers.Serializer[Any]):
    """One that a router can have its gateway in; `source` is `rbac` when another tenant shares it."""

    backend_id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    subnets = AvailableSubnetSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        # as an attribute, `source` means something else to a field
        return {**super().get_fields(), "source": serializers.ChoiceField(choices=("global", "rbac"))}


def available_external_networks(tenant: Tenant) -> list[dict[str, Any]]:
    return [
        {
            "backend_id": network.backend_id,
            "name": network.name,
            "description": network.description,
            "source": source,
            "subnets": [
                {"backend_id": subnet.backend_id, "name": subnet.name, "cidr": subnet.cidr}
                for subnet in network.subnets.all()
            ],
        }
        for source, network in external_networks_of(tenant)
    ]
