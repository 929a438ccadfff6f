"""What the destination can do: its volume types, the way out, the cloud's own quotas and capacity."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from waldur_core.operations.errors import OperationError
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Offering
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import VolumeType
from waldur_openstack_replication.shape import Kind

# options by which a provider limits each tenant
CAPS = {"max_instances": "instances", "max_volumes": "volumes", "max_security_groups": "security_group_count"}
STATISTICS = "2.19"  # newer Nova has no statistics of hypervisors


@dataclass(frozen=True)
class Destination:
    """`own_quotas`: of the cloud, for what the platform sets no quota of; `capacity`: {what: {total, used}}."""

    components: frozenset[str] = frozenset()
    volume_types: frozenset[str] = frozenset()
    external_network: str = ""
    caps: Mapping[str, int] = field(default_factory=dict)
    own_quotas: Mapping[str, int] = field(default_factory=dict)
    capacity: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def way_out(self, *, skip: bool) -> tuple[str, str]:
        """The external network, or "" and why there is none."""
        if skip:
            return "", "so it was asked for."
        return self.external_network, "" if self.external_network else "the destination has no external network."

    def capped(self, quotas: Mapping[str, int]) -> dict[str, int]:
        """The quotas that the provider does not let be so large."""
        return {name: most for name, most in self.caps.items() if not 0 <= quotas.get(name, -1) <= most}

    def conflicts(self, counts: Mapping[str, int], quotas: Mapping[str, int]) -> list[str]:
        found = []
        for kind, name in ((Kind.ROUTER, "router"),):
            limit = self.own_quotas.get(name, -1)
            if 0 <= limit < counts.get(kind, 0):
                found.append(
                    f"The cloud allows {limit} {name}s in a new tenant, {counts[kind]} are to be made: its operator "
                    "can raise that when the tenant exists; then retry."
                )
        for name, most in self.caps.items():
            if quotas.get(name, 0) > most:
                found.append(f"The provider allows {most} of {name} per tenant, {quotas[name]} are needed.")
        for name, amount in (("vcpu", quotas.get("vcpu", 0)), ("ram", quotas.get("ram", 0))):
            room = self.capacity.get(name)
            if room and amount > room["total"]:
                found.append(f"The cloud has {room['total']} of {name} in all, less than the quota {amount}.")
        return found


def read_destination(service: ServiceSettings, offering: Offering) -> Destination:
    """Never fails: what the cloud does not answer is a notice."""
    own: dict[str, int] = {}
    capacity: dict[str, dict[str, int]] = {}
    notices = []
    cloud, types = Cloud.of(service), set(VolumeType.objects.filter(settings=service).values_list("name", flat=True))
    try:
        types = {str(found["name"]) for found in cloud.block_storage.volume_types()}
        own = _own_quotas(cloud)
        capacity = _capacity(cloud)
    except OperationError as error:
        notices.append(f"The destination did not tell all of its quotas and capacity: {error.message}")
    options = offering.plugin_options
    return Destination(
        components=frozenset(offering.components.values_list("type", flat=True)),
        volume_types=frozenset(types),
        external_network=str(service.secret_options.get("external_network_id") or ""),
        caps={quota: options[name] for name, quota in CAPS.items() if options.get(name) is not None},
        own_quotas=own,
        capacity=capacity,
        notices=tuple(notices),
    )


def _own_quotas(cloud: Cloud) -> dict[str, int]:
    own: dict[str, int] = cloud.network.default_quotas()
    return {name: int(own[name]) for name in ("router", "router_route") if name in own}


def _capacity(cloud: Cloud) -> dict[str, dict[str, int]]:
    """Of all hypervisors together, before overcommitment."""
    found = cloud.compute.get("/os-hypervisors/statistics", microversion=STATISTICS)["hypervisor_statistics"]
    return {
        "vcpu": {"total": found["vcpus"], "used": found["vcpus_used"]},
        "ram": {"total": found["memory_mb"], "used": found["memory_mb_used"]},
    }
