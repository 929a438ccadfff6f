"""What the ports of a tenant tell of others: which groups servers have, which subnets and addresses routers have."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Instance, Router, SubNet, Tenant
from waldur_openstack.models.network import ROUTER_INTERFACES
from waldur_openstack.sync.kinds import Look
from waldur_openstack.sync.parts import Links
from waldur_openstack.sync.reconcile import AT_REST, difference, untouched, write_columns

GROUPS_OF_INSTANCES = Links(Instance, "security_groups", lambda found: ())


def follow_ports(tenant: Tenant, seen: Look, subject: Any) -> None:
    """`seen` are all ports of the tenant. Rows that were changed since are newer than what they tell."""
    follow_servers(tenant, seen, subject)
    interfaces = [port for port in seen.found if port["device_owner"] in ROUTER_INTERFACES]
    follow_routers(tenant, interfaces, seen.moment)
    follow_subnets(tenant, interfaces, seen.moment)


def follow_servers(tenant: Tenant, seen: Look, subject: Any) -> None:
    """A server has the security groups of its ports."""
    groups = defaultdict(set)
    for port in seen.found:
        if port["device_owner"].startswith("compute:"):
            groups[port["device_id"]].update(port.get("security_groups", ()))
    older = tenant.instances.filter(backend_id__in=groups, modified__lt=seen.moment)
    rows = [row for row in older if row.state in AT_REST or row == subject]
    changes = GROUPS_OF_INSTANCES.against(tenant, {row.pk: groups[row.backend_id] for row in rows})
    free = untouched([row for row in rows if row.pk in changes], subject)
    if kept := [change for pk, change in changes.items() if pk in free]:
        GROUPS_OF_INSTANCES.write(tenant, kept)


def follow_routers(tenant: Tenant, interfaces: list[JSON], moment: datetime) -> None:
    addresses: dict[str, list[JSON]] = defaultdict(list)
    for port in sorted(interfaces, key=lambda port: str(port["id"])):
        addresses[port["device_id"]] += port["fixed_ips"]
    rows = Router.objects.filter(tenant=tenant, modified__lt=moment).exclude(backend_id="")
    _write(tenant, {row: {"fixed_ips": addresses[row.backend_id]} for row in rows})


def follow_subnets(tenant: Tenant, interfaces: list[JSON], moment: datetime) -> None:
    """A subnet is connected when a router has an address in it; we need not know the router."""
    router_of = {address["subnet_id"]: port["device_id"] for port in interfaces for address in port["fixed_ips"]}
    rows = SubNet.objects.filter(tenant=tenant, modified__lt=moment).exclude(backend_id="")
    known = dict(Router.objects.filter(tenant=tenant).values_list("backend_id", "pk"))
    wanted = {
        row: {
            "is_connected": row.backend_id in router_of,
            "router_id": known.get(router_of.get(row.backend_id, "")),
        }
        for row in rows
    }
    _write(tenant, wanted)


def _write(tenant: Tenant, wanted: dict[Any, dict[str, Any]]) -> None:
    changes = {
        row: changed
        for row, columns in wanted.items()
        if row.state in AT_REST and (changed := difference(row, columns))
    }
    free = untouched(changes)
    write_columns(tenant, {row: changed for row, changed in changes.items() if row.pk in free})
