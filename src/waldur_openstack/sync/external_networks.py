"""Reading the external networks of a cloud: three calls, however many tenants and networks there are."""

from typing import Any

from django.db import transaction

from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import ExternalNetwork, ExternalSubnet, Tenant
from waldur_openstack.translation import external_range

Columns = dict[str, Any]


def pull_external_networks(settings: ServiceSettings, admin: Cloud) -> None:
    """Make the rows say what the cloud has; `admin` is the service account, who sees all of them."""
    networks = admin.network.list("network", **{"router:external": True})
    ids = [network["id"] for network in networks]
    subnets = admin.network.list("subnet", network_id=ids) if ids else []
    policies = list(admin.network.external_policies())
    with transaction.atomic():
        # one at a time: two tenants of one cloud may be made at the same moment
        ServiceSettings.objects.select_for_update().get(pk=settings.pk)
        rows = _write(ExternalNetwork, {"settings": settings}, [_network(item, policies) for item in networks])
        for item in networks:
            own = [_subnet(settings, subnet) for subnet in subnets if subnet["network_id"] == item["id"]]
            _write(ExternalSubnet, {"network": rows[item["id"]]}, own)
        _open(settings, rows, policies)


def _network(found: JSON, policies: list[JSON]) -> Columns:
    targets = targets_of(found["id"], policies)
    return {
        "backend_id": found["id"],
        "name": found["name"] or found["id"],
        "description": found.get("description") or "",
        "is_shared": found["shared"],
        "is_default": found.get("is_default") or False,
        "status": found["status"],
        "is_public": "*" in targets or found["shared"],
    }


def _subnet(settings: ServiceSettings, found: JSON) -> Columns:
    return {
        "backend_id": found["id"],
        "name": found["name"],
        "description": found.get("description") or "",
        "cidr": found["cidr"],
        "gateway_ip": found["gateway_ip"],
        "ip_version": found["ip_version"],
        "enable_dhcp": found["enable_dhcp"],
        "allocation_pools": found["allocation_pools"],
        "dns_nameservers": found["dns_nameservers"],
        "public_ip_range": external_range(settings, found["cidr"]),
    }


def targets_of(network_id: str, policies: list[JSON]) -> set[str]:
    """The projects that may go out by the network; `*` for all."""
    return {policy["target_tenant"] for policy in policies if policy["object_id"] == network_id}


def _write(model: Any, scope: Columns, wanted: list[Columns]) -> dict[str, Any]:
    """Rows as wanted and no others in the scope; writes only what differs. Returns them by backend id."""
    rows = {row.backend_id: row for row in model.objects.filter(**scope)}
    gone = [row.pk for key, row in rows.items() if key not in {columns["backend_id"] for columns in wanted}]
    if gone:
        model.objects.filter(pk__in=gone).delete()
    for columns in wanted:
        row = rows.get(columns["backend_id"]) or model(**scope)
        changed = [name for name, value in columns.items() if getattr(row, name) != value]
        if row.pk is None or changed:
            for name in changed:
                setattr(row, name, columns[name])
            row.save()
        rows[row.backend_id] = row
    return rows


def _open(settings: ServiceSettings, rows: dict[str, ExternalNetwork], policies: list[JSON]) -> None:
    """Networks that are not for all are for the tenants named in their policies."""
    tenants = dict(Tenant.objects.filter(service_settings=settings).values_list("backend_id", "pk"))
    wanted = {
        (rows[policy["object_id"]].pk, tenants[policy["target_tenant"]])
        for policy in policies
        if policy["object_id"] in rows and policy["target_tenant"] in tenants
    }
    links: Any = ExternalNetwork.tenants.through._default_manager
    known = set(links.filter(externalnetwork__settings=settings).values_list("externalnetwork_id", "tenant_id"))
    for network, tenant in known - wanted:
        links.filter(externalnetwork_id=network, tenant_id=tenant).delete()
    links.bulk_create([links.model(externalnetwork_id=network, tenant_id=tenant) for network, tenant in wanted - known])
