"""What requests that make, change and connect subnets may say, and what they do to the rows."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Self
from uuid import uuid4

from django.db import transaction
from django.db.models import Q
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.permissions.checks import require_permission
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.api.network.addresses import (
    AllocationPoolSerializer,
    CIDRField,
    StaticRouteSerializer,
    check_block,
    check_free,
    check_gateway,
    check_pools,
    check_routes,
    default_pools,
    next_free,
)
from waldur_openstack.api.network.first_network import default_name_servers
from waldur_openstack.api.tenant_scope import (
    ActionSerializer,
    InTenantSerializer,
    OwnLinkField,
    UpdateSerializer,
    require_ok,
    resolve_link,
)
from waldur_openstack.models import FloatingIP, Network, Port, Router, SubNet, Tenant
from waldur_openstack.models.network import GOES_WITH_NETWORK
from waldur_openstack.workflows.network import ConnectSubNet, CreateSubNet, UpdateSubNet

IPV6_MODES = ("slaac", "dhcpv6-stateful", "dhcpv6-stateless")
MOST_NAME_SERVERS, MOST_ROUTES = 5, 20  # what Neutron takes by default


class SubNetFields(serializers.Serializer[Any]):
    """What can be chosen at the start and later."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(allow_blank=True, required=False, max_length=255)
    gateway_ip = serializers.IPAddressField(required=False, allow_null=True)
    disable_gateway = serializers.BooleanField(required=False)
    allocation_pools = AllocationPoolSerializer(many=True, required=False)
    dns_nameservers = serializers.ListField(
        child=serializers.IPAddressField(), required=False, max_length=MOST_NAME_SERVERS
    )
    host_routes = StaticRouteSerializer(many=True, required=False)

    def validate_host_routes(self, routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return check_routes(routes, MOST_ROUTES)

    def validate_allocation_pools(self, pools: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [dict(pool) for pool in pools]


def refuse_both(attrs: Mapping[str, Any]) -> None:
    if attrs.get("gateway_ip") and attrs.get("disable_gateway"):
        raise ValidationError({"gateway_ip": ["Name a gateway or disable it, not both."]})


class SubNetCreateSerializer(SubNetFields, InTenantSerializer):
    """A block of addresses in the `network` of the context, connected to a router unless that is skipped."""

    cidr = CIDRField(required=False)
    enable_dhcp = serializers.BooleanField(default=True)
    ipv6_ra_mode = serializers.ChoiceField(choices=IPV6_MODES, required=False, allow_null=True)
    ipv6_address_mode = serializers.ChoiceField(choices=IPV6_MODES, required=False, allow_null=True)
    router = OwnLinkField("openstack-router-detail", queryset=Router.objects.all(), required=False, allow_null=True)
    skip_router_connection = serializers.BooleanField(default=False)

    @property
    def network(self) -> Network:
        network: Network = self.context["network"]
        return network

    @classmethod
    def for_request(cls, request: Request, context: Mapping[str, Any], permission: str) -> Self:
        """The serializer of a direct request, whose body names the network; then 403, then 409 unless it is OK."""
        data = request.data if isinstance(request.data, dict) else {}
        networks = Network.objects.select_related("tenant__project__customer", "tenant__service_settings")
        network = resolve_link(data, "network", networks, context)
        require_permission(request.user, permission, [network.tenant.project, network.tenant.customer])
        require_ok(network.tenant)
        if network.state != CoreState.OK:
            raise Conflict(f"The network is {network.state}; it must be OK.")
        scope = {"network": network, "tenant": network.tenant, "user": request.user}
        return cls(data=data, context={**context, **scope})

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # nobody else can take the addresses before this transaction has ended
        Tenant.objects.select_for_update(of=("self",)).get(pk=self.tenant.pk)
        refuse_both(attrs)
        attrs["cidr"] = attrs.get("cidr") or next_free(self.tenant)
        block, gateway = ip_network(attrs["cidr"]), attrs.get("gateway_ip")
        check_block(block)
        check_free(block, self.tenant)
        check_gateway(block, gateway)
        check_pools(block, attrs.get("allocation_pools") or (), gateway)
        check_ipv6(block, attrs)
        attrs["ip_version"] = block.version
        attrs["allocation_pools"] = attrs.get("allocation_pools") or default_pools(block, gateway)
        attrs.setdefault("dns_nameservers", default_name_servers(self.tenant))
        if attrs.get("disable_gateway") and attrs.get("router"):
            raise ValidationError({"router": ["A subnet without a gateway cannot be connected to a router."]})
        return attrs

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> SubNet:
        """The row, its quota, and the operation that makes it real."""
        named, skips = validated.pop("router", None), validated.pop("skip_router_connection")
        skips = skips or validated.get("disable_gateway", False)
        parameters = {} if skips else router_to_connect(self.tenant, named)
        if parameters:
            counters.check(self.tenant, quotas.of_ports(1))  # the router's interface
        counters.change(self.tenant, quotas.OF_SUBNET)
        subnet = SubNet.objects.create(tenant=self.tenant, network=self.network, **validated)
        start(CreateSubNet, subnet, user=self.user, parameters=parameters)
        return subnet


def check_ipv6(block: Any, attrs: Mapping[str, Any]) -> None:
    """How servers get their IPv6 addresses: the router's and DHCP's part must agree."""
    modes = {name: attrs[name] for name in ("ipv6_ra_mode", "ipv6_address_mode") if attrs.get(name)}
    if not modes:
        return
    name = next(iter(modes))
    if block.version != 6:
        raise ValidationError({name: ["This is for IPv6 only."]})
    if not attrs["enable_dhcp"]:
        raise ValidationError({name: ["This needs enable_dhcp."]})
    if len(set(modes.values())) > 1:
        raise ValidationError({"ipv6_address_mode": ["It must be the same as ipv6_ra_mode when both are given."]})
    if modes[name] != "dhcpv6-stateful" and block.prefixlen != 64:
        raise ValidationError({"cidr": [f"With {modes[name]} servers choose addresses themselves, in a /64."]})


def router_to_connect(tenant: Tenant, named: Router | None) -> dict[str, Any]:
    """The parameters of CreateSubNet: the router that is named, else the tenant's first, else a new one."""
    if router := named or tenant.routers.order_by("pk").first():
        if router.state != CoreState.OK:
            raise Conflict(f"Router {router} is {router.state}; it must be OK, or skip the connection.")
        return {"router": router.uuid.hex}
    if tenant.skip_creation_of_default_router:
        return {}
    subnets = tenant.subnets.values("uuid")
    if Operation.objects.filter(
        workflow=CreateSubNet.name, subject_uuid__in=subnets, state__in=Operation.LIVE, parameters__new_router=True
    ).exists():
        raise Conflict("The router of this tenant is being made. Try again in a moment, or skip the connection.")
    return {"router": uuid4().hex, "new_router": True}


class SubNetUpdateSerializer(SubNetFields, UpdateSerializer):
    """New values; what is not named stays. The addresses themselves stay for ever."""

    workflow = UpdateSubNet

    cidr = CIDRField(required=False)

    def validate_cidr(self, value: str) -> str:
        if value != self.object.cidr:
            raise ValidationError("The addresses of a subnet cannot be changed. Make another subnet.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        subnet: SubNet = self.object
        refuse_both(attrs)
        gateway = self._gateway(attrs)
        attrs |= {"gateway_ip": gateway, "disable_gateway": gateway is None}
        block = ip_network(subnet.cidr)
        check_gateway(block, gateway)
        check_pools(block, attrs.get("allocation_pools", subnet.allocation_pools), gateway)
        if subnet.is_connected and gateway != subnet.gateway_ip:
            raise Conflict(f"The gateway is the address of router {subnet.router} here. Disconnect the subnet first.")
        return attrs

    def _gateway(self, attrs: dict[str, Any]) -> str | None:
        """The gateway that is wanted: null says nothing, as clients send back what they were given."""
        subnet: SubNet = self.object
        if attrs.get("disable_gateway"):
            return None
        gateway = attrs.get("gateway_ip") or subnet.gateway_ip
        if gateway is None and attrs.get("disable_gateway") is False:
            raise ValidationError({"gateway_ip": ["Name the gateway."]})
        return gateway


class SubNetConnectSerializer(ActionSerializer):
    """To the router that is named, else the one it was connected to, else the tenant's first."""

    router = OwnLinkField("openstack-router-detail", queryset=Router.objects.all(), required=False, allow_null=True)

    def create(self, validated: dict[str, Any]) -> Operation:
        subnet: SubNet = self.object
        router = validated.get("router") or subnet.router or self.tenant.routers.order_by("pk").first()
        if router is None:
            raise Conflict("The tenant has no router. Create one first.")
        if router.state != CoreState.OK:
            raise Conflict(f"Router {router} is {router.state}; it must be OK.")
        counters.check(self.tenant, quotas.of_ports(1))
        return start(ConnectSubNet, subnet, user=self.user, parameters={"router": router.uuid.hex})


def require_connected(subnet: SubNet) -> None:
    if not subnet.is_connected:
        raise Conflict("The subnet is not connected to a router.")


def require_connectable(subnet: SubNet) -> None:
    """409 when it is connected already, or has no address for a router to take."""
    if subnet.is_connected:
        raise Conflict(f"The subnet is connected to router {subnet.router} already.")
    if subnet.gateway_ip is None:
        raise Conflict("The subnet has no gateway address for a router to take.")


def require_no_way_through(subnet: SubNet) -> None:
    """409 while something goes by the connection: floating IPs of servers, routes of the router."""
    if not subnet.is_connected:
        return
    if address := FloatingIP.objects.filter(port__subnet=subnet).first():
        raise Conflict(f"Floating IP {address} of a server goes by this connection. Detach it first.")
    block = ip_network(subnet.cidr)
    if subnet.router and any(ip_address(route["nexthop"]) in block for route in subnet.router.routes):
        raise Conflict(f"A route of router {subnet.router} goes by this connection. Remove the route first.")


def require_no_ports(subnet: SubNet) -> None:
    """409 while servers or users have ports in it."""
    inside = Q(subnet=subnet)
    if subnet.backend_id:
        inside |= Q(network_id=subnet.network_id, fixed_ips__contains=[{"subnet_id": subnet.backend_id}])
    port = Port.objects.filter(inside).exclude(device_owner__in=GOES_WITH_NETWORK).first()
    if port:
        raise Conflict(f"Port {port} has an address of this subnet. Remove it first.")
