"""Pulls of tenants: of everything inside, or of one kind."""

from typing import Any

from django.utils import timezone

from waldur_core.operations.errors import NotFound, OperationError
from waldur_core.operations.workflow import Step
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import SyncRun, Tenant
from waldur_openstack.sync.block_storage import SNAPSHOT, VOLUME
from waldur_openstack.sync.catalogue import (
    FLAVORS,
    IMAGES,
    INSTANCE_ZONES,
    VOLUME_TYPES,
    VOLUME_ZONES,
    Offer,
    take_offer,
)
from waldur_openstack.sync.compute import INSTANCE, SERVER_GROUP
from waldur_openstack.sync.kinds import Kind, Look
from waldur_openstack.sync.network import FLOATING_IP, NETWORK, PORT, ROUTER, SUBNET
from waldur_openstack.sync.orphans import look_for_all
from waldur_openstack.sync.quotas import read_quotas, size_of, take_quotas
from waldur_openstack.sync.reconcile import reconcile
from waldur_openstack.sync.security import SECURITY_GROUP
from waldur_openstack.workflows.context import CloudContext, save
from waldur_openstack.workflows.pulling.base import READS, PullWorkflow, add_rows, read_all


class TenantContext(CloudContext):
    subject: Tenant


def find_project(context: TenantContext) -> JSON:
    found = context.admin.identity.find_project(context.tenant.backend_id)
    if found is None:
        raise NotFound(f"Tenant {context.tenant} does not exist in the cloud any more.")
    return found


def record_project(context: TenantContext, found: JSON) -> None:
    columns = {"name": found["name"][:150], "description": (found.get("description") or "")[:2000]}
    changed = {name: value for name, value in columns.items() if getattr(context.tenant, name) != value}
    if changed:
        save(context.tenant, **changed)


def read_everything(kind: Kind) -> Step:
    """As `read_all`; what was made outside becomes rows too, where the cloud's option allows it."""
    return Step(
        name=f"Read {kind.plural}",
        do=lambda c: look_for_all(kind, c.tenant, c.cloud),
        record=lambda c, seen: add_rows(c, reconcile(kind, c.tenant, seen, subject=c.subject)),
        keeps=READS,
    )


def read_sized(kind: Kind, counter: str) -> Step:
    """As `read_everything`; in addition it is kept how much all of them hold, known to us or not."""

    def record(context: CloudContext, seen: Look) -> None:
        add_rows(context, reconcile(kind, context.tenant, seen))
        context.data["sizes"] = {**context.data.get("sizes", {}), counter: size_of(seen.found)}

    return Step(
        name=f"Read {kind.plural}", do=lambda c: look_for_all(kind, c.tenant, c.cloud), record=record, keeps=READS
    )


def read_offer(name: str, *offers: Offer) -> Step:
    """The step that reads a part of the catalogue."""

    def record(context: CloudContext, found: list[list[JSON]]) -> None:
        for offer, items in zip(offers, found, strict=True):
            take_offer(offer, context.tenant, items)

    return Step(name=name, do=lambda c: [offer.listing(c.cloud) for offer in offers], record=record, keeps=READS)


READ_FLAVORS = read_offer("Read flavors", FLAVORS)
READ_IMAGES = read_offer("Read images", IMAGES)
READ_VOLUME_TYPES = read_offer("Read volume types", VOLUME_TYPES)
READ_ZONES = read_offer("Read availability zones", INSTANCE_ZONES, VOLUME_ZONES)
READ_QUOTAS = Step(
    name="Read quotas",
    do=lambda c: (timezone.now(), read_quotas(c.cloud, c.tenant.backend_id)),
    record=lambda c, found: take_quotas(c.tenant, found[1], c.data.get("sizes"), moment=found[0]),
    keeps=READS,
)


def keep_sizes(context: CloudContext, found: tuple[list[JSON], list[JSON]]) -> None:
    volumes, snapshots = found
    context.data["sizes"] = {"volumes_size": size_of(volumes), "snapshots_size": size_of(snapshots)}


class TenantPull(PullWorkflow):
    """A pull of a tenant is a look at a cloud like the periodic ones, and told beside them."""

    def succeed(self, context: Any) -> None:
        super().succeed(context)
        self.tell(context)

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        super().fail(context, error, trace)
        self.tell(context, error.message)

    def tell(self, context: Any, error: str = "") -> None:
        tenant, operation, rows = context.tenant, context.operation, context.data.get("rows", {})
        SyncRun.objects.create(
            service_settings=tenant.service_settings,
            tenant=tenant,
            user=operation.user,
            task=self.name.removeprefix("openstack.tenant.").replace("pull", "pull_tenant", 1),
            state=SyncRun.State.ERRED if error else SyncRun.State.DONE,
            started=operation.started or operation.created,
            ended=timezone.now(),
            error=error,
            **{f"rows_{name}": number for name, number in rows.items()},
        )


class PullTenant(TenantPull):
    """The project and everything inside. What we do not know gets rows: servers, volumes and snapshots too, unless the
    option `import_orphans` of the cloud is off."""

    name = "openstack.tenant.pull"
    title = "Pull of tenant"
    model = Tenant
    context = TenantContext
    steps = (
        Step(name="Find project", do=find_project, record=record_project, keeps=READS),
        READ_FLAVORS,
        READ_IMAGES,
        READ_VOLUME_TYPES,
        READ_ZONES,
        read_all(SECURITY_GROUP),
        read_all(SERVER_GROUP),
        read_all(NETWORK),
        read_all(SUBNET),
        read_all(ROUTER),
        read_everything(INSTANCE),
        read_sized(VOLUME, "volumes_size"),
        read_sized(SNAPSHOT, "snapshots_size"),
        read_all(PORT),
        read_all(FLOATING_IP),
        READ_QUOTAS,
    )


class PullQuotas(TenantPull):
    """Limits and usages."""

    name = "openstack.tenant.pull_quotas"
    title = "Pull of quotas of tenant"
    model = Tenant
    steps = (
        Step(
            name="Measure volumes and snapshots",
            do=lambda c: (c.cloud.block_storage.volumes(), c.cloud.block_storage.snapshots()),
            record=keep_sizes,
            keeps=READS,
        ),
        READ_QUOTAS,
    )


class PullSecurityGroups(TenantPull):
    """All groups with their rules."""

    name = "openstack.tenant.pull_security_groups"
    title = "Pull of security groups of tenant"
    model = Tenant
    steps = (read_all(SECURITY_GROUP),)


class PullServerGroups(TenantPull):
    name = "openstack.tenant.pull_server_groups"
    title = "Pull of server groups of tenant"
    model = Tenant
    steps = (read_all(SERVER_GROUP),)


class PullFloatingIPs(TenantPull):
    name = "openstack.tenant.pull_floating_ips"
    title = "Pull of floating IPs of tenant"
    model = Tenant
    steps = (read_all(FLOATING_IP),)


class PullFlavors(TenantPull):
    name = "openstack.tenant.pull_flavors"
    title = "Pull of flavors for tenant"
    model = Tenant
    steps = (READ_FLAVORS,)


class PullImages(TenantPull):
    name = "openstack.tenant.pull_images"
    title = "Pull of images for tenant"
    model = Tenant
    steps = (READ_IMAGES,)


class PullVolumeTypes(TenantPull):
    name = "openstack.tenant.pull_volume_types"
    title = "Pull of volume types for tenant"
    model = Tenant
    steps = (READ_VOLUME_TYPES,)
