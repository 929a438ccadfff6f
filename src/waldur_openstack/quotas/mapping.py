"""The quotas of a tenant by our names and by the clouds' (seed: Quota Mapping). -1 is no limit on both sides."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from waldur_core.quotas import counters
from waldur_core.quotas.models import UNLIMITED
from waldur_openstack.models import Tenant, VolumeType

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

TYPE_PREFIX = "gigabytes_"  # of one volume type, in GiB; made when a cloud first tells of the type


def backend_limits(tenant: Tenant, service: str) -> dict[str, int]:
    """What to tell a service about all quotas of a tenant."""
    limits = dict(counters.quotas_of(tenant).values_list("name", "limit"))
    return as_backend_limits({**DEFAULTS, **of_known_types(tenant, limits)}, service)


def as_backend_limits(limits: Mapping[str, int], service: str) -> dict[str, int]:
    """The limits a service keeps, in its names and units. Rounded down: never more than was paid for."""
    told = {
        quota.backend_name: limits[quota.name] if limits[quota.name] < 0 else limits[quota.name] // quota.scale
        for quota in QUOTAS
        if quota.service == service and quota.name in limits
    }
    return {**told, **of_types(limits)} if service == "block_storage" else told


def of_types(limits: Mapping[str, Any]) -> dict[str, Any]:
    """Those of volume types; Cinder has the same names and units."""
    return {name: value for name, value in limits.items() if name.startswith(TYPE_PREFIX)}


def of_known_types(tenant: Tenant, limits: Mapping[str, int]) -> dict[str, int]:
    """Without those of volume types that the cloud does not have: Cinder refuses names it does not know."""
    known = set(type_quotas(tenant.service_settings_id)) if of_types(limits) else set()
    return {name: limit for name, limit in limits.items() if not name.startswith(TYPE_PREFIX) or name in known}


def type_quotas(service_settings_id: Any) -> list[str]:
    """The names of the quotas of all volume types of a cloud, hidden and private ones too."""
    names = VolumeType.objects.filter(settings=service_settings_id).values_list("name", flat=True)
    return [f"{TYPE_PREFIX}{name}" for name in sorted(set(names))]


def from_backend(service: str, answer: dict[str, Any], key: str) -> dict[str, int]:
    """Our names and units of one column (`limit`, `in_use`, `used`) of a service's detailed quota answer."""
    return {
        quota.name: value if (value := int(answer[quota.backend_name][key])) < 0 else value * quota.scale
        for quota in QUOTAS
        if quota.service == service and quota.backend_name in answer
    }


def of_types_from_backend(answer: dict[str, Any], key: str) -> dict[str, int]:
    """The same of the quotas that Cinder keeps per volume type."""
    return {name: int(value[key]) for name, value in of_types(answer).items()}
