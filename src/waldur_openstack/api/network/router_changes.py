"""What requests that make and change routers may say."""

from ipaddress import ip_address, ip_network
from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.api.network.addresses import StaticRouteSerializer, check_routes
from waldur_openstack.api.network.external import external_networks_of
from waldur_openstack.api.network.subnet_changes import require_no_way_through
from waldur_openstack.api.tenant_scope import (
    ActionSerializer,
    InTenantSerializer,
    OwnLinkField,
    UpdateSerializer,
    UsableLinkField,
)
from waldur_openstack.models import ExternalNetwork, ExternalSubnet, FloatingIP, Network, Port, Router, SubNet
from waldur_openstack.workflows.network import (
    AddRouterInterface,
    CreateRouter,
    RemoveRouterInterface,
    SetExternalGateway,
    SetRoutes,
    UpdateRouter,
)
from waldur_openstack.workflows.network.interfaces import interfaces_of

MOST_ROUTES = 30  # what Neutron takes by default


class RouterCreateSerializer(InTenantSerializer):
    """A router that is connected to nothing yet."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, default="", max_length=255)

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> Router:
        """The row, and the operation that makes it real."""
        router = Router.objects.create(tenant=self.tenant, **validated)
        start(CreateRouter, router, user=self.user)
        return router


class RouterUpdateSerializer(UpdateSerializer):
    workflow = UpdateRouter

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)


class RouterInterfaceSerializer(ActionSerializer):
    """A subnet or a port of the same tenant."""

    subnet = OwnLinkField("openstack-subnet-detail", queryset=SubNet.objects.all(), required=False, allow_null=True)
    port = OwnLinkField(
        "openstack-port-detail", queryset=Port.objects.select_related("subnet"), required=False, allow_null=True
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = {name: value for name, value in attrs.items() if value}
        if len(named) != 1:
            raise ValidationError("Name either a subnet or a port.")
        ((name, value),) = named.items()
        if value.state != CoreState.OK:
            raise Conflict(f"The {name} is {value.state}; it must be OK.")
        return named


class AddInterfaceSerializer(RouterInterfaceSerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = super().validate(attrs)
        subnet, port = named.get("subnet"), named.get("port")
        if subnet and subnet.gateway_ip is None:
            raise ValidationError({"subnet": ["The subnet has no gateway address for the router; name a port of it."]})
        if port and port.device_owner:
            raise Conflict("The port is in use.")
        inside = subnet or (port and port.subnet)
        if inside and inside.is_connected and (subnet or inside.router == self.object):
            raise Conflict(f"The subnet is connected to router {inside.router} already.")
        return named

    def create(self, validated: dict[str, Any]) -> Operation:
        ((name, value),) = validated.items()
        if name == "subnet":  # a port that is named counts already
            counters.check(self.tenant, quotas.of_ports(1))
        return start(AddRouterInterface, self.object, user=self.user, parameters={name: value.uuid.hex})


class RemoveInterfaceSerializer(RouterInterfaceSerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = super().validate(attrs)
        ((name, value),) = named.items()
        interfaces = interfaces_of(self.object)
        found = interfaces.filter(subnet=value) if name == "subnet" else interfaces.filter(pk=value.pk)
        if not found.exists():
            raise ValidationError({name: [f"The router has no interface at this {name}."]})
        subnet = value if name == "subnet" else value.subnet
        if subnet:
            require_no_way_through(subnet)
        return named

    def create(self, validated: dict[str, Any]) -> Operation:
        ((name, value),) = validated.items()
        return start(RemoveRouterInterface, self.object, user=self.user, parameters={name: value.uuid.hex})


class GatewayAddressSerializer(serializers.Serializer[Any]):
    ip_address = serializers.IPAddressField()
    subnet_id = serializers.CharField(required=False, max_length=64)


class GatewaySerializer(ActionSerializer):
    """An external network, by the cloud's id or by link. The rest is for providers: null is the cloud's choice."""

    external_network_id = serializers.CharField(required=False, max_length=64)
    external_network = UsableLinkField(
        "openstack-external-network-detail", queryset=ExternalNetwork.objects.all(), required=False, allow_null=True
    )
    enable_snat = serializers.BooleanField(required=False, allow_null=True)
    external_fixed_ips = GatewayAddressSerializer(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        network = self._network(attrs)
        router: Router = self.object
        if router.external_network_id not in ("", network.backend_id):
            require_no_floating_ips(router)
        wanted: dict[str, Any] = {"network_id": network.backend_id}
        if attrs.get("enable_snat") is not None:
            wanted["enable_snat"] = attrs["enable_snat"]
        if addresses := attrs.get("external_fixed_ips"):
            wanted["external_fixed_ips"] = [_check_address(dict(address), network) for address in addresses]
        return wanted

    def _network(self, attrs: dict[str, Any]) -> ExternalNetwork | Network:
        link, backend_id = attrs.get("external_network"), attrs.get("external_network_id")
        if bool(link) == bool(backend_id):
            raise ValidationError({"external_network_id": ["Name the external network, by its id or by link."]})
        backend_id = link.backend_id if link else backend_id
        for _, network in external_networks_of(self.tenant):
            if network.backend_id == backend_id:
                return network
        raise ValidationError({"external_network_id": ["There is no such external network for this tenant."]})

    def create(self, validated: dict[str, Any]) -> Operation:
        return start(SetExternalGateway, self.object, user=self.user, parameters=validated)


def _check_address(address: dict[str, Any], network: ExternalNetwork | Network) -> dict[str, Any]:
    """The address is one of the network's, and of the subnet that is named."""
    for subnet in network.subnets.all():
        named = address.get("subnet_id", subnet.backend_id)
        if named == subnet.backend_id and ip_address(address["ip_address"]) in ip_network(subnet.cidr):
            return address
    raise ValidationError({"external_fixed_ips": [f"{address['ip_address']} is not in this external network."]})


class RoutesSerializer(ActionSerializer):
    """These routes instead of those there are."""

    routes = StaticRouteSerializer(many=True)

    def validate_routes(self, routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        router: Router = self.object
        own = {fixed["ip_address"] for fixed in (*router.fixed_ips, *router.external_fixed_ips)}
        blocks = [ip_network(cidr) for cidr in reachable(router)]
        routes = check_routes(routes, MOST_ROUTES)
        for route in routes:
            if route["nexthop"] in own:
                raise ValidationError(f"{route['nexthop']} is an address of the router itself.")
            if not any(ip_address(route["nexthop"]) in block for block in blocks):
                raise ValidationError(f"{route['nexthop']} is in no subnet that the router is connected to.")
        return routes

    def create(self, validated: dict[str, Any]) -> Operation:
        return start(SetRoutes, self.object, user=self.user, parameters=validated)


def reachable(router: Router) -> list[str]:
    """The blocks of addresses at the other end of its interfaces and of its gateway."""
    inside = SubNet.objects.filter(pk__in=interfaces_of(router).values("subnet_id")).values_list("cidr", flat=True)
    outside = ExternalSubnet.objects.filter(
        network__settings_id=router.service_settings_id, network__backend_id=router.external_network_id
    ).values_list("cidr", flat=True)
    return [*inside, *outside]


def require_no_interfaces(router: Router) -> None:
    if port := interfaces_of(router).select_related("subnet").first():
        raise Conflict(f"The router is connected to subnet {port.subnet}. Remove the interface first.")


def require_gateway(router: Router) -> None:
    if not router.external_network_id:
        raise Conflict("The router has no external gateway.")


def require_no_floating_ips(router: Router) -> None:
    """409 while floating IPs of servers go by its gateway."""
    inside = interfaces_of(router).values("subnet_id")
    address = FloatingIP.objects.filter(port__subnet__in=inside, backend_network_id=router.external_network_id).first()
    if address:
        raise Conflict(f"Floating IP {address} goes by the gateway of this router. Detach it first.")
