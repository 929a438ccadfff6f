"""How much a tenant may use and does use, as the cloud counts it."""

from typing import Any

from django.db.models import Q

from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import SecurityGroup, SecurityGroupRule, Tenant
from waldur_openstack.models.identity import TenantObject
from waldur_openstack.sync.signals import counted

USED = {"compute": "in_use", "block_storage": "in_use", "network": "used"}
GONE = ("DELETED", "deleted")  # runtime states of what the cloud has lost


def read_quotas(cloud: Cloud, project: str) -> dict[str, JSON]:
    """{service: its detailed answer}."""
    return {service: getattr(cloud, service).quotas(project) for service in USED}


def take_quotas(tenant: Tenant, answers: dict[str, JSON], sizes: dict[str, int] | None = None) -> None:
    """Limits that were changed in the cloud, and usages. `sizes`: what is counted here only."""
    known = dict(counters.quotas_of(tenant).values_list("name", "limit"))
    used = dict(sizes or {})
    limits: dict[str, int] = {}
    for service, answer in answers.items():
        used |= quotas.from_backend(service, answer, USED[service])
        limits |= changed_limits(service, answer, known)
    by_type = answers["block_storage"]
    used |= quotas.of_types_from_backend(by_type, USED["block_storage"])
    for name, limit in quotas.of_types_from_backend(by_type, "limit").items():
        if known.get(name) != limit:
            limits[name] = limit
    if limits:
        counters.set_limits(tenant, limits)
    counters.set_usages(tenant, quotas.added(used, {k: v for k, v in unknown_to_cloud(tenant).items() if k in used}))
    counted.send(sender=Tenant, instances=[tenant])


def changed_limits(service: str, answer: JSON, known: dict[str, int]) -> dict[str, int]:
    """Those that are not what we have told: ours may be finer than the cloud's unit."""
    told = quotas.as_backend_limits(known, service)
    changed = {name: value for name, value in answer.items() if name in told and int(value["limit"]) != told[name]}
    return quotas.from_backend(service, changed, "limit")


def unknown_to_cloud(tenant: Tenant) -> dict[str, int]:
    """What counts here although the cloud does not count it: objects yet to be made, and lost ones not yet given up."""
    deltas = []
    for model in quotas.OF:
        if not issubclass(model, TenantObject):
            continue
        missing = Q(backend_id="")
        if any(field.name == "runtime_state" for field in model._meta.concrete_fields):
            missing |= Q(runtime_state__in=GONE)
        rows: Any = model._default_manager.filter(missing, tenant=tenant)
        if any(field.name == "type" and field.is_relation for field in model._meta.concrete_fields):
            rows = rows.select_related("type")
        deltas += [quotas.of(row) for row in rows]
    unmade = SecurityGroup.objects.filter(tenant=tenant, backend_id="")
    rules = SecurityGroupRule.objects.filter(security_group__in=unmade).count()
    return quotas.added(*deltas, quotas.of_rules(rules))


def size_of(found: list[JSON]) -> int:
    """MiB of all volumes, or all snapshots: clouds count only the sum of both."""
    return sum(item["size"] for item in found) * quotas.MIB_PER_GIB
