"""What each kind of object counts in the quotas of its tenant."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from waldur_openstack.models import (
    FloatingIP,
    Instance,
    Network,
    Port,
    SecurityGroup,
    SecurityGroupRule,
    Snapshot,
    SubNet,
    Tenant,
    Volume,
)
from waldur_openstack.quotas.mapping import TYPE_PREFIX


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
    Port: lambda _: of_ports(1),
    FloatingIP: lambda _: OF_FLOATING_IP,
    SecurityGroup: lambda _: of_security_group(0),
    SecurityGroupRule: lambda _: of_rules(1),
}


def of(row: Any) -> dict[str, int]:
    """What any row counts in the quotas of its tenant; routers and the like count nothing."""
    count = OF.get(type(row))
    return count(row) if count else {}


def of_rows(tenant: Tenant) -> dict[str, int]:
    """What all rows of a tenant count: one query per kind."""
    return added(*(count(row) for kind, count in OF.items() for row in rows_of(kind, tenant)))


def rows_of(kind: Any, tenant: Tenant) -> QuerySet[Any]:
    owner = "security_group__tenant" if kind is SecurityGroupRule else "tenant"
    rows = kind._default_manager.filter(**{owner: tenant})
    return rows.select_related("type") if kind in (Volume, Snapshot) else rows


def added(*deltas: dict[str, int]) -> dict[str, int]:
    """The sum of several changes."""
    total: dict[str, int] = {}
    for delta in deltas:
        for name, value in delta.items():
            total[name] = total.get(name, 0) + value
    return total
