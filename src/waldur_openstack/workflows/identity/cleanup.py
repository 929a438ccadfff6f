"""Emptying a project before it is deleted. Each step lists what is there and deletes it, as often as it is asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from waldur_core.operations.errors import NotFound
from waldur_core.operations.workflow import Step
from waldur_openstack.cloud import Cloud

ROUTER_INTERFACES = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)
KEPT = "deletion is not undone"


def delete_floating_ips(cloud: Cloud, project: str) -> None:
    for address in cloud.network.list("floatingip", project_id=project):
        cloud.network.remove("floatingip", address["id"])


def clear_routes(cloud: Cloud, project: str) -> None:
    for router in cloud.network.list("router", project_id=project):
        if router.get("routes"):
            cloud.network.update("router", router["id"], routes=[])


def delete_ports(cloud: Cloud, project: str) -> None:
    """Router interfaces are taken off their router, all others deleted; gateways go with the router."""
    for port in cloud.network.list("port", project_id=project):
        if port["device_owner"] in ROUTER_INTERFACES:
            cloud.network.remove_router_interface(port["device_id"], port["id"])
        elif not port["device_owner"].startswith("network:"):
            cloud.network.remove("port", port["id"])


def delete_all(kind: str) -> Callable[[Cloud, str], None]:
    def delete(cloud: Cloud, project: str) -> None:
        for item in cloud.network.list(kind, project_id=project):
            cloud.network.remove(kind, item["id"])

    return delete


def delete_security_groups(cloud: Cloud, project: str) -> None:
    """All but the default group, which Neutron removes with nobody left to use it."""
    for group in cloud.network.list("security_group", project_id=project):
        if group["name"] != "default":
            cloud.network.remove("security_group", group["id"])


def delete_default_security_group(cloud: Cloud, project: str) -> None:
    """Only the service account, from outside the project, may delete the default group."""
    for group in cloud.network.list("security_group", project_id=project):
        cloud.network.remove("security_group", group["id"])


def delete_inbound_policies(cloud: Cloud, project: str) -> None:
    """Networks of others are not shared with the project any more."""
    for policy in cloud.network.list("rbac_policy", target_tenant=project):
        cloud.network.remove("rbac_policy", policy["id"])


def delete_snapshots(cloud: Cloud, project: str) -> None:
    for snapshot in cloud.block_storage.snapshots():
        if snapshot["status"] != "deleting":
            cloud.block_storage.delete_snapshot(snapshot["id"])


def delete_servers(cloud: Cloud, project: str) -> None:
    for server in cloud.compute.servers():
        cloud.compute.delete_server(server["id"])


def delete_volumes(cloud: Cloud, project: str) -> None:
    for volume in cloud.block_storage.volumes():
        try:
            cloud.block_storage.force_delete_volume(volume["id"])
        except NotFound:
            continue


def delete_server_groups(cloud: Cloud, project: str) -> None:
    for group in cloud.compute.server_groups():
        cloud.compute.delete_server_group(group["id"])


def _in_project(function: Callable[[Cloud, str], Any]) -> Callable[[Any], Any]:
    """Skip everything when there is no project."""

    def call(context: Any) -> Any:
        return function(context.cloud, context.tenant.backend_id) if context.tenant.backend_id else None

    return call


def _as_admin(function: Callable[[Cloud, str], Any]) -> Callable[[Any], Any]:
    def call(context: Any) -> Any:
        return function(context.admin, context.tenant.backend_id) if context.tenant.backend_id else None

    return call


def _gone(listing: Callable[[Cloud], list[Any]]) -> Callable[[Any], bool]:
    def condition(context: Any) -> bool:
        return not context.tenant.backend_id or not listing(context.cloud)

    return condition


def _step(
    name: str, function: Callable[[Cloud, str], Any], listing: Callable[[Cloud], list[Any]] | None = None
) -> Step:
    return Step(
        name=name,
        do=_in_project(function),
        keeps=KEPT,
        until=_gone(listing) if listing else None,
        deadline=timedelta(hours=1),
    )


STEPS = (
    _step("Release floating IPs", delete_floating_ips),
    _step("Clear routes", clear_routes),
    _step("Delete ports", delete_ports),
    _step("Delete routers", delete_all("router")),
    _step("Delete snapshots", delete_snapshots, lambda cloud: cloud.block_storage.snapshots()),
    _step("Delete servers", delete_servers, lambda cloud: cloud.compute.servers()),
    _step("Delete volumes", delete_volumes, lambda cloud: cloud.block_storage.volumes()),
    Step(name="Stop sharing", do=_as_admin(delete_inbound_policies), keeps=KEPT),
    _step("Delete networks", delete_all("network")),
    _step("Delete security groups", delete_security_groups),
    _step("Delete server groups", delete_server_groups),
    Step(name="Delete default security group", do=_as_admin(delete_default_security_group), keeps=KEPT),
)
