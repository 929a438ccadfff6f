"""Resources of the marketplace against the tenants, servers and volumes they stand for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from django.db.models import Q, QuerySet

from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_mastermind.billing.audit import double_billed
from waldur_mastermind.marketplace.models import Offering, Order, PlanPeriod, Resource
from waldur_mastermind.marketplace_openstack.recovery.resources import lost_objects
from waldur_mastermind.marketplace_openstack.states import RESOURCE_STATES
from waldur_openstack.audit import Finding, Report, audit
from waldur_openstack.audit.findings import of_row
from waldur_openstack.models import Instance, Tenant, Volume

SCOPES: dict[str, Any] = {model.resource_type: model for model in (Tenant, Instance, Volume)}


def full_audit(service: ServiceSettings, *, quick: bool = False) -> Report:
    """Of the cloud, and of what is sold of it. Raises OperationError when the cloud cannot be read."""
    return audit(service, quick=quick).and_also(audit_marketplace(service))


def audit_marketplace(service: ServiceSettings) -> Iterator[Finding]:
    resources = list(resources_of(service).exclude(state=Resource.State.TERMINATED).select_related("offering"))
    scopes = {
        scope.uuid: scope
        for model in SCOPES.values()
        for scope in model.objects.filter(uuid__in=[resource.scope_uuid for resource in resources])
    }
    unfinished = Order.objects.filter(resource__in=resources, state__in=Order.UNFINISHED)
    ahead = set(unfinished.values_list("resource_id", flat=True))  # an order under way may be ahead of either
    yield from doubles(resources)
    for resource in resources:
        if resource.pk not in ahead:
            yield from alone(resource, scopes.get(resource.scope_uuid))
    yield from missing(service)
    yield from periods(service)
    yield from charged_twice(service)


def charged_twice(service: ServiceSettings) -> Iterator[Finding]:
    """The offerings that sell the cloud: what stands in their tenants is not charged."""
    for offering in Offering.objects.filter(scope_uuid=service.uuid, type=Tenant.resource_type):
        for double in double_billed(offering):
            of = Resource.objects.get(uuid=double.resource_uuid)
            text = f"{double.component_type or 'The plan'} of {of} from {double.start:%Y-%m-%d}: {double.reason}"
            yield finding("billing.charged_twice", of, text, lines=double.lines)


def resources_of(service: ServiceSettings) -> QuerySet[Resource]:
    """Of the offerings that sell the cloud, and of those that its tenants brought with them."""
    tenants = Tenant.objects.filter(service_settings=service).values("uuid")
    sells = Q(offering__scope_uuid=service.uuid) | Q(offering__scope_uuid__in=tenants)
    return Resource.objects.filter(sells, offering__type__in=SCOPES)


def finding(check: str, resource: Resource, message: str, **details: Any) -> Finding:
    return Finding(
        check, "resource", message, resource.name, resource.uuid.hex, resource.backend_id, details=details
    )  # fmt: skip


def doubles(resources: Iterable[Resource]) -> Iterator[Finding]:
    """Two that are paid for and stand for the same."""
    same: dict[tuple[Any, str], list[Resource]] = defaultdict(list)
    for resource in resources:
        for key in filter(None, (resource.scope_uuid, resource.backend_id)):
            same[resource.offering.type, str(key)].append(resource)
    told = set()
    for (_, key), twins in same.items():
        names = tuple(sorted(resource.uuid.hex for resource in twins))
        if len(twins) > 1 and names not in told:
            told.add(names)
            yield finding("billing.double", twins[0], f"{len(twins)} living resources stand for {key}.", uuids=names)


def alone(resource: Resource, scope: Any) -> Iterator[Finding]:
    """One resource and its object."""
    if scope is None:
        yield finding("billing.no_scope", resource, f"Resource {resource} is {resource.state}, but has no object.")
    elif resource.state != RESOURCE_STATES[CoreState(scope.state)]:
        text = f"Resource {resource} is {resource.state}, its object {scope.state}."
        yield finding("state", resource, text, ours=resource.state, of_scope=scope.state)


def missing(service: ServiceSettings) -> Iterator[Finding]:
    """Only where the tenant is sold: one can be made without an order."""
    sold = Resource.objects.exclude(state=Resource.State.TERMINATED).values("scope_uuid")
    for model in (Instance, Volume):
        for scope in lost_objects(model).filter(service_settings=service, tenant__uuid__in=sold):
            yield of_row("billing.missing", scope, f"{scope} has no resource.")


def periods(service: ServiceSettings) -> Iterator[Finding]:
    """A resource is on one plan at a time, as long as it lives."""
    found: dict[int, list[PlanPeriod]] = defaultdict(list)
    resources = {resource.pk: resource for resource in resources_of(service)}
    for period in PlanPeriod.objects.filter(resource__in=resources).order_by("start", "pk"):
        found[period.resource_id].append(period)
    for pk, resource in resources.items():
        own = found[pk]
        is_open = [period for period in own if period.end is None]
        overlapping = any(a.end is None or a.end > b.start for a, b in pairwise(own))
        ended = resource.state == Resource.State.TERMINATED
        if overlapping:
            yield finding("billing.period", resource, f"Two plan periods of {resource} overlap.")
        elif ended and is_open:
            yield finding("billing.period", resource, f"{resource} is terminated, but its plan period goes on.")
        elif resource.plan_id and resource.state in (Resource.State.OK, Resource.State.UPDATING) and not is_open:
            yield finding("billing.period", resource, f"{resource} is on a plan, but no plan period is open.")
