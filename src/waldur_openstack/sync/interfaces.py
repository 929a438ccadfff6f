"""What ports tell of others: which groups servers have, which subnets and addresses routers have.

Told by our rows of ports, once they say what the cloud says.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from waldur_openstack.models import Instance, Port, Router, SubNet
from waldur_openstack.models.network import ROUTER_INTERFACES
from waldur_openstack.sync.following import AT_REST, difference, untouched, write_columns
from waldur_openstack.sync.kinds import Ends
from waldur_openstack.sync.parts import Links
from waldur_openstack.sync.scope import Scope

SERVERS = "compute:"  # how the owners of their ports begin
SERVER, ROUTER, NETWORK = "server", "router", "network"
GROUPS_OF_INSTANCES = Links(Instance, "security_groups", lambda found: ())


def ends_of_port(port: Port) -> Ends:
    """What it tells of: its server; or its router, and the network that is connected by it."""
    if port.device_owner.startswith(SERVERS):
        return frozenset({(SERVER, port.device_id)})
    if port.device_owner in ROUTER_INTERFACES:
        return frozenset({(ROUTER, port.device_id), (NETWORK, port.network_id)})
    return frozenset()


def follow_ports(scope: Scope, ends: Ends | None, moment: datetime, subject: Any) -> None:
    """Rows that were changed since the moment are newer than what the ports told then."""
    for what, follow in FOLLOWED.items():
        told = None if ends is None else {end for kind, end in ends if kind == what}
        if told is None or told:
            follow(scope, told, moment, subject)


def follow_servers(scope: Scope, devices: set[str] | None, moment: datetime, subject: Any) -> None:
    """A server has the security groups of its ports."""
    rows = scope.candidates(Instance).filter(modified__lt=moment, **_among({"backend_id__any_of": devices}))
    idle = rows.filter(Q(state__in=AT_REST) | Q(uuid=getattr(subject, "uuid", None))).values("pk")
    groups = defaultdict(set)
    ports = Port.objects.filter(instance__in=idle, device_owner__startswith=SERVERS).order_by()
    for instance, group in ports.values_list("instance_id", "security_groups"):
        groups[instance].add(group)
    changes = GROUPS_OF_INSTANCES.against({pk: found - {None} for pk, found in groups.items()})
    if not changes:
        return
    free = untouched(scope.rows(Instance, pk__any_of=changes), subject, moment)
    if kept := [change for pk, change in changes.items() if pk in free]:
        GROUPS_OF_INSTANCES.write(scope, kept)


def follow_routers(scope: Scope, devices: set[str] | None, moment: datetime, _: Any) -> None:
    rows = older(scope, Router, moment, backend_id__any_of=devices)
    if not rows:
        return
    addresses: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for tenant, device, fixed_ips in interfaces(scope, device_id__any_of=devices):
        addresses[tenant, device] += fixed_ips
    _write({row: {"fixed_ips": addresses[row.tenant_id, row.backend_id]} for row in rows}, moment)


def follow_subnets(scope: Scope, networks: set[int] | None, moment: datetime, _: Any) -> None:
    """A subnet is connected when a router has an address in it; we need not know the router."""
    rows = older(scope, SubNet, moment, network__in=networks)
    if not rows:
        return
    router_of = {
        (tenant, address["subnet_id"]): device
        for tenant, device, fixed_ips in interfaces(scope, network__in=networks)
        for address in fixed_ips
    }
    routers = scope.candidates(Router).filter(backend_id__any_of=set(router_of.values()))
    known = {(tenant, device): pk for tenant, device, pk in routers.values_list("tenant_id", "backend_id", "pk")}
    wanted = {}
    for row in rows:
        device = router_of.get((row.tenant_id, row.backend_id))
        router = known.get((row.tenant_id, device or ""))
        wanted[row] = {"is_connected": device is not None, "router_id": router}
    _write(wanted, moment)


FOLLOWED: dict[str, Callable[[Scope, Any, datetime, Any], None]] = {
    SERVER: follow_servers,
    ROUTER: follow_routers,
    NETWORK: follow_subnets,
}


def interfaces(scope: Scope, **among: Any) -> QuerySet[Any, tuple[int, str, list[Any]]]:
    """(tenant, router, addresses) of each port by which a router is in a subnet."""
    ports = scope.candidates(Port).filter(device_owner__in=ROUTER_INTERFACES, **_among(among))
    return ports.order_by("backend_id").values_list("tenant_id", "device_id", "fixed_ips")


def older(scope: Scope, model: Any, moment: datetime, **among: Any) -> list[Any]:
    """Rows that exist in the cloud and have not been written since the moment."""
    rows = scope.rows(model, modified__lt=moment, **_among(among))
    return [row for row in rows if row.backend_id]


def _among(among: dict[str, Any]) -> dict[str, Any]:
    """Those lookups that have a value."""
    return {lookup: values for lookup, values in among.items() if values is not None}


def _write(wanted: dict[Any, dict[str, Any]], moment: datetime) -> None:
    changes = {
        row: changed
        for row, columns in wanted.items()
        if row.state in AT_REST and (changed := difference(row, columns))
    }
    free = untouched(changes, None, moment)
    write_columns({row: changed for row, changed in changes.items() if row.pk in free})
