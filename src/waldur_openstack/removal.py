"""Dropping rows without asking a cloud: with all that hangs on them, and with the quotas they counted."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models.deletion import Collector

from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.models import SecurityGroup, SecurityGroupRule, Tenant
from waldur_openstack.models.identity import TenantObject


class Removal:
    """Some rows of one kind, and what goes with them."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._collector = Collector(using="default")
        self._collector.collect(list(rows))

    @property
    def rows(self) -> list[Any]:
        """All that would go."""
        found = [row for rows in self._collector.data.values() for row in rows]
        return found + [row for queryset in self._collector.fast_deletes for row in queryset]

    def operation(self, but: Any = None) -> Operation | None:
        """One that is at work on any of them, `but` not on this."""
        uuids = [row.uuid for row in self.rows if hasattr(row, "uuid") and row != but]
        return Operation.objects.filter(subject_uuid__in=uuids, state__in=Operation.LIVE).first()

    @transaction.atomic
    def carry_out(self) -> None:
        rows = self.rows
        tenants = {row.pk: row for row in rows if isinstance(row, Tenant)}
        owners = tenants_of(rows)
        freed = defaultdict(list)
        for row in rows:
            owner = owners.get(row)
            if owner is not None and owner not in tenants:
                freed[owner].append(quotas.of(row))
        given_back = {pk: quotas.added(*amounts) for pk, amounts in freed.items()}
        negative = {pk: {name: -amount for name, amount in own.items()} for pk, own in given_back.items()}
        counters.count_many(Tenant, negative)
        for tenant in tenants.values():
            counters.quotas_of(tenant).delete()
        self._collector.delete()


def tenants_of(rows: Iterable[Any]) -> dict[Any, int]:
    """Of each row the pk of the tenant in whose quotas it counts."""
    rules = [row for row in rows if isinstance(row, SecurityGroupRule)]
    groups = SecurityGroup.objects.filter(pk__in={rule.security_group_id for rule in rules})
    of_group = dict(groups.values_list("pk", "tenant_id")) if rules else {}
    inside = {row: row.tenant_id for row in rows if isinstance(row, TenantObject)}
    return inside | {rule: of_group[rule.security_group_id] for rule in rules}
