"""Storage sold as a whole (`fixed`) or by volume types (`dynamic`), and tenants that follow when that changes.

Level-based: an offering says what it sells now, a resource what it has limits on; where the two differ an order of
nobody's brings the resource into step. So a switch that was cut short, a cloud that was away, and a volume type that
came or went are all the same case, and looking again is always right.
"""

import logging
from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.db import transaction

from waldur_core.operations.models import Operation
from waldur_core.operations.start import retry
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.catalogue import sync_components
from waldur_mastermind.marketplace.models import Offering, OfferingComponent, Order, Resource
from waldur_mastermind.marketplace.orders.requests import replace_limits
from waldur_mastermind.marketplace_openstack import limits as component_limits
from waldur_mastermind.marketplace_openstack.limits import DYNAMIC, STORAGE, TYPE_COMPONENT, mode_of
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.quotas import PushQuotas

logger = logging.getLogger(__name__)

TYPE = "OpenStack.Tenant"
AT_ONCE = 50  # so many tenants follow within a request; the others with the next run of the task
REASON = "The storage components of the offering have changed."


def follow_cloud(service: ServiceSettings) -> None:
    """The volume types of a cloud have changed."""
    offerings = Offering.objects.filter(type=TYPE, scope_uuid=service.uuid)
    for offering in offerings:
        if mode_of(offering) == DYNAMIC:
            follow_offering(offering)


def follow_all() -> int:
    """Every tenant offering; returns how many tenants were set going."""
    started = 0
    for offering in Offering.objects.filter(type=TYPE):
        with transaction.atomic():
            started += follow_offering(offering)
    return started


def follow_offering(offering: Offering, most: int = AT_ONCE) -> int:
    """Components, those of the private offerings, and limits of tenants: as the offering sells storage now."""
    sync_components(offering)
    follow_private_offerings(offering)
    return sum(_bring(resource, wanted) for resource, wanted in islice(out_of_step(offering), most))


def out_of_step(offering: Offering) -> Iterable[tuple[Resource, dict[str, int]]]:
    """The resources whose limits are of other components than those sold, with the limits they should have."""
    sold = {component.type for component in component_limits.builtin_components(offering)} - {"cores", "ram"}
    if not sold:  # by volume types, of which none is known yet
        return
    alive = Resource.objects.filter(offering=offering, state__in=(Resource.State.OK, Resource.State.ERRED))
    alive = alive.exclude(limits={})
    apart = [resource for resource in alive if _storage_of(resource.limits).keys() != sold]
    tenants: dict[Any, Tenant] = {
        tenant.uuid: tenant for tenant in Tenant.objects.filter(uuid__in=[r.scope_uuid for r in apart])
    }
    used = counters.quotas_by_pk(Tenant, tenants.values())
    for resource in apart:
        if tenant := tenants.get(resource.scope_uuid):
            usages = {quota.name: quota.usage for quota in used[tenant.pk]}
            yield resource, wanted_limits(resource, offering, sold, usages)


def wanted_limits(resource: Resource, offering: Offering, sold: set[str], usages: dict[str, int]) -> dict[str, int]:
    """Cores and RAM stay. When the mode has changed storage becomes what is used; a volume type that is new gets
    nothing, one that is not sold any more goes."""
    whole = {name: limit for name, limit in resource.limits.items() if name not in _storage_of(resource.limits)}
    known = {name: limit for name, limit in resource.limits.items() if name in sold}
    if not known:
        used = component_limits.limits(usages, offering)
        known = {name: used.get(name, 0) for name in sold}
    return {**whole, **dict.fromkeys(sorted(sold), 0), **known}


def _storage_of(limits: dict[str, int]) -> dict[str, int]:
    return {name: limit for name, limit in limits.items() if name == STORAGE.type or name.startswith(TYPE_COMPONENT)}


def _bring(resource: Resource, wanted: dict[str, int]) -> bool:
    """Order the limits, or try the failed order again; False when the tenant is busy and has to wait."""
    tenant: Any = resource.scope
    try:
        if resource.state == Resource.State.OK and tenant.state == CoreState.OK:
            replace_limits(resource, wanted, REASON)
            return True
        return tenant.state == CoreState.ERRED and _retry(tenant)
    except Conflict as error:  # somebody was faster
        logger.info("Tenant %s follows its offering later: %s", tenant, error.detail)
        return False


def _retry(tenant: Tenant) -> bool:
    """Whether the last thing that failed was our push: then it goes on."""
    last = Operation.objects.filter(subject_uuid=tenant.uuid).order_by("pk").last()
    if last is None or last.workflow != PushQuotas.name or last.state != Operation.State.ERRED:
        return False
    order = Order.objects.filter(resource__scope_uuid=tenant.uuid).order_by("pk").last()
    if order is None or order.attributes.get("reason") != REASON:
        return False
    retry(last, user=None)
    return True


# private offerings ------------------------------------------------------------------------------------------------


def follow_private_offerings(offering: Offering) -> None:
    """The volume offerings of the tenants show the same storage components: four statements for any number of them."""
    wanted = {component.type: component for component in storage_components(offering)}
    children = list(Offering.objects.filter(parent=offering, type="OpenStack.Volume").values_list("pk", flat=True))
    builtin = OfferingComponent.objects.filter(offering__in=children, is_builtin=True)
    builtin.exclude(type__in=wanted).delete()
    existing = set(builtin.values_list("offering_id", "type"))
    OfferingComponent.objects.bulk_create(
        [
            OfferingComponent(offering_id=child, is_builtin=True, **vars(component))
            for child in children
            for name, component in wanted.items()
            if (child, name) not in existing
        ]
    )


def storage_components(offering: Offering | None) -> tuple[Any, ...]:
    """How volumes inside a tenant are counted; the tenant pays, so they are no limits of theirs."""
    if offering is None:
        return ()
    found = component_limits.type_components(offering.scope) if mode_of(offering) == DYNAMIC else [STORAGE]
    plain = {"billing_type": "fixed", "limit_period": None, "min_value": None, "max_value": None, "default_limit": None}
    return tuple(type(component)(**{**vars(component), **plain}) for component in found)
