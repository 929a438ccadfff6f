"""The offerings a tenant brings with it: servers and volumes for its project (seed: Automatic Offering Creation)."""

import logging
from typing import Any

from django.conf import settings

from waldur_mastermind.marketplace.catalogue import sync_components
from waldur_mastermind.marketplace.models import Category, Offering, Order, Resource
from waldur_mastermind.marketplace.orders.processing import cancel
from waldur_openstack.models import Tenant

logger = logging.getLogger(__name__)

# type: (how it is called, which flag marks its category)
KINDS = {
    "OpenStack.Instance": ("Virtual machine in {}", "default_vm_category"),
    "OpenStack.Volume": ("Volume in {}", "default_volume_category"),
}


def create_private_offerings(tenant: Tenant, resource: Resource) -> None:
    """Make the two offerings unless they exist; they inherit texts and place from the tenant's own offering."""
    if not settings.WALDUR_MARKETPLACE_OPENSTACK["AUTOMATICALLY_CREATE_PRIVATE_OFFERING"]:
        return
    for kind, (title, flag) in KINDS.items():
        category = Category.objects.filter(**{flag: True}).first()
        if category is None:
            logger.warning("No category is marked %s: tenant %s gets no %s offering", flag, tenant, kind)
        elif not private_offerings(tenant).filter(type=kind).exists():
            _create(tenant, resource, kind, title.format(tenant.name), category)


def _create(tenant: Tenant, resource: Resource, kind: str, name: str, category: Category) -> None:
    parent = resource.offering
    inherited = ("attributes", "vendor_details", "getting_started", "integration_guide", "latitude", "longitude")
    offering = Offering(
        name=name[:150],
        type=kind,
        category=category,
        customer=tenant.customer,
        project=tenant.project,
        parent=parent,
        shared=False,
        billable=False,
        state=Offering.State.ACTIVE,
        **{name: getattr(parent, name) for name in inherited},
    )
    offering.scope = tenant
    offering.save()
    sync_components(offering)


def rename_private_offerings(tenant: Tenant) -> None:
    """They bear the name of their tenant."""
    for offering in private_offerings(tenant):
        name = KINDS[offering.type][0].format(tenant.name)[:150]
        if offering.name != name:
            offering.name = name
            offering.save(update_fields=["name", "modified"])


def private_offerings(tenant: Tenant) -> Any:
    return Offering.objects.filter(scope_uuid=tenant.uuid, type__in=KINDS)


def archive_private_offerings(tenant: Tenant) -> None:
    """Nothing more can be ordered in the tenant, nor will be what still waited for approval."""
    for offering in private_offerings(tenant).exclude(state=Offering.State.ARCHIVED):
        offering.enter(Offering.State.ARCHIVED)
        for order in offering.orders.filter(state__in=Order.PENDING):
            cancel(order, None)
