"""What tests look at: orders and resources in the marketplace, things in OpenNebula."""

from __future__ import annotations

import re
import xmlrpc.client
from typing import Any

import pyone

from tests.contract.stage import eventually
from tests.factories import client_of
from tests.marketplace_site_agent.running import Agent
from tests.opennebula.stage import Site
from waldur_mastermind.marketplace.models import Order, Resource

POOLS: dict[str, tuple[int, ...]] = {
    "vdcpool.info": (),
    "grouppool.info": (),
    "userpool.info": (),
    "acl.info": (),
    "vnpool.info": (-2, -1, -1),
    "secgrouppool.info": (-2, -1, -1),
    "vrouterpool.info": (-2, -1, -1),
    "vmpool.infoextended": (-2, -1, -1, -1),
}
DIFFERS_EACH_TIME = re.compile(r"\b(?:[0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f-]{36}|\d{10})\b")  # uuids, salts, hashes, times


def ended(*orders: Order) -> bool:
    states = Order.objects.filter(pk__in=[order.pk for order in orders]).values_list("state", flat=True)
    return all(state in (Order.State.DONE, Order.State.ERRED) for state in states)


def served(agent: Agent, order: Order) -> Resource:
    """What came of an order that the agent has carried out."""
    agent.works("order_process", lambda: ended(order))
    return done(order)


def done(order: Order) -> Resource:
    order.refresh_from_db()
    assert order.state == Order.State.DONE, order.error_message
    return Resource.objects.get(pk=order.resource_id)


def refusal(order: Order) -> str:
    """The sentence an order ended with."""
    order.refresh_from_db()
    assert order.state == Order.State.ERRED, f"{order.resource.name}: {order.state}"
    return str(order.error_message)


def shown(user: Any, resource: Resource) -> dict[str, Any]:
    """The resource as the user sees it."""
    answer: dict[str, Any] = client_of(user).get(f"/api/marketplace-resources/{resource.uuid.hex}/").json()
    return answer


def names(site: Site, kind: str) -> list[str]:
    return [obj["name"] for obj in site.cloud.objects(kind)[kind]]


def connect(site: Site, credentials: tuple[str, str] | None = None) -> Any:
    """As the user with these credentials, or as the administrator."""
    return pyone.OneServer(site.twin.endpoint, session=":".join(credentials) if credentials else site.twin.session)


def make_network(site: Site, template: str) -> int:
    """As the administrator; READY, which takes OpenNebula a moment."""
    one = connect(site)
    network = int(one.vn.allocate(template, 0))
    eventually(lambda: one.vn.info(network).STATE == 1, seconds=30)
    return network


def group_of(site: Site, name: str) -> Any:
    return connect(site).group.info(site.cloud.id_of("groups", name))


def vm_quota(site: Site, name: str) -> Any:
    found = group_of(site, name).VM_QUOTA.VM
    return found[0] if isinstance(found, list) else found


def state_of(site: Site, vm_id: int) -> int:
    return int(connect(site).vm.info(vm_id).STATE)


def machine_of(site: Site, resource: Resource) -> Any:
    resource.refresh_from_db()
    return connect(site).vm.info(int(resource.backend_metadata["vm_id"]))


def size(vm: Any) -> tuple[str, str, str]:
    """Cores, MB of memory, MB of disk."""
    return vm.TEMPLATE["VCPU"], vm.TEMPLATE["MEMORY"], vm.TEMPLATE["DISK"]["SIZE"]


def restriction(user: Any, resource: Resource) -> str | None:
    """What the user reads of the state of a mark."""
    found: str | None = shown(user, resource)["backend_metadata"].get("restriction")
    return found


def work(site: Site, credentials: tuple[str, str]) -> bool:
    try:
        connect(site, credentials).user.info(-1)
    except pyone.OneAuthenticationException:
        return False
    return True


def credentials_of(resource: Resource) -> tuple[str, str]:
    resource.refresh_from_db()
    return resource.backend_metadata["opennebula_username"], resource.secret_metadata["opennebula_password"]


def members(site: Site, name: str) -> set[str]:
    """Who is noted as a member of a VDC."""
    vdc = connect(site).vdc.info(site.cloud.id_of("vdcs", name))
    return set(str(vdc.TEMPLATE.get("WALDUR_MEMBERS", "")).split())


def everything(site: Site) -> dict[str, str]:
    """All that stands in OpenNebula: the XML of each pool."""
    one = xmlrpc.client.ServerProxy(site.twin.endpoint)
    return {name: str(getattr(one, f"one.{name}")(site.twin.session, *more)[1]) for name, more in POOLS.items()}


def portrait(site: Site) -> dict[str, str]:
    """The same, when all machines run, so that two runs can be compared."""
    running = connect(site).vmpool.info
    eventually(lambda: all(vm.LCM_STATE == 3 for vm in running(-2, -1, -1, -1).VM), seconds=30)
    return {name: DIFFERS_EACH_TIME.sub("…", xml) for name, xml in everything(site).items()}
