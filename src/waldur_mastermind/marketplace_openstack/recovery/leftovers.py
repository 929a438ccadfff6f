"""Projects of tenants that are terminated here and still exist in the cloud.

A project is left over only when we know that it was a tenant's of ours: it carries our mark and its tenant is gone, or
a terminated resource of an offering of this cloud has its id. Whatever else a cloud has is not ours to touch.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from waldur_core.operations.errors import TimedOut
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Resource
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import MARK, is_uuid
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.identity import cleanup

LONGEST = timedelta(minutes=10)  # for one step of emptying a project


@dataclass(frozen=True)
class Leftover:
    """A project, by whom it was, and why it is thought to be left over."""

    id: str
    name: str
    mark: str  # uuid of its tenant, when it says so
    reason: str


def leftovers(service: ServiceSettings) -> list[Leftover]:
    """Two calls, however many there are. Raises OperationError."""
    admin = Cloud.of(service)
    own = service.secret_options.get("tenant_name") or "admin"
    domain = admin.identity.domain_id(admin.credentials.domain)
    projects = [item for item in admin.identity.projects(domain_id=domain) if item["name"] != own]
    marks = {project["id"]: mark_of(project) for project in projects}
    known = set(Tenant.objects.filter(backend_id__in=marks).values_list("backend_id", flat=True))
    uuids = Tenant.objects.filter(uuid__in=[UUID(mark) for mark in marks.values() if mark])
    alive = {uuid.hex for uuid in uuids.values_list("uuid", flat=True)}
    resources = Resource.objects.filter(backend_id__in=marks, offering__scope_uuid=service.uuid)
    ended = set(resources.filter(state=Resource.State.TERMINATED).values_list("backend_id", flat=True))
    ended -= set(resources.exclude(state=Resource.State.TERMINATED).values_list("backend_id", flat=True))
    found = []
    for project in projects:
        key, mark = project["id"], marks[project["id"]]
        if key in known or mark in alive:
            continue
        if key in ended or mark:
            reason = "its resource is terminated" if key in ended else "it carries our mark, and its tenant is gone"
            found.append(Leftover(key, project["name"], mark, reason))
    return found


def mark_of(project: JSON) -> str:
    tags = [tag.removeprefix(MARK) for tag in project.get("tags", ()) if tag.startswith(MARK)]
    return next((tag for tag in tags if is_uuid(tag)), "")


def drop(service: ServiceSettings, item: Leftover) -> None:
    """Empty the project, then remove it with its user and quotas. Raises OperationError; may be called again."""
    admin = Cloud.of(service)
    admin.identity.grant_role(item.id, admin.identity.own_user_id(), admin.identity.roles()["admin"])
    inside = admin.in_project(item.id)
    for empty in EMPTYING:
        empty(inside, item.id)
    cleanup.delete_inbound_policies(admin, item.id)
    cleanup.delete_default_security_group(admin, item.id)
    for gateway in (admin.compute, admin.block_storage, admin.network):
        gateway.delete_quotas(item.id)
    for user in admin.identity.users() if item.mark else ():
        if user.get("description") == f"{MARK}{item.mark}":
            for pair in admin.compute.keypairs_of(user["id"]):
                admin.compute.delete_keypair_of(user["id"], pair["name"])
            admin.identity.delete_user(user["id"])
    admin.identity.delete_project(item.id)


Emptying = Callable[[Cloud, str], None]


def until_gone(delete: Emptying, listing: Callable[[Cloud], list[JSON]]) -> Emptying:
    """Delete, and wait until nothing is left."""

    def call(cloud: Cloud, project: str) -> None:
        end = time.monotonic() + LONGEST.total_seconds()
        delete(cloud, project)
        while left := listing(cloud):
            if time.monotonic() > end:
                raise TimedOut(f"{len(left)} objects are still there after {LONGEST}.")
            time.sleep(0.5)

    return call


EMPTYING: tuple[Emptying, ...] = (
    cleanup.delete_floating_ips,
    cleanup.clear_routes,
    cleanup.delete_ports,
    cleanup.delete_all("router"),
    until_gone(cleanup.delete_snapshots, lambda cloud: cloud.block_storage.snapshots()),
    until_gone(cleanup.delete_servers, lambda cloud: cloud.compute.servers()),
    until_gone(cleanup.delete_volumes, lambda cloud: cloud.block_storage.volumes()),
    cleanup.delete_images,
    cleanup.delete_all("network"),
    cleanup.delete_security_groups,
    cleanup.delete_server_groups,
)
