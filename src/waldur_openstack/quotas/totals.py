"""What the tenants of a project, a customer or a cloud use together: summed when asked, so that it is always exact."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from waldur_core.quotas.models import Quota
from waldur_core.structure.models import Customer, Project, ServiceSettings
from waldur_openstack.models import Tenant

# name of the total: the quota of tenants that it sums; MiB for RAM and storage
OF_TEAMS = {
    "vpc_cpu_count": "vcpu",
    "vpc_ram_size": "ram",
    "vpc_storage_size": "storage",
    "vpc_floating_ip_count": "floating_ip_count",
    "vpc_instance_count": "instances",
}
OF_CLOUDS = {"openstack_vcpu": "vcpu", "openstack_ram": "ram", "openstack_storage": "storage"}
TOTALS: dict[Any, dict[str, str]] = {Project: OF_TEAMS, Customer: OF_TEAMS, ServiceSettings: OF_CLOUDS}

# how tenants belong to each
PATHS: dict[Any, str] = {Project: "project", Customer: "project__customer", ServiceSettings: "service_settings"}


def with_total(queryset: QuerySet[Any], name: str) -> QuerySet[Any]:
    """Projects, customers or service settings, each with the total as `value`: one statement."""
    model = queryset.model
    tenants = Tenant.objects.filter(**{PATHS[model]: OuterRef(OuterRef("pk"))}).order_by().values("pk")
    counters = Quota.objects.filter(
        content_type=ContentType.objects.get_for_model(Tenant), name=TOTALS[model][name], object_id__in=tenants
    )
    total = counters.order_by().values("name").annotate(total=Sum("usage")).values("total")
    return queryset.annotate(value=Coalesce(Subquery(total, BigIntegerField()), 0))


def total(scope: Any, name: str) -> int:
    """The total of one project, customer or cloud."""
    row: Any = with_total(type(scope)._default_manager.filter(pk=scope.pk), name).get()
    return int(row.value)
