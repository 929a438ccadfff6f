"""What the marketplace sells of tenants, and what their clouds give and count: where the two differ, and making them
agree in either direction."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from waldur_core.events.log import record
from waldur_core.operations.errors import OperationError
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState, require_state
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace.orders import periods
from waldur_mastermind.marketplace_openstack import limits as component_limits
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.concurrency import MOST_AT_ONCE
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant
from waldur_openstack.sync.quotas import USED, read_quotas, take_quotas
from waldur_openstack.workflows.quotas import PushQuotas

Differences = dict[str, tuple[int | None, int]]  # {name: (what it is, what it would be)}


@dataclass(frozen=True)
class Look:
    """A sold tenant, and what its cloud says of its quotas, or why it says nothing."""

    resource: Resource
    tenant: Tenant
    moment: datetime = field(default_factory=timezone.now)
    answers: Mapping[str, JSON] = field(default_factory=dict)
    error: str = ""


def sold_tenants() -> list[tuple[Resource, Tenant]]:
    """All tenants that exist in a cloud and that somebody has ordered; two queries."""
    related = ("service_settings", "project__customer")
    tenants: Any = Tenant.objects.exclude(backend_id="").select_related(*related)
    by_uuid = {tenant.uuid: tenant for tenant in tenants.order_by("service_settings", "name")}
    alive = Resource.objects.filter(scope_uuid__in=by_uuid, state__in=Resource.ALIVE).exclude(limits={})
    resources = {resource.scope_uuid: resource for resource in alive.select_related("offering", "project__customer")}
    return [(resources[uuid], tenant) for uuid, tenant in by_uuid.items() if uuid in resources]


def look_at_all(sold: Iterable[tuple[Resource, Tenant]]) -> Iterator[Look]:
    """Ask the clouds, several tenants at a time. One that does not answer is not asked again, and holds up no other."""
    silent: dict[int, str] = {}
    with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="tenant-quotas") as pool:
        asked = [pool.submit(copy_context().run, partial(_look, *pair, silent)) for pair in sold]
        for answer in as_completed(asked):
            yield answer.result()


def _look(resource: Resource, tenant: Tenant, silent: dict[int, str]) -> Look:
    if reason := silent.get(tenant.service_settings_id):
        return Look(resource, tenant, error=reason)
    moment = timezone.now()
    try:
        return Look(resource, tenant, moment, read_quotas(Cloud.of(tenant.service_settings), tenant.backend_id))
    except OperationError as error:
        if error.retryable:  # the cloud, not the tenant
            silent[tenant.service_settings_id] = error.message
        return Look(resource, tenant, error=error.message)


# pushing ----------------------------------------------------------------------------------------------------------


def promised(look: Look) -> dict[str, int]:
    """All limits that the tenant should have in the cloud: those sold, and the others as they stand here."""
    own = dict(counters.quotas_of(look.tenant).values_list("name", "limit"))
    told = {name: limit for name, limit in own.items() if name not in quotas.LOCAL_QUOTAS}
    wanted = {**told, **component_limits.quotas_to_push(look.resource.limits, look.resource.offering, switched=False)}
    return quotas.of_known_types(look.tenant, wanted)


def to_push(look: Look, wanted: Mapping[str, int]) -> Differences:
    """{the cloud's name: (its limit, ours)} of those that differ, in the cloud's units."""
    found: Differences = {}
    for service, answer in look.answers.items():
        for name, limit in quotas.as_backend_limits(wanted, service).items():
            there = int(answer[name]["limit"]) if name in answer else None
            if there != limit:
                found[name] = (there, limit)
    return found


def push(look: Look, wanted: Mapping[str, int]) -> Operation:
    """Schedule the push. Conflict when the tenant is busy or broken."""
    look.tenant.refresh_from_db(fields=["state"])
    require_state(CoreState.OK)(look.tenant)
    return start(PushQuotas, look.tenant, user=None, parameters={"quotas": dict(wanted)})


# importing --------------------------------------------------------------------------------------------------------


def to_import(look: Look) -> Differences:
    """{component or quota: (what we have, what the cloud says)}: limits of the resource, then usages of the tenant."""
    limits, usages = imported_limits(look), used_in_cloud(look)
    before = {quota.name: quota.usage for quota in counters.quotas_of(look.tenant)}
    of_limits = {
        f"limit of {name}": (look.resource.limits.get(name), limit)
        for name, limit in limits.items()
        if look.resource.limits.get(name) != limit
    }
    of_usages = {
        f"usage of {name}": (before.get(name), usage)
        for name, usage in sorted(usages.items())
        if before.get(name) != usage
    }
    return {**of_limits, **of_usages}


def imported_limits(look: Look) -> dict[str, int]:
    """What the cloud gives, by component. Ours stands where the cloud says what we have told it (its units are coarser
    than ours), and where it has no limit: that cannot be sold."""
    sold = component_limits.quotas_to_push(look.resource.limits, look.resource.offering, switched=False)
    given = {}
    for service, answer in look.answers.items():
        there = quotas.from_backend(service, answer, "limit")
        if service == "block_storage":
            there |= quotas.of_types_from_backend(answer, "limit")
        for name, limit in there.items():
            ours = sold.get(name, limit)
            same = quotas.as_backend_limits({name: ours}, service) == quotas.as_backend_limits({name: limit}, service)
            given[name] = ours if same else limit
    return component_limits.limits(given, look.resource.offering)


def used_in_cloud(look: Look) -> dict[str, int]:
    used: dict[str, int] = {}
    for service, answer in look.answers.items():
        used |= quotas.from_backend(service, answer, USED[service])
    return {**used, **quotas.of_types_from_backend(look.answers["block_storage"], USED["block_storage"])}


@transaction.atomic
def take(look: Look) -> None:
    """The resource has the limits that the cloud gives, the tenant and the resource the usages that it counts."""
    resource = look.resource
    take_quotas(look.tenant, dict(look.answers), moment=look.moment)
    limits = imported_limits(look)
    if any(resource.limits.get(name) != limit for name, limit in limits.items()):
        resource.limits = {**resource.limits, **limits}
        resource.save(update_fields=["limits", "modified"])
        periods.limits_changed(resource)
        text = f"The limits of {resource} have been imported from its cloud."
        record("marketplace_resource_update_succeeded", text, scope=resource)
