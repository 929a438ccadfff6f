"""Where subnets meet routers: an interface is a port of the router in the subnet, and counts as one."""

from django.db.models import QuerySet

from waldur_core.operations.errors import NotFound
from waldur_core.quotas import counters
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Port, Router, SubNet
from waldur_openstack.models.network import ROUTER_INTERFACES
from waldur_openstack.removal import Removal
from waldur_openstack.sync.network import port_columns
from waldur_openstack.workflows.context import save


def add_interface(cloud: Cloud, router: Router, subnet: SubNet) -> JSON | None:
    """The port that connects them. Neutron gives it the subnet's gateway address."""
    made = cloud.network.add_router_interface(router.backend_id, subnet.backend_id)
    return cloud.network.show("port", made["port_id"])


def adopt_port(cloud: Cloud, router: Router, port: Port) -> JSON | None:
    """The router takes a port of the tenant as its interface."""
    cloud.network.add_router_interface(router.backend_id, port_id=port.backend_id)
    return cloud.network.show("port", port.backend_id)


def find_interface(cloud: Cloud, router: Router, subnet: SubNet) -> JSON | None:
    if not (router.backend_id and subnet.backend_id):
        return None
    filters = {"device_id": router.backend_id, "fixed_ips": f"subnet_id={subnet.backend_id}"}
    return cloud.network.first("port", **filters)


def record_interface(router: Router, found: JSON) -> None:
    """The interface becomes a row, and its subnets are connected."""
    subnets = subnets_of(router, found)
    _, made = Port.objects.update_or_create(
        tenant=router.tenant,
        backend_id=found["id"],
        defaults={
            "network": subnets[0].network if subnets else None,
            "subnet": subnets[0] if subnets else None,
            "state": CoreState.OK,
            **port_columns(found),
        },
    )
    if made:
        counters.count(router.tenant, quotas.of_ports(1))
    for subnet in subnets:
        save(subnet, is_connected=True, router=router)
    note_addresses(router)


def remove_interface(cloud: Cloud, router_id: str, port_id: str) -> None:
    """The port goes with it. One that is gone already is what we wanted."""
    try:
        cloud.network.remove_router_interface(router_id, port_id)
    except NotFound:
        return


def disconnect(cloud: Cloud, router: Router, subnet: SubNet) -> None:
    """Remove the interface between them, if there is one."""
    if found := find_interface(cloud, router, subnet):
        remove_interface(cloud, router.backend_id, found["id"])


def forget_interface(router: Router, subnet: SubNet) -> None:
    """The rows say what `disconnect` did."""
    forget_ports(interfaces_of(router).filter(subnet=subnet))
    save(subnet, is_connected=False, router=None)
    note_addresses(router)


def forget_ports(ports: QuerySet[Port]) -> None:
    """The rows of interfaces that are gone, and what they counted."""
    Removal(ports).carry_out()


def interfaces_of(router: Router) -> QuerySet[Port]:
    return Port.objects.filter(
        tenant_id=router.tenant_id, device_id=router.backend_id, device_owner__in=ROUTER_INTERFACES
    ).exclude(device_id="")


def note_addresses(router: Router) -> None:
    """Its addresses inside; those of the gateway are kept apart."""
    ports = interfaces_of(router).order_by("pk")
    save(router, fixed_ips=[fixed for port in ports for fixed in port.fixed_ips])


def subnets_of(router: Router, found: JSON) -> list[SubNet]:
    ids = [fixed["subnet_id"] for fixed in found["fixed_ips"]]
    return list(SubNet.objects.filter(tenant_id=router.tenant_id, backend_id__in=ids).select_related("network"))
