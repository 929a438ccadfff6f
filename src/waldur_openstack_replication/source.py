"""Reading the source: from its cloud, which knows best, or from our records when it does not answer."""

from typing import Any, NamedTuple

from waldur_core.operations.errors import OperationError
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.concurrency import each
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Port, SecurityGroupRule, Tenant
from waldur_openstack.models.network import ROUTER_INTERFACES
from waldur_openstack.sync.rules import to_backend
from waldur_openstack_replication.shape import WORDS, Shape, shape_of

CLOUD, RECORDS = "cloud", "records"
VIRTUAL = "compute:nova"  # what owns the ports of virtual addresses (seed: VIP Ports)


class Source(NamedTuple):
    """`uuids`: our rows by their ids in the cloud. `ports`: the ids of those that may come along."""

    shape: Shape
    read_from: str
    uuids: dict[str, Any]
    ports: frozenset[str]


def read_source(tenant: Tenant) -> Source:
    try:
        shape, read_from = read_cloud(tenant), CLOUD
    except OperationError:
        shape, read_from = shape_of(recorded(tenant)), RECORDS
    return Source(shape, read_from, uuids_of(tenant), eligible_ports(tenant))


def read_cloud(tenant: Tenant) -> Shape:
    """As its cloud lists it, all kinds at once. Raises OperationError."""
    return listed(Cloud.of(tenant.service_settings).in_project(tenant.backend_id), tenant.backend_id)


def listed(cloud: Cloud, project: str) -> Shape:
    network = cloud.network
    answers = each(lambda word: network.list(word, project_id=project), WORDS)
    return shape_of(dict(zip(WORDS, answers, strict=True)))


def uuids_of(tenant: Tenant) -> dict[str, Any]:
    rows = (tenant.networks, tenant.subnets, tenant.routers, tenant.securitygroups, tenant.ports)
    return {key: uuid for found in rows for key, uuid in found.exclude(backend_id="").values_list("backend_id", "uuid")}


def eligible_ports(tenant: Tenant) -> frozenset[str]:
    """Those of servers that are well, and free ones that stand for virtual addresses."""
    of_servers = Port.objects.filter(tenant=tenant, instance__state=CoreState.OK)
    virtual = Port.objects.filter(tenant=tenant, instance=None, device_owner=VIRTUAL, status="DOWN")
    return frozenset((of_servers | virtual).exclude(backend_id="").values_list("backend_id", flat=True))


# our records, in Neutron's words -----------------------------------------------------------------------------------


def recorded(tenant: Tenant) -> dict[str, list[JSON]]:
    """What was last known, in the form of the listings."""
    groups = {row.pk: _named(row, security_group_rules=[]) for row in tenant.securitygroups.exclude(backend_id="")}
    rules = SecurityGroupRule.objects.filter(security_group__in=groups).select_related("remote_group")
    for rule in rules:
        groups[rule.security_group_id]["security_group_rules"].append(to_backend(rule))
    subnets = tenant.subnets.exclude(backend_id="").select_related("network", "router")
    ports = [_port(row) for row in _ports(tenant)]
    connected = {
        fixed["subnet_id"] for port in ports if port["device_owner"] in ROUTER_INTERFACES for fixed in port["fixed_ips"]
    }
    ports += [_interface(row) for row in subnets if row.router and row.backend_id not in connected]
    return {
        "network": [
            _named(row, mtu=row.mtu, port_security_enabled=row.port_security_enabled,
                   **{"router:external": row.is_external})
            for row in tenant.networks.exclude(backend_id="")
        ],
        "subnet": [_subnet(row) for row in subnets],
        "router": [_router(row) for row in tenant.routers.exclude(backend_id="")],
        "security_group": list(groups.values()),
        "port": ports,
    }  # fmt: skip


def _named(row: Any, **more: Any) -> JSON:
    return {"id": row.backend_id, "name": row.name, "description": row.description, **more}


def _subnet(row: Any) -> JSON:
    columns = ("cidr", "allocation_pools", "ip_version", "enable_dhcp", "dns_nameservers", "host_routes",
               "ipv6_ra_mode", "ipv6_address_mode")  # fmt: skip
    values = {name: getattr(row, name) for name in columns}
    gateway = None if row.disable_gateway else row.gateway_ip
    return _named(row, network_id=row.network.backend_id, gateway_ip=gateway, **values)


def _router(row: Any) -> JSON:
    gateway = {"network_id": row.external_network_id, "enable_snat": row.enable_snat}
    return _named(row, routes=row.routes, external_gateway_info=gateway if row.external_network_id else None)


def _ports(tenant: Tenant) -> Any:
    rows = Port.objects.filter(tenant=tenant).exclude(backend_id="")
    return rows.select_related("network").prefetch_related("security_groups")


def _port(row: Any) -> JSON:
    columns = ("mac_address", "fixed_ips", "allowed_address_pairs", "port_security_enabled", "device_id",
               "device_owner")  # fmt: skip
    values = {name: getattr(row, name) for name in columns}
    groups = [group.backend_id for group in row.security_groups.all()]
    network = row.network.backend_id if row.network else ""
    return _named(row, network_id=network, security_groups=groups, **values)


def _interface(row: Any) -> JSON:
    """Of a subnet whose interface has no row: it has the gateway's address."""
    fixed = [{"subnet_id": row.backend_id, "ip_address": row.gateway_ip}]
    return {
        "id": f"interface-{row.backend_id}", "name": "", "device_owner": ROUTER_INTERFACES[0], "fixed_ips": fixed,
        "device_id": row.router.backend_id, "network_id": row.network.backend_id, "mac_address": "",
    }  # fmt: skip
