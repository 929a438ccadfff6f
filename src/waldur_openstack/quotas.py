"""The quotas of a tenant: our names, the clouds' names, and what each kind of object counts (seed: Quota Mapping)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from waldur_core.quotas import counters
from waldur_core.quotas.models import UNLIMITED
from waldur_openstack.models import Instance, Tenant, Volume

MIB_PER_GIB = 1024


class QuotaName(NamedTuple):
    """One row of the mapping: who keeps it under which name, and how many of our units are one of theirs."""

    name: str
    service: str
    backend_name: str
    default: int
    scale: int = 1


QUOTAS: tuple[QuotaName, ...] = (
    QuotaName("vcpu", "compute", "cores", 20),
    QuotaName("ram", "compute", "ram", 51200),
    QuotaName("instances", "compute", "instances", 30),
    QuotaName("volumes", "block_storage", "volumes", 50),
    QuotaName("storage", "block_storage", "gigabytes", 1024 * MIB_PER_GIB, MIB_PER_GIB),
    QuotaName("snapshots", "block_storage", "snapshots", 50),
    QuotaName("security_group_count", "network", "security_group", 100),
    QuotaName("security_group_rule_count", "network", "security_group_rule", 100),
    QuotaName("floating_ip_count", "network", "floatingip", 50),
    QuotaName("network_count", "network", "network", 10),
    QuotaName("subnet_count", "network", "subnet", 10),
    QuotaName("port_count", "network", "port", UNLIMITED),
)

# Counted here only: the clouds have no such limit of their own.
LOCAL_QUOTAS = {"volumes_size": UNLIMITED, "snapshots_size": UNLIMITED}

DEFAULTS = {**{quota.name: quota.default for quota in QUOTAS}, **LOCAL_QUOTAS}


def backend_limits(tenant: Tenant, service: str) -> dict[str, int]:
    """What to tell a service about all quotas of a tenant."""
    limits = dict(counters.quotas_of(tenant).values_list("name", "limit"))
    return as_backend_limits({**DEFAULTS, **limits}, service)


def as_backend_limits(limits: Mapping[str, int], service: str) -> dict[str, int]:
    """The limits a service keeps, in its names and units. Rounded down: never more than was paid for."""
    return {
        quota.backend_name: limits[quota.name] if limits[quota.name] < 0 else limits[quota.name] // quota.scale
        for quota in QUOTAS
        if quota.service == service and quota.name in limits
    }


def from_backend(service: str, answer: dict[str, Any], key: str) -> dict[str, int]:
    """Our names and units of one column (`limit`, `in_use`, `used`) of a service's detailed quota answer."""
    return {
        quota.name: value if (value := int(answer[quota.backend_name][key])) < 0 else value * quota.scale
        for quota in QUOTAS
        if quota.service == service and quota.backend_name in answer
    }


def of_instance(instance: Instance) -> dict[str, int]:
    return {"instances": 1, "vcpu": instance.cores, "ram": instance.ram}


def of_volume(volume: Volume) -> dict[str, int]:
    deltas = {"volumes": 1, "volumes_size": volume.size, "storage": volume.size}
    return {**deltas, f"gigabytes_{volume.type.name}": volume.gigabytes} if volume.type else deltas


OF_FLOATING_IP = {"floating_ip_count": 1}
OF_SUBNET = {"subnet_count": 1}


def of_network(subnets: int = 0) -> dict[str, int]:
    return {"network_count": 1, "subnet_count": subnets}


def of_ports(number: int) -> dict[str, int]:
    return {"port_count": number}


def of_security_group(rules: int) -> dict[str, int]:
    return {"security_group_count": 1, **of_rules(rules)}


def of_rules(number: int) -> dict[str, int]:
    return {"security_group_rule_count": number}


def added(*deltas: dict[str, int]) -> dict[str, int]:
    """The sum of several changes."""
    total: dict[str, int] = {}
    for delta in deltas:
        for name, value in delta.items():
            total[name] = total.get(name, 0) + value
    return total
