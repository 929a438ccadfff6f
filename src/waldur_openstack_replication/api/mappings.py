"""The `mappings` of a request: checked one by one, and against the source and the destination."""

from ipaddress import ip_network
from itertools import combinations
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.rest.serializers import HexUUIDField
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import SubNet, Tenant, VolumeType
from waldur_openstack_replication.addresses import Readdressing, is_private, overlap
from waldur_openstack_replication.planning.plan import Wishes


class KeptUUIDField(HexUUIDField):
    """Shown as it is kept: mappings are stored as JSON."""

    def to_representation(self, value: Any) -> Any:
        return value if isinstance(value, str) else super().to_representation(value)


class VolumeTypeMappingSerializer(serializers.Serializer[Any]):
    src_type_uuid = KeptUUIDField()
    dst_type_uuid = KeptUUIDField()


class BlockField(serializers.CharField):
    """A private block of addresses of any size, IPv4 or IPv6."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=43, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            block = ip_network(text)
        except ValueError as error:
            raise ValidationError(f"Give a block such as 192.168.1.0/24 or fd00:1::/64: {error}.") from None
        if not is_private(block):
            raise ValidationError(f"{block} is not private: it must be in 10/8, 172.16/12, 192.168/16 or fc00::/7.")
        return str(block)


class SubNetMappingSerializer(serializers.Serializer[Any]):
    src_cidr = BlockField()
    dst_cidr = BlockField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ip_network(attrs["src_cidr"]).version != ip_network(attrs["dst_cidr"]).version:
            raise ValidationError({"dst_cidr": ["Both blocks must be of the same IP version."]})
        return attrs


class MappingSerializer(serializers.Serializer[Any]):
    """What is to be different in the destination (seed: Mapping Options)."""

    volume_types = VolumeTypeMappingSerializer(many=True, required=False)
    subnets = SubNetMappingSerializer(many=True, required=False)
    skip_connection_extnet = serializers.BooleanField(default=False)
    sync_instance_ports = serializers.BooleanField(default=False)
    networks = serializers.ListField(child=KeptUUIDField(), required=False)

    def to_internal_value(self, data: Any) -> Any:
        """A misspelt wish would be a migration that nobody wanted."""
        if isinstance(data, dict) and (unknown := sorted(str(key) for key in data.keys() - self.fields.keys())):
            known = ", ".join(self.fields)
            raise ValidationError({key: [f"There is no such mapping. There are: {known}."] for key in unknown})
        return super().to_internal_value(data)

    def validate_subnets(self, pairs: list[dict[str, str]]) -> list[dict[str, str]]:
        sources = [pair["src_cidr"] for pair in pairs]
        if len(set(sources)) != len(sources):
            raise ValidationError("Two mappings are of the same src_cidr.")
        for one, other in combinations(pairs, 2):
            if overlap(ip_network(one["dst_cidr"]), ip_network(other["dst_cidr"])):
                raise ValidationError(f"{one['dst_cidr']} and {other['dst_cidr']} overlap.")
        return pairs

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["sync_instance_ports"] and attrs.get("subnets"):
            raise ValidationError(
                {"sync_instance_ports": ["Ports keep their addresses: this cannot be combined with `subnets`."]}
            )
        return attrs


def as_json(mappings: dict[str, Any]) -> dict[str, Any]:
    """What is kept and shown: plain JSON, the keys that were given."""
    kept = dict(mappings)
    for name in ("volume_types",):
        if name in kept:
            kept[name] = [{key: value.hex for key, value in pair.items()} for pair in kept[name]]
    if "networks" in kept:
        kept["networks"] = [uuid.hex for uuid in kept["networks"]]
    if "subnets" in kept:
        kept["subnets"] = [dict(pair) for pair in kept["subnets"]]
    return kept


def wishes_from(mappings: dict[str, Any], tenant: Tenant, service: ServiceSettings) -> Wishes:
    """Everything that is named looked up; 400 on the key that names what does not exist."""
    subnets = {pair["src_cidr"]: pair["dst_cidr"] for pair in mappings.get("subnets", ())}
    networks = _networks(mappings.get("networks", ()), tenant)
    _check_blocks(subnets, networks, tenant)
    return Wishes(
        subnets=subnets,
        types=_types(mappings.get("volume_types", ()), tenant, service),
        networks=networks,
        skip_connection_extnet=mappings.get("skip_connection_extnet", False),
        sync_instance_ports=mappings.get("sync_instance_ports", False),
    )


def _networks(uuids: Any, tenant: Tenant) -> frozenset[str]:
    known = dict(tenant.networks.exclude(backend_id="").filter(uuid__in=uuids).values_list("uuid", "backend_id"))
    if missing := [uuid.hex for uuid in uuids if uuid not in known]:
        raise _refused("networks", f"The source has no network {', '.join(missing)}.")
    return frozenset(known.values())


def _types(pairs: Any, tenant: Tenant, service: ServiceSettings) -> dict[str, str]:
    own = dict(VolumeType.objects.filter(VolumeType.usable_in(tenant)).values_list("uuid", "name"))
    other = dict(VolumeType.objects.filter(VolumeType.offered(), settings=service).values_list("uuid", "name"))
    types = {}
    for pair in pairs:
        if pair["src_type_uuid"] not in own:
            raise _refused("volume_types", f"The source has no volume type {pair['src_type_uuid'].hex}.")
        if pair["dst_type_uuid"] not in other:
            raise _refused("volume_types", f"The destination has no volume type {pair['dst_type_uuid'].hex}.")
        types[own[pair["src_type_uuid"]]] = other[pair["dst_type_uuid"]]
    return types


def _check_blocks(subnets: dict[str, str], networks: frozenset[str], tenant: Tenant) -> None:
    """Each mapped block is there, and the new ones do not meet others that the old ones did not."""
    rows = SubNet.objects.filter(tenant=tenant).exclude(backend_id="")
    if networks:
        rows = rows.filter(network__backend_id__in=networks)
    there = sorted(set(rows.values_list("cidr", flat=True)))
    if missing := sorted(set(subnets) - set(there)):
        raise _refused("subnets", f"The source has no subnet {', '.join(missing)}.")
    moved = Readdressing(subnets)
    blocks = [(ip_network(cidr), ip_network(moved.block(cidr) or cidr)) for cidr in there]
    for (old, new), (other_old, other_new) in combinations(blocks, 2):
        if overlap(new, other_new) and not overlap(old, other_old):
            raise _refused("subnets", f"{new} (for {old}) and {other_new} (for {other_old}) overlap.")


def _refused(key: str, text: str) -> ValidationError:
    return ValidationError({"mappings": {key: [text]}})
