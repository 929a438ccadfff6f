"""What tenants use, as usages of their resources (states-and-flows §10): to be seen, as limits are what is sold."""

from collections.abc import Mapping
from typing import Any

from django.dispatch import receiver

from waldur_core.quotas import counters
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace.usage_checks import METERED
from waldur_mastermind.marketplace.usages import record_all
from waldur_mastermind.marketplace_openstack.limits import QUOTAS, component_named
from waldur_openstack.models import Tenant
from waldur_openstack.quotas import TYPE_PREFIX
from waldur_openstack.sync.signals import counted


@receiver(counted, sender=Tenant)
def follow_counters(instances: list[Tenant], **_: Any) -> None:
    """Two queries for the resources and the counters of all of them; what follows is as many whatever their number."""
    by_uuid = {tenant.uuid: tenant for tenant in instances}
    resources = Resource.objects.filter(scope_uuid__in=by_uuid, state__in=METERED)
    found = {resource: by_uuid[resource.scope_uuid].pk for resource in resources if resource.scope_uuid}
    quotas = counters.quotas_by_pk(Tenant, instances) if found else {}
    record_all({resource: amounts({q.name: q.usage for q in quotas[pk]}) for resource, pk in found.items()})


def amounts(usages: Mapping[str, int]) -> dict[str, int]:
    """Usages of quotas in the names and units of components: cores, and MiB."""
    found = {component: usages[quota] for component, quota in QUOTAS.items() if quota in usages}
    for name in usages:
        if name.startswith(TYPE_PREFIX):
            component, unit = component_named(name)
            found[component] = usages[name] * unit
    return {name: max(usage, 0) for name, usage in found.items()}
