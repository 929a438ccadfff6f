"""Counters of tenants against the rows that they count."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count

from waldur_core.quotas.models import Quota
from waldur_openstack import quotas
from waldur_openstack.audit.findings import Finding
from waldur_openstack.audit.inventory import Inventory
from waldur_openstack.models import SecurityGroupRule, Tenant
from waldur_openstack.sync.register import KINDS

ONLY_PULLED = ("port_count",)  # nobody counts ports but the cloud


def audit_quotas(inventory: Inventory) -> Iterator[Finding]:
    sums = counted(inventory)
    tenants = {tenant.pk: tenant for tenant in inventory.tenants}
    busy = {tenant.pk for tenant in inventory.tenants if tenant.uuid in inventory.busy}
    busy |= {row.tenant_id for rows in inventory.rows.values() for row in rows if row.uuid in inventory.busy}
    content_type = ContentType.objects.get_for_model(Tenant)
    for quota in Quota.objects.filter(content_type=content_type, object_id__in=tenants.keys() - busy):
        total, tenant = sums[quota.object_id][quota.name], tenants[quota.object_id]
        if quota.name not in ONLY_PULLED and quota.usage != total:
            yield Finding(
                "quota",
                "quota",
                f"Quota {quota.name} of tenant {tenant} counts {quota.usage}; its objects sum up to {total}.",
                name=quota.name,
                tenant=tenant.uuid.hex,
                details={"usage": quota.usage, "sum": total},
            )


def counted(inventory: Inventory) -> dict[int, Counter[str]]:
    """{pk of the tenant: {name of the quota: sum}}."""
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    for kind in KINDS:
        for row in inventory.rows[kind.word]:
            sums[row.tenant_id].update(quotas.of(row))
    rules = SecurityGroupRule.objects.filter(security_group__service_settings=inventory.service)
    for tenant, number in rules.values_list("security_group__tenant").annotate(number=Count("pk")):
        sums[tenant].update(quotas.of_rules(number))
    return sums
