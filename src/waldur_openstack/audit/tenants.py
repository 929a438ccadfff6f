"""What clouds tell only tenant by tenant: their limits, and the key pairs of their users."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.audit.findings import Finding, of_row
from waldur_openstack.audit.inventory import Inventory, at_work
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.concurrency import each
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.keys import OWN_NAME, wanted_keys
from waldur_openstack.models import KeyDistribution, Tenant
from waldur_openstack.sync.following import AT_REST
from waldur_openstack.sync.quotas import changed_limits, read_quotas


@dataclass(frozen=True)
class Answer:
    """What a cloud says of one tenant."""

    tenant: Tenant
    quotas: dict[str, JSON]
    keypairs: set[str]


def audit_tenants(inventory: Inventory) -> Iterator[Finding]:
    """Four calls for each tenant, several at a time. What an operation is at work on is left out."""
    cloud, busy = Cloud.of(inventory.service), inventory.busy
    there = {project["id"] for project in inventory.projects}
    tenants = [row for row in inventory.tenants if row.backend_id in there and row.state in AT_REST]
    answers = each(lambda tenant: ask(cloud, tenant), [row for row in tenants if row.uuid not in busy])
    busy |= at_work()
    told = [answer for answer in answers if answer.tenant.uuid not in busy]
    yield from limits(told)
    yield from keypairs(told, {user["id"] for user in inventory.users}, busy)


def ask(cloud: Cloud, tenant: Tenant) -> Answer:
    pairs = cloud.compute.keypairs_of(tenant.user_id) if tenant.user_id else []
    return Answer(tenant, read_quotas(cloud, tenant.backend_id), {pair["name"] for pair in pairs})


def limits(answers: list[Answer]) -> Iterator[Finding]:
    known = counters.quotas_by_pk(Tenant, [answer.tenant for answer in answers])
    for answer in answers:
        tenant, ours = answer.tenant, {quota.name: quota.limit for quota in known[answer.tenant.pk]}
        theirs = quotas.of_types_from_backend(answer.quotas["block_storage"], "limit")
        theirs = {name: limit for name, limit in theirs.items() if ours.get(name, limit) != limit}
        for service, told in answer.quotas.items():
            theirs |= changed_limits(service, told, ours)
        if theirs:
            text = f"The limits of tenant {tenant} in the cloud are others than ours: {', '.join(sorted(theirs))}."
            yield of_row("limit", tenant, text, **{name: [ours[name], limit] for name, limit in sorted(theirs.items())})


def keypairs(answers: list[Answer], users: set[str], busy: set[Any]) -> Iterator[Finding]:
    """Those that we have given the user of a tenant who is gone, or that nobody has who may use the tenant."""
    tenants = [answer.tenant for answer in answers]
    rows = KeyDistribution.objects.filter(tenant__in=tenants, pending=False)
    settled = {row.tenant_id for row in rows if row.uuid not in busy}
    wanted = wanted_keys(tenants)
    for answer in answers:
        tenant = answer.tenant
        there = tenant.user_id in users
        why = "nobody who may use the tenant has it" if there else "the user is gone"
        for name in sorted(answer.keypairs - (wanted[tenant.pk].keys() if there else set())):
            if tenant.pk in settled and OWN_NAME.match(name):
                text = f"Key pair {name} of the user of tenant {tenant} is left: {why}."
                yield Finding("leak", "key pair", text, name=name, backend_id=name, tenant=tenant.uuid.hex)
