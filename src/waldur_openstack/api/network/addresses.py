"""Blocks of addresses: which are allowed, which is the next that is free, and what must be inside them."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import pairwise
from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_openstack.api.validators import PRIVATE
from waldur_openstack.models import SubNet, Tenant

Block = IPv4Network | IPv6Network
FIRST_CHOICE = 42  # of 192.168.x.0/24
SMALLEST = {4: 30, 6: 126}


class CIDRField(serializers.CharField):
    """A block of addresses, e.g. 192.168.42.0/24; its value is the canonical text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=43, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return str(ip_network(text))
        except ValueError as error:
            raise ValidationError(f"Give a block of addresses such as 192.168.42.0/24: {error}.") from error


class AllocationPoolSerializer(serializers.Serializer[Any]):
    """From the first to the last address that is given out."""

    start = serializers.IPAddressField()
    end = serializers.IPAddressField()


class StaticRouteSerializer(serializers.Serializer[Any]):
    """Packets to `destination` go by way of `nexthop`."""

    destination = CIDRField()
    nexthop = serializers.IPAddressField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ip_network(attrs["destination"]).version != ip_address(attrs["nexthop"]).version:
            raise ValidationError({"nexthop": ["The next hop and the destination must be of the same IP version."]})
        return attrs


def check_routes(routes: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Not more than Neutron takes, and none of them twice; as plain JSON."""
    if len(routes) > most:
        raise ValidationError(f"Give at most {most} routes.")
    if len({(route["destination"], route["nexthop"]) for route in routes}) != len(routes):
        raise ValidationError("Two of the routes are the same.")
    return [dict(route) for route in routes]


def check_block(block: Block) -> None:
    """Tenants' own addresses are private, and there are enough of them for a gateway and a server."""
    if isinstance(block, IPv4Network) and not any(block.subnet_of(private) for private in PRIVATE):
        raise ValidationError(
            {"cidr": ["Give private addresses: in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, or IPv6."]}
        )
    if block.is_multicast or block.is_loopback or block.is_link_local or block.is_unspecified:
        raise ValidationError({"cidr": ["These addresses are not for servers."]})
    if block.prefixlen > SMALLEST[block.version] or block.prefixlen == 0:
        raise ValidationError({"cidr": [f"The prefix must be from /1 to /{SMALLEST[block.version]}."]})


def check_free(block: Block, tenant: Tenant) -> None:
    """400 when another subnet of the tenant has some of the addresses."""
    for subnet in tenant.subnets.all():
        if overlap(block, ip_network(subnet.cidr)):
            raise ValidationError({"cidr": [f"The addresses overlap with those of subnet {subnet}, {subnet.cidr}."]})


def overlap(one: Any, other: Any) -> bool:
    return bool(one.version == other.version and one.overlaps(other))


def next_free(tenant: Tenant) -> str:
    """192.168.42.0/24, or the next block of that size which no subnet of the tenant has."""
    taken = [ip_network(cidr) for cidr in SubNet.objects.filter(tenant=tenant).values_list("cidr", flat=True)]
    for number in (*range(FIRST_CHOICE, 256), *range(FIRST_CHOICE)):
        block = IPv4Network(f"192.168.{number}.0/24")
        if not any(overlap(block, other) for other in taken):
            return str(block)
    raise ValidationError({"cidr": ["All of 192.168.0.0/16 is in use; name a block of addresses."]})


def check_gateway(block: Block, gateway: str | None) -> None:
    if gateway is None:
        return
    address = ip_address(gateway)
    ends = (block.network_address, block.broadcast_address) if block.version == 4 else (block.network_address,)
    if address not in block or address in ends:
        raise ValidationError({"gateway_ip": [f"The gateway must be one of the addresses of {block}."]})


def check_pools(block: Block, pools: Iterable[Mapping[str, str]], gateway: str | None) -> None:
    """Each from a lower to a higher address inside the block, apart from each other and from the gateway."""
    spans = []
    for pool in pools:
        start, end = ip_address(pool["start"]), ip_address(pool["end"])
        text = f"{start}-{end}"
        if start not in block or end not in block:
            raise _wrong_pools(f"{text} is not inside {block}.")
        if int(start) > int(end):
            raise _wrong_pools(f"{text} ends before it starts.")
        if gateway is not None and int(start) <= int(ip_address(gateway)) <= int(end):
            raise _wrong_pools(f"{text} contains the gateway {gateway}.")
        spans.append((int(start), int(end), text))
    spans.sort()
    for (_, last, one), (first, _, other) in pairwise(spans):
        if first <= last:
            raise _wrong_pools(f"{one} and {other} overlap.")


def _wrong_pools(text: str) -> ValidationError:
    return ValidationError({"allocation_pools": [text]})


def default_pools(block: Block, gateway: str | None) -> list[dict[str, str]]:
    """For a /24 as the setting SUBNET says; else, or with the gateway among them, Neutron's choice: []."""
    if not isinstance(block, IPv4Network) or block.prefixlen != 24:
        return []
    octets = str(block.network_address).split(".")
    values = dict(zip(("first_octet", "second_octet", "third_octet"), octets, strict=False))
    setting = settings.WALDUR_OPENSTACK["SUBNET"]
    pool = {name: setting[f"ALLOCATION_POOL_{name.upper()}"].format(**values) for name in ("start", "end")}
    hit = gateway and int(ip_address(pool["start"])) <= int(ip_address(gateway)) <= int(ip_address(pool["end"]))
    return [] if hit else [pool]
