"""What tenants use, counted from listings of the whole cloud: a cloud tells quotas only tenant by tenant."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.models import SecurityGroup, SecurityGroupRule, Tenant
from waldur_openstack.models.identity import TenantObject
from waldur_openstack.sync.quotas import GONE
from waldur_openstack.sync.scope import Scope
from waldur_openstack.sync.signals import counted as counted_anew

# what the listings of these kinds together tell
COUNTED: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (frozenset({"instance"}), ("instances", "vcpu", "ram")),
    (frozenset({"volume"}), ("volumes", "volumes_size")),
    (frozenset({"snapshot"}), ("snapshots", "snapshots_size")),
    (frozenset({"volume", "snapshot"}), ("storage",)),
    (frozenset({"security_group"}), ("security_group_count", "security_group_rule_count")),
    (frozenset({"floating_ip"}), ("floating_ip_count",)),
    (frozenset({"network"}), ("network_count",)),
    (frozenset({"subnet"}), ("subnet_count",)),
    (frozenset({"port"}), ("port_count",)),
)


def take_counted(
    scope: Scope, counted: Mapping[int, Mapping[str, int]], kinds: Collection[str], since: datetime
) -> None:
    """The usages that the complete listings of these kinds tell."""
    names = [name for needed, told in COUNTED if needed <= set(kinds) for name in told]
    if names:
        take_usages(scope, counted, names, since)


def take_usages(
    scope: Scope, counted: Mapping[int, Mapping[str, int]], names: Collection[str], since: datetime
) -> None:
    """Set usages to what was counted since a moment. Writes only what differs, in a constant number of statements.

    Projects in which something was under way meanwhile are left out: their numbers are those of two moments.
    """
    busy = Operation.objects.filter(Q(state__in=Operation.LIVE) | Q(modified__gte=since), project__isnull=False)
    projects = set(busy.values_list("project_id", flat=True))
    quiet = {pk for pk, tenant in scope.tenants.items() if tenant.project_id not in projects}
    here = unknown_to_cloud(scope)
    wanted = {
        pk: {name: counted.get(pk, {}).get(name, 0) + here.get(pk, {}).get(name, 0) for name in names} for pk in quiet
    }
    counters.set_usages_of_many(Tenant, wanted)
    counted_anew.send(sender=Tenant, instances=[scope.tenants[pk] for pk in sorted(quiet)])


def unknown_to_cloud(scope: Scope) -> dict[int, dict[str, int]]:
    """What counts although the cloud does not count it: objects yet to be made, and lost ones not yet given up."""
    deltas: dict[int, list[dict[str, int]]] = defaultdict(list)
    for model in quotas.OF:
        if not issubclass(model, TenantObject):
            continue
        columns = {column.name: column for column in model._meta.concrete_fields}
        missing = Q(backend_id="") | (Q(runtime_state__in=GONE) if "runtime_state" in columns else Q())
        rows: Any = model._default_manager.filter(missing, service_settings=scope.service_settings)
        if "type" in columns and columns["type"].is_relation:
            rows = rows.select_related("type")
        for row in rows:
            deltas[row.tenant_id].append(quotas.of(row))
    unmade = SecurityGroup.objects.filter(service_settings=scope.service_settings, backend_id="")
    rules = SecurityGroupRule.objects.filter(security_group__in=unmade).values_list("security_group__tenant", flat=True)
    for tenant in rules:
        deltas[tenant].append(quotas.of_rules(1))
    return {tenant: quotas.added(*found) for tenant, found in deltas.items()}
