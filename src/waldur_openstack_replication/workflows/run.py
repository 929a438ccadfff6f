"""Carrying out the plan of a migration. What is made stays when it fails: a retry goes on from there."""

from datetime import timedelta
from typing import Any

from waldur_core.operations.errors import Invalid, OperationError
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import Step, Throttle, Workflow
from waldur_core.quotas import counters
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack import quotas
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.sync.external_networks import pull_external_networks
from waldur_openstack.workflows.context import save, set_backend_id
from waldur_openstack.workflows.identity.project import (
    create_project,
    create_user,
    find_project,
    find_user,
    grant_admin,
    grant_member,
    record_user,
    set_quotas,
)
from waldur_openstack.workflows.network.gateways import follow_gateway
from waldur_openstack.workflows.pulling.tenants import (
    READ_FLAVORS,
    READ_IMAGES,
    READ_QUOTAS,
    READ_VOLUME_TYPES,
    READ_ZONES,
)
from waldur_openstack_replication.models import Migration
from waldur_openstack_replication.orders import open_order
from waldur_openstack_replication.source import listed, read_cloud
from waldur_openstack_replication.verification import verify
from waldur_openstack_replication.workflows import firewalls, routing
from waldur_openstack_replication.workflows.context import Kind, MigrationContext, State
from waldur_openstack_replication.workflows.making import adopt, make

KEPT = "a retry goes on from here; a rollback removes it"
MOST_AT_ONCE = 2  # migrations into one cloud; each makes several calls at a time


def compare_with_plan(context: MigrationContext) -> None:
    """What is planned is made, nothing else: a source that has changed needs a new plan. Begun is begun."""
    migration = context.subject
    if migration.tenant is None:
        raise Invalid("The tenant that was to be made does not exist any more.")
    if migration.plan["source_read_from"] != "cloud" or migration.tenant.backend_id:
        return
    source: Any = migration.src_resource.scope
    try:
        fingerprint = read_cloud(source).fingerprint() if source else ""
    except OperationError:
        return  # it does not answer: the plan stands
    if fingerprint != migration.fingerprint:
        raise Invalid("The source has changed since the migration was planned. Ask for a new plan.")


def begin(context: MigrationContext, _: Any) -> None:
    if context.tenant.state == CoreState.CREATION_SCHEDULED:
        context.tenant.enter(CoreState.CREATING)


def set_storage_quotas(context: MigrationContext) -> None:
    """Those per volume type too."""
    known = dict(counters.quotas_of(context.tenant).values_list("name", "limit"))
    by_type = {name: limit for name, limit in known.items() if name.startswith(quotas.TYPE_PREFIX)}
    limits = {**quotas.backend_limits(context.tenant, "block_storage"), **by_type}
    context.admin.block_storage.set_quotas(context.tenant.backend_id, limits)


def note_networks(context: MigrationContext, _: Any) -> None:
    """By which networks the tenant's servers live and go out."""
    source: Any = context.subject.src_resource.scope
    internal = context.backend_ids.get(source.internal_network_id, "") if source else ""
    if internal:
        save(context.tenant, internal_network_id=internal)
    follow_gateway(context.tenant)


def keep_verification(context: MigrationContext, result: JSON) -> None:
    save(context.subject, verification=result)


def account(context: MigrationContext) -> None:
    """What could not be made is told; the rest stays and works."""
    failed = context.items(*Kind.values, states=[State.FAILED])
    if not failed:
        return
    total = context.subject.items.exclude(state=State.SKIPPED).count()
    named = "; ".join(f"{item}: {item.reason}" for item in failed[:3])
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    raise Invalid(f"{len(failed)} of {total} objects could not be made: {named}{more}. Mend that, then retry.")


class Run(Workflow):
    """The tenant with its quotas, then the network, kind by kind; then both sides are compared."""

    name = "openstack.migration.run"
    title = "Migration of tenant"
    model = Migration
    context = MigrationContext
    scheduled = CoreState.CREATION_SCHEDULED
    running = CoreState.CREATING
    event = "openstack_migration"
    deadline = timedelta(hours=24)
    throttle = Throttle(
        per="service_settings", limit=lambda cloud: int(cloud.options.get("max_concurrent_migrations") or MOST_AT_ONCE)
    )
    steps = (
        Step(name="Compare the source with the plan", do=compare_with_plan, record=begin, keeps="only reads"),
        Step(
            name="Create project",
            do=create_project,
            marker=find_project,
            record=set_backend_id(lambda c: c.tenant),
            keeps=KEPT,
        ),
        Step(name="Give the service account access", do=grant_admin, keeps=KEPT),
        Step(name="Create tenant user", do=create_user, marker=find_user, record=record_user, keeps=KEPT),
        Step(name="Give the tenant user access", do=grant_member, keeps=KEPT),
        Step(name="Set compute quotas", do=set_quotas("compute"), keeps=KEPT, needs="cores, ram"),
        Step(name="Set storage quotas", do=set_storage_quotas, keeps=KEPT, needs="storage"),
        Step(name="Set network quotas", do=set_quotas("network"), keeps=KEPT),
        Step(name="Look at the default security group", do=firewalls.look_at_groups, keeps="only reads"),
        Step(
            name="Create networks, routers and security groups",
            do=make(Kind.NETWORK, Kind.ROUTER, Kind.SECURITY_GROUP),
            marker=adopt(Kind.NETWORK, Kind.ROUTER, Kind.SECURITY_GROUP),
            keeps=KEPT,
        ),
        Step(name="Remove automatic rules", do=firewalls.look_at_groups, keeps=KEPT),
        Step(
            name="Create subnets and security group rules",
            do=make(Kind.SUBNET, Kind.SECURITY_GROUP_RULE),
            marker=firewalls.adopt_subnets_and_rules,
            record=firewalls.keep_rules,
            keeps=KEPT,
        ),
        Step(
            name="Connect subnets to routers",
            do=routing.connect,
            marker=routing.adopt_interfaces,
            record=routing.keep_interfaces,
            keeps=KEPT,
        ),
        Step(name="Create ports", do=make(Kind.PORT), marker=adopt(Kind.PORT), keeps=KEPT),
        Step(name="Set static routes", do=routing.set_routes, record=note_networks, keeps=KEPT),
        READ_FLAVORS,
        READ_IMAGES,
        READ_VOLUME_TYPES,
        READ_ZONES,
        Step(
            name="Read external networks",
            do=lambda c: pull_external_networks(c.tenant.service_settings, c.admin),
            keeps="only reads",
        ),
        READ_QUOTAS,
        Step(
            name="Compare with the source",
            do=lambda c: verify(c.subject, listed(c.cloud, c.project_id)),
            record=keep_verification,
            keeps="only reads",
        ),
        Step(name="Account for what failed", do=account, keeps="only reads"),
    )

    def resume(self, operation: Operation, subject: Migration) -> None:
        """Go through all steps again: each makes only what is still missing."""
        tenant = subject.tenant
        if tenant is None:
            raise Conflict("The tenant of this migration does not exist any more: make a new migration.")
        if tenant.state == CoreState.ERRED:
            tenant.enter(CoreState.CREATION_SCHEDULED)
        elif tenant.state != CoreState.OK:
            raise Conflict(f"The tenant is {tenant.state}; wait until that has ended.")
        subject.items.filter(state=State.FAILED).update(state=State.PLANNED, reason="")
        operation.cursor = 0

    def succeed(self, context: Any) -> None:
        super().succeed(context)
        open_order(context.subject)
        context.tenant.refresh_from_db(fields=["state"])
        context.tenant.enter(CoreState.OK)

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        super().fail(context, error, trace)
        tenant = context.subject.tenant
        if tenant is not None:
            open_order(context.subject)
            tenant.enter(CoreState.ERRED, error_message=error.message, error_traceback=trace)
