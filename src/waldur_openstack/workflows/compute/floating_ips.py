"""The public addresses of a server."""

from typing import Any

from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import FloatingIP
from waldur_openstack.sync.network import floating_ip_columns
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.context import described, save


def create_floating_ip(context: InstanceContext) -> JSON:
    address = context.floating_ip
    return context.cloud.network.create(
        "floatingip",
        description=described(address),
        floating_network_id=address.backend_network_id,
        project_id=context.tenant.backend_id,
    )


def record_floating_ip(context: InstanceContext, found: JSON) -> None:
    save(context.floating_ip, backend_id=found["id"], **floating_ip_columns(found, context.tenant.service_settings))


def release_floating_ip(context: InstanceContext) -> None:
    address = context.floating_ip
    if address.backend_id:
        context.cloud.network.remove("floatingip", address.backend_id)
        save(address, backend_id="", address=None, state=CoreState.CREATION_SCHEDULED)


def attach_floating_ip(context: InstanceContext) -> JSON:
    address = context.floating_ip
    assert address.port
    return context.cloud.network.update("floatingip", address.backend_id, port_id=address.port.backend_id)


def detach_floating_ip(context: InstanceContext) -> None:
    address = context.floating_ip
    if address.backend_id and context.cloud.network.show("floatingip", address.backend_id):
        context.cloud.network.update("floatingip", address.backend_id, port_id=None)


def floating_ips(context: InstanceContext) -> Any:
    return FloatingIP.objects.filter(port__instance=context.subject)
