"""The quotas of a tenant: our names, the clouds' names, and what each kind of object counts (seed: Quota Mapping)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from waldur_core.quotas import counters
from waldur_core.quotas.models import UNLIMITED
from waldur_openstack.models import (
    FloatingIP,
    Instance,
    Network,
    SecurityGroup,
    SecurityGroupRule,
    Snapshot,
    SubNet,
    Tenant,
    Volume,
)

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


TYPE_PREFIX = "gigabytes_"  # of one volume type, in GiB; made when a cloud first tells of the type


def of_types_from_backend(answer: dict[str, Any], key: str) -> dict[str, int]:
    """The same of the quotas that Cinder keeps per volume type."""
    return {name: int(value[key]) for name, value in answer.items() if name.startswith(TYPE_PREFIX)}


def of_instance(instance: Instance) -> dict[str, int]:
    return {"instances": 1, "vcpu": instance.cores, "ram": instance.ram}


def of_volume(volume: Volume) -> dict[str, int]:
    return {"volumes": 1, "volumes_size": volume.size, "storage": volume.size, **of_type(volume)}


def of_type(volume: Volume) -> dict[str, int]:
    """What a volume counts for its type, when that is known."""
    return {f"{TYPE_PREFIX}{volume.type.name}": volume.gigabytes} if volume.type else {}


def of_snapshot(snapshot: Snapshot) -> dict[str, int]:
    """Cinder counts the gigabytes of snapshots with those of volumes (unless it runs with no_snapshot_gb_quota)."""
    deltas = {"snapshots": 1, "snapshots_size": snapshot.size, "storage": snapshot.size}
    return {**deltas, f"{TYPE_PREFIX}{snapshot.type.name}": snapshot.gigabytes} if snapshot.type else deltas


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


# what a row counts by itself; the rules of a group are rows of their own
OF: dict[type, Callable[[Any], dict[str, int]]] = {
    Instance: of_instance,
    Volume: of_volume,
    Snapshot: of_snapshot,
    Network: lambda _: {"network_count": 1},
    SubNet: lambda _: {"subnet_count": 1},
    FloatingIP: lambda _: OF_FLOATING_IP,
    SecurityGroup: lambda _: of_security_group(0),
    SecurityGroupRule: lambda _: of_rules(1),
}


def of(row: Any) -> dict[str, int]:
    """What any row counts in the quotas of its tenant; ports and the like count nothing here."""
    count = OF.get(type(row))
    return count(row) if count else {}


def added(*deltas: dict[str, int]) -> dict[str, int]:
    """The sum of several changes."""
    total: dict[str, int] = {}
    for delta in deltas:
        for name, value in delta.items():
            total[name] = total.get(name, 0) + value
    return total
