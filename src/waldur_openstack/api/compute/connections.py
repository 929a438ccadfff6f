"""How a request names the ports and the public addresses of a server."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.api.network.port_addresses import FixedIPSerializer, require_free_address
from waldur_openstack.api.tenant_scope import InTenantSerializer, OwnLinkField, UsableLinkField
from waldur_openstack.models import FloatingIP, Port, SubNet


class InstancePortSerializer(InTenantSerializer):
    """A new port on a subnet, or an existing free port."""

    subnet = UsableLinkField(
        "openstack-subnet-detail",
        queryset=SubNet.objects.select_related("network"),
        required=False,
        allow_null=True,
    )
    port = OwnLinkField("openstack-port-detail", queryset=Port.objects.all(), required=False)
    fixed_ips = FixedIPSerializer(many=True, required=False)
    port_security_enabled = serializers.BooleanField(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        subnet, port = attrs.get("subnet"), attrs.get("port")
        if bool(subnet) == bool(port):
            raise ValidationError("Name either a subnet or a port.")
        if port:
            self.check_port(port)
        if subnet and subnet.state != CoreState.OK:
            raise ValidationError({"subnet": [f"The subnet is {subnet.state}; it must be OK."]})
        if subnet:
            self.check_addresses(subnet, attrs.get("fixed_ips", ()))
        return attrs

    def check_port(self, port: Port) -> None:
        if port.instance_id or port.device_id or port.state != CoreState.OK:
            raise ValidationError({"port": ["The port is in use or not ready."]})

    def check_addresses(self, subnet: SubNet, fixed_ips: Any) -> None:
        for fixed in fixed_ips:
            _check_address(fixed, subnet)


class InstanceFloatingIPSerializer(InTenantSerializer):
    """A public address for the port on `subnet`: a free one (`url`, or `ip_address`), or a new one."""

    subnet = UsableLinkField("openstack-subnet-detail", queryset=SubNet.objects.all())
    url = OwnLinkField("openstack-floating-ip-detail", queryset=FloatingIP.objects.all(), required=False)
    ip_address = serializers.IPAddressField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        address = attrs.get("url")
        if attrs.get("ip_address"):
            address = FloatingIP.objects.filter(tenant=self.tenant, address=attrs["ip_address"]).first()
            if address is None:
                raise ValidationError({"ip_address": ["The tenant has no such floating IP."]})
        if address:
            self.check_address(address)
        if not attrs["subnet"].is_connected:
            raise ValidationError({"subnet": ["The subnet is not connected to a router."]})
        return {"subnet": attrs["subnet"], "address": address}

    def check_address(self, address: FloatingIP) -> None:
        if address.port_id or address.state != CoreState.OK:
            raise ValidationError({"url": ["The floating IP is in use or not ready."]})


def claimed(port: Port | None) -> Port | None:
    """The free port that is named, out of reach of other orders from here on; 409 when one of them was faster."""
    if port is None:
        return None
    free = Port.objects.select_for_update(of=("self",)).filter(
        pk=port.pk, instance=None, device_id="", state=CoreState.OK
    )
    if found := free.first():
        return found
    raise Conflict(f"Port {port} is in use, or another operation is at work on it.")


def _check_address(fixed: dict[str, str], subnet: SubNet) -> None:
    """An address that is asked for must be one of the subnet, and free."""
    if fixed.get("subnet_id", subnet.backend_id) != subnet.backend_id:
        raise ValidationError({"fixed_ips": [f"subnet_id is not the id of subnet {subnet.name} in the cloud."]})
    if "ip_address" in fixed:
        require_free_address(fixed["ip_address"], subnet)


def require_distinct_subnets(items: list[dict[str, Any]]) -> list[SubNet]:
    """The subnets of new and existing ports; 400 when two are on the same."""
    found = [port["subnet"] or port["port"].subnet for port in map(with_both, items)]
    subnets = [subnet for subnet in found if subnet]
    if len({subnet.pk for subnet in subnets}) != len(subnets):
        raise ValidationError({"ports": ["Two of the ports are on the same subnet."]})
    return subnets


def with_both(item: dict[str, Any]) -> dict[str, Any]:
    """What a request names of the two, and None for the other."""
    return {"subnet": None, "port": None, **item}


def asked_addresses(item: dict[str, Any]) -> list[dict[str, str]]:
    """Neutron's form: addresses asked for, else one of the subnet."""
    subnet = item["subnet"].backend_id
    asked = [{"subnet_id": subnet, **dict(fixed)} for fixed in item.get("fixed_ips", ())]
    return asked or [{"subnet_id": subnet}]
