"""The network interfaces of a server."""

from typing import Any

from waldur_core.structure.states import CoreState
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.sync.network import port_columns
from waldur_openstack.workflows.compute.context import InstanceContext
from waldur_openstack.workflows.context import described, save


def create_port(context: InstanceContext) -> JSON:
    port = context.port
    # a direct connection to an external network is for the service account alone
    gateway = context.admin.network if port.is_external else context.cloud.network
    fixed_ips = {"fixed_ips": port.fixed_ips} if port.fixed_ips else {}
    security: dict[str, Any] = {"port_security_enabled": False}
    if port.port_security_enabled:
        security = {"security_groups": [group.backend_id for group in port.security_groups.all()]}
    return gateway.create(
        "port",
        name=port.name,
        description=described(port),
        project_id=context.tenant.backend_id,
        network_id=port.network.backend_id if port.network else port.tenant.external_network_id,
        **fixed_ips,
        **security,
    )


def record_port(context: InstanceContext, found: JSON) -> None:
    save(context.port, backend_id=found["id"], state=CoreState.OK, **port_columns(found))


def delete_port(context: InstanceContext) -> None:
    port = context.port
    if port.backend_id:
        context.cloud.network.remove("port", port.backend_id)
        save(port, backend_id="", state=CoreState.CREATION_SCHEDULED)
