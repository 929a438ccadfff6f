"""What requests may say of the addresses of ports."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_openstack.models import Network, Port, SubNet

MAC = re.compile(r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")


class FixedIPSerializer(serializers.Serializer[Any]):
    """An address of a subnet (its id in the cloud); with the subnet alone the cloud chooses the address."""

    ip_address = serializers.IPAddressField(required=False)
    subnet_id = serializers.CharField(required=False, max_length=64)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise ValidationError("Give ip_address, subnet_id or both.")
        return dict(attrs)


class MACAddressField(serializers.CharField):
    """Six pairs of hexadecimal digits; written with colons, in lower case."""

    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(data).lower().replace("-", ":")
        if not MAC.match(value):
            raise ValidationError("Give a MAC address such as fa:16:3e:00:00:01.")
        if int(value[:2], 16) & 1 or value == "00:00:00:00:00:00":
            raise ValidationError("This is the MAC address of a group, not of one interface.")
        return value


class AddressPairSerializer(serializers.Serializer[Any]):
    """Further addresses that a port may use: an address or a network, and a MAC address other than its own."""

    ip_address = serializers.CharField(max_length=43)
    mac_address = MACAddressField(required=False)

    def validate_ip_address(self, value: str) -> str:
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError as error:
            raise ValidationError(f"Give an address or a network such as 192.168.42.0/24: {error}.") from error
        return str(network) if "/" in value else str(network.network_address)


def address_pairs() -> Any:
    """The field for them."""
    return AddressPairSerializer(many=True, required=False)


def require_distinct_pairs(pairs: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """400 when two pairs are the same."""
    keys = [(pair["ip_address"], pair.get("mac_address", "")) for pair in pairs]
    if len(set(keys)) != len(keys):
        raise ValidationError("Two of the address pairs are the same.")
    return [dict(pair) for pair in pairs]


def resolve_fixed_ips(fixed_ips: Iterable[dict[str, str]], network: Network, but: Port | None = None) -> Any:
    """(fixed IPs in Neutron's form, their subnets); 400 for an address that the port `but` cannot get there."""
    subnets = list(network.subnets.all())
    found = [_with_subnet(fixed, subnets) for fixed in fixed_ips]
    for fixed, subnet in found:
        if "ip_address" in fixed:
            require_free_address(fixed["ip_address"], subnet, but)
    addresses = [fixed["ip_address"] for fixed, _ in found if "ip_address" in fixed]
    if len(set(addresses)) != len(addresses):
        raise ValidationError({"fixed_ips": ["Two of the addresses are the same."]})
    return [fixed for fixed, _ in found], [subnet for _, subnet in found]


def require_free_address(value: str, subnet: SubNet, but: Port | None = None, field: str = "fixed_ips") -> None:
    """400 unless `value` is an address of the subnet that a port can have, and no port of ours but `but` has it."""
    address, network = ipaddress.ip_address(value), ipaddress.ip_network(subnet.cidr)
    if address not in network:
        raise ValidationError({field: [f"{value} is no address of subnet {subnet.name} ({subnet.cidr})."]})
    reserved = {network.network_address: "the network", network.broadcast_address: "broadcasts"}
    if network.version == 6:
        reserved = {network.network_address: "the routers"}
    if address in reserved and network.prefixlen < network.max_prefixlen - 1:
        raise ValidationError({field: [f"{value} stands for {reserved[address]} of subnet {subnet.name}."]})
    if subnet.gateway_ip and address == ipaddress.ip_address(subnet.gateway_ip):
        raise ValidationError({field: [f"{value} is the gateway of subnet {subnet.name}."]})
    holders = Port.objects.filter(network=subnet.network_id, fixed_ips__contains=[{"ip_address": str(address)}])
    if any(port != but for port in holders):
        raise ValidationError({field: [f"{value} belongs to another port."]})


def _with_subnet(fixed: dict[str, str], subnets: list[SubNet]) -> tuple[dict[str, str], SubNet]:
    """The subnet that is named, or the one that the address is of."""
    value = fixed.get("ip_address")
    for subnet in subnets:
        if fixed.get("subnet_id", subnet.backend_id) != subnet.backend_id:
            continue
        if "subnet_id" in fixed or (value and ipaddress.ip_address(value) in ipaddress.ip_network(subnet.cidr)):
            return {**fixed, "subnet_id": subnet.backend_id}, subnet
    what = f"a subnet with the id {fixed['subnet_id']}" if "subnet_id" in fixed else f"a subnet for {value}"
    raise ValidationError({"fixed_ips": [f"The network does not have {what}."]})
