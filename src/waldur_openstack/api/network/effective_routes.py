"""Where a router sends packets, as far as our rows know."""

from typing import Any

from rest_framework import serializers

from waldur_core.rest.serializers import HexUUIDField
from waldur_openstack.models import ExternalNetwork, Port, Router
from waldur_openstack.workflows.network.interfaces import interfaces_of

EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


class EffectiveRouteSerializer(serializers.Serializer[Any]):
    """`nexthop` is null for subnets that the router is in itself."""

    destination = serializers.CharField()
    nexthop = serializers.IPAddressField(allow_null=True)
    subnet_uuid = HexUUIDField(required=False, allow_null=True)
    subnet_name = serializers.CharField(required=False)
    subnet_cidr = serializers.CharField(required=False)
    port_uuid = HexUUIDField(required=False, allow_null=True)
    port_backend_id = serializers.CharField(required=False)
    ip_on_router = serializers.IPAddressField(required=False, allow_null=True)
    gateway_ip_on_router = serializers.IPAddressField(required=False, allow_null=True)
    external_network_uuid = HexUUIDField(required=False, allow_null=True)
    external_network_name = serializers.CharField(required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        # as an attribute, `source` means something else to a field
        sources = ("connected", "static", "default")
        return {**super().get_fields(), "source": serializers.ChoiceField(choices=sources)}


class EffectiveRoutesSerializer(serializers.Serializer[Any]):
    """`snat`: whether what leaves by the gateway gets the router's address; null without a gateway."""

    snat = serializers.BooleanField(allow_null=True)
    has_external_gateway = serializers.BooleanField()
    routes = EffectiveRouteSerializer(many=True)


def effective_routes(router: Router) -> dict[str, Any]:
    ports = interfaces_of(router).filter(subnet__isnull=False).select_related("subnet").order_by("pk")
    routes = [connected(port) for port in ports]
    routes += [{**route, "source": "static"} for route in router.routes]
    has_gateway = bool(router.external_network_id)
    if has_gateway:
        routes += defaults(router)
    # Neutron translates unless it is told not to
    snat = router.enable_snat is not False if has_gateway else None
    return {"snat": snat, "has_external_gateway": has_gateway, "routes": routes}


def connected(port: Port) -> dict[str, Any]:
    subnet = port.subnet
    assert subnet
    return {
        "destination": subnet.cidr,
        "nexthop": None,
        "source": "connected",
        "subnet_uuid": subnet.uuid,
        "subnet_name": subnet.name,
        "subnet_cidr": subnet.cidr,
        "port_uuid": port.uuid,
        "port_backend_id": port.backend_id,
        "ip_on_router": next((fixed["ip_address"] for fixed in port.fixed_ips), None),
    }


def defaults(router: Router) -> list[dict[str, Any]]:
    """Everything else goes to the gateway of the subnet in which the router has its address outside."""
    network = (
        ExternalNetwork.objects.filter(settings_id=router.service_settings_id, backend_id=router.external_network_id)
        .prefetch_related("subnets")
        .first()
    )
    if network is None:
        return []
    subnets = {subnet.backend_id: subnet for subnet in network.subnets.all()}
    return [
        {
            "destination": EVERYWHERE[subnet.ip_version],
            "nexthop": subnet.gateway_ip,
            "source": "default",
            "gateway_ip_on_router": fixed["ip_address"],
            "external_network_uuid": network.uuid,
            "external_network_name": network.name,
        }
        for fixed in router.external_fixed_ips
        if (subnet := subnets.get(fixed["subnet_id"]))
    ]
