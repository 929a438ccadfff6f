"""Looking at orders and resources as their customer does."""

from typing import Any

from tests.e2e.market import ORDERS, RESOURCES, Market
from waldur_core.events.models import Event
from waldur_core.structure.models import User
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant


def states(market: Market, order: Order, user: User | None = None) -> tuple[str, str]:
    """(of the order, of its resource)."""
    user = user or market.owner
    shown = market.get(user, f"{ORDERS}{order.uuid.hex}/")
    return shown["state"], market.get(user, f"{RESOURCES}{shown['marketplace_resource_uuid']}/")["state"]


def shown(market: Market, resource: Resource, user: User | None = None) -> dict[str, Any]:
    found: dict[str, Any] = market.get(user or market.owner, f"{RESOURCES}{resource.uuid.hex}/")
    return found


def events(market: Market, since: int = 0) -> list[tuple[str, str | None]]:
    """(type, who), oldest first, of what the owner may read."""
    known = set(Event.objects.filter(pk__gt=since).values_list("uuid", flat=True))
    told = market.get(market.owner, "/api/events/", page_size=100, o="created")
    return [
        (event["event_type"], event["context"].get("user_name"))
        for event in told
        if event["uuid"] in {uuid.hex for uuid in known}
    ]


def last_event() -> int:
    return Event.objects.order_by("pk").values_list("pk", flat=True).last() or 0


def quotas_in_the_cloud(tenant: Tenant) -> tuple[int, int, int]:
    """(cores, RAM in MiB, storage in GiB), as the cloud says."""
    cloud = Cloud.of(tenant.service_settings)
    compute, storage = cloud.compute.quotas(tenant.backend_id), cloud.block_storage.quotas(tenant.backend_id)
    return compute["cores"]["limit"], compute["ram"]["limit"], storage["gigabytes"]["limit"]
