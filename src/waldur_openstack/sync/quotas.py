"""How much a tenant may use and does use, as the cloud counts it."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import Workflow
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


def take_quotas(
    tenant: Tenant, answers: dict[str, JSON], sizes: dict[str, int] | None = None, moment: datetime | None = None
) -> None:
    """Limits that were changed in the cloud, and usages. `sizes`: what is counted here only; `moment`: when it was
    asked, so that what has been counted since is not forgotten."""
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
    forget_types(tenant, known.keys() - by_type.keys())
    used = quotas.added(used, {k: v for k, v in unknown_to_cloud(tenant).items() if k in used})
    moving = names_moving(tenant, moment)
    counters.set_usages(tenant, {name: usage for name, usage in used.items() if name not in moving})
    counted.send(sender=Tenant, instances=[tenant])


def changed_limits(service: str, answer: JSON, known: dict[str, int]) -> dict[str, int]:
    """Those that are not what we have told: ours may be finer than the cloud's unit."""
    told = quotas.as_backend_limits(known, service)
    changed = {name: value for name, value in answer.items() if name in told and int(value["limit"]) != told[name]}
    return quotas.from_backend(service, changed, "limit")


def forget_types(tenant: Tenant, missing: set[str]) -> None:
    """Of a volume type that the cloud has no more there is nothing to count."""
    if gone := [name for name in missing if name.startswith(quotas.TYPE_PREFIX)]:
        counters.quotas_of(tenant).filter(name__in=gone).delete()


def names_moving(tenant: Tenant, moment: datetime | None) -> set[str]:
    """What operations are making larger or smaller, or have since the cloud was asked: our count is the better one.

    A volume that grows counts here from the request on, in the cloud at some time later; which, its answer does not
    tell. What is made or removed meanwhile is told by its row, unless that has changed after the cloud had answered.
    """
    growing = [name for name, workflow in Workflow.registry.items() if hasattr(workflow, "growth")]
    recent = Q(workflow__in=growing, state__in=Operation.LIVE)
    if moment:
        recent |= Q(finished__gte=moment)
    operations = Operation.objects.filter(recent, project=tenant.project_id).exclude(subject_uuid=tenant.uuid)
    names: set[str] = set()
    for name in operations.values_list("workflow", flat=True).distinct():
        workflow = Workflow.registry.get(name)
        names |= names_of(workflow.model) if workflow else set()
    if names & {"storage"}:
        names |= set(quotas.type_quotas(tenant.service_settings_id))
    return names


def names_of(model: type) -> set[str]:
    """The quotas that operations on objects of a model may move; a server comes and goes with much else."""
    return set(_MOVED.get(model.__name__, ()))


_VOLUME = ("volumes", "volumes_size", "storage")
_SNAPSHOT = ("snapshots", "snapshots_size", "storage")
_PORTS = ("port_count", "floating_ip_count")
_MOVED: dict[str, tuple[str, ...]] = {
    "Instance": ("instances", "vcpu", "ram", *_VOLUME, *_PORTS),
    "Volume": _VOLUME,
    "Snapshot": _SNAPSHOT,
    "Backup": _SNAPSHOT,
    "Network": ("network_count", "subnet_count", "port_count"),
    "SubNet": ("subnet_count", "port_count"),
    "Router": ("port_count",),
    "Port": _PORTS,
    "FloatingIP": ("floating_ip_count",),
    "SecurityGroup": ("security_group_count", "security_group_rule_count"),
}


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
