"""Emptying a project before it is deleted. Each step lists what is there and deletes it, as often as it is asked."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from waldur_core.operations.errors import NotFound
from waldur_core.operations.workflow import Step
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.concurrency import for_each
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models.network import ROUTER_INTERFACES

KEPT = "deletion is not undone"


def delete_floating_ips(cloud: Cloud, project: str) -> None:
    found = cloud.network.list("floatingip", project_id=project)
    for_each(lambda address: cloud.network.remove("floatingip", address["id"]), found)


def clear_routes(cloud: Cloud, project: str) -> None:
    for router in cloud.network.list("router", project_id=project):
        if router.get("routes"):
            cloud.network.update("router", router["id"], routes=[])


def delete_ports(cloud: Cloud, project: str) -> None:
    """Router interfaces are taken off their router, all others deleted; gateways go with the router."""

    def delete(port: JSON) -> None:
        if port["device_owner"] in ROUTER_INTERFACES:
            cloud.network.remove_router_interface(port["device_id"], port["id"])
        elif not port["device_owner"].startswith("network:"):
            cloud.network.remove("port", port["id"])

    for_each(delete, cloud.network.list("port", project_id=project))


def delete_all(kind: str) -> Callable[[Cloud, str], None]:
    def delete(cloud: Cloud, project: str) -> None:
        found = cloud.network.list(kind, project_id=project)
        for_each(lambda item: cloud.network.remove(kind, item["id"]), found)

    return delete


def delete_security_groups(cloud: Cloud, project: str) -> None:
    """All but the default group, which Neutron removes with nobody left to use it."""
    found = cloud.network.list("security_group", project_id=project)
    own = [group["id"] for group in found if group["name"] != "default"]
    for_each(lambda group: cloud.network.remove("security_group", group), own)


def delete_default_security_group(cloud: Cloud, project: str) -> None:
    """Only the service account, from outside the project, may delete the default group."""
    for group in cloud.network.list("security_group", project_id=project):
        cloud.network.remove("security_group", group["id"])


def delete_snapshots(cloud: Cloud, project: str) -> None:
    found = [snapshot["id"] for snapshot in cloud.block_storage.snapshots() if snapshot["status"] != "deleting"]
    for_each(cloud.block_storage.delete_snapshot, found)


def delete_servers(cloud: Cloud, project: str) -> None:
    for_each(cloud.compute.delete_server, [server["id"] for server in cloud.compute.servers()])


def delete_volumes(cloud: Cloud, project: str) -> None:
    def delete(volume: JSON) -> None:
        with suppress(NotFound):
            cloud.block_storage.force_delete_volume(volume["id"])

    for_each(delete, cloud.block_storage.volumes())


def delete_server_groups(cloud: Cloud, project: str) -> None:
    for group in cloud.compute.server_groups():
        cloud.compute.delete_server_group(group["id"])


def delete_images(cloud: Cloud, project: str) -> None:
    """Those that nobody else can use; a published image is its provider's affair."""
    for image in cloud.image.images(owner=project):
        if image["visibility"] in ("private", "shared"):
            cloud.image.delete_image(image["id"])


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
    _step("Delete images", delete_images),
    _step("Delete networks", delete_all("network")),
    _step("Delete security groups", delete_security_groups),
    _step("Delete server groups", delete_server_groups),
    Step(name="Delete default security group", do=_as_admin(delete_default_security_group), keeps=KEPT),
)
