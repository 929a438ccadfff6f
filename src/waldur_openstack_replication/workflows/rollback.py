"""Taking a migration back: what it made goes, what others have put beside it stays."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from waldur_core.operations.errors import NotFound, OperationError
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_core.rest.errors import Conflict
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.removal import Removal
from waldur_openstack.workflows.context import save
from waldur_openstack.workflows.identity.cleanup import delete_default_security_group
from waldur_openstack.workflows.identity.delete import FIND_QUIET_PROJECT
from waldur_openstack.workflows.identity.keys import remove_keys
from waldur_openstack.workflows.identity.project import (
    delete_found_user,
    delete_project,
    delete_quotas,
    grant_admin,
)
from waldur_openstack_replication.models import Migration, MigrationItem
from waldur_openstack_replication.workflows import routing
from waldur_openstack_replication.workflows.context import MODELS, Kind, MigrationContext, State
from waldur_openstack_replication.workflows.making import adopt, settle_each

KEPT = "a rollback is not undone"
MARKED = (Kind.NETWORK, Kind.ROUTER, Kind.SECURITY_GROUP, Kind.SUBNET, Kind.PORT)


def find_lost(context: MigrationContext) -> None:
    """What was made without our knowing, because the answer was lost."""
    adopt(*MARKED)(context)
    routing.adopt_interfaces(context, unfinished=True)


def removal(kind: str, remove: Callable[[Cloud, MigrationItem, str], object]) -> Callable[[MigrationContext], None]:
    """A step's `do`: remove the items of a kind that the migration made. `remove` gets the cloud, an item, its id."""

    def do(context: MigrationContext) -> None:
        cloud, routers = context.cloud, dict(context.backend_ids)
        todo = []
        for item in context.items(kind, states=MigrationItem.MADE):
            if not item.is_cloud_made:
                todo.append(([item], (item, routers.get(item.wanted.get("router", ""), ""))))
        settle_each(
            context,
            lambda job: remove(cloud, *job),
            todo,
            lambda items, _: mark_removed(context, items),
        )
        refused = context.items(kind, states=[State.FAILED])
        for item in refused:
            if item.backend_id:
                item.state = State.KEPT
        context.settle(refused)

    return do


def mark_removed(context: MigrationContext, items: list[MigrationItem]) -> None:
    for item in items:
        item.state, item.reason = State.REMOVED, ""
    context.settle(items)


def disconnect(cloud: Cloud, item: MigrationItem, router: str) -> None:
    """The port goes with it; one that never came to its router goes alone."""
    try:
        cloud.network.remove_router_interface(router, item.backend_id)
    except NotFound:
        cloud.network.remove("port", item.backend_id)


def remove(word: str) -> Callable[[Cloud, MigrationItem, str], object]:
    return lambda cloud, item, _: cloud.network.remove(word, item.backend_id)


def clear_routes(context: MigrationContext) -> None:
    """Routes hold interfaces; those of others go with the interface they need."""
    ours = {item.backend_id for item in context.items(Kind.ROUTER, states=MigrationItem.MADE)}
    for router in context.cloud.network.list("router", project_id=context.project_id) if ours else ():
        if router["id"] in ours and router.get("routes"):
            context.cloud.network.update("router", router["id"], routes=[])
    routes = context.items(Kind.ROUTE, states=MigrationItem.MADE)
    mark_removed(context, routes)


def look_for_others(context: MigrationContext) -> None:
    """Names of what is in the project now: if there is anything, the project stays."""
    cloud, project = context.cloud, context.project_id
    found = [f"server {server['name']}" for server in cloud.compute.servers()]
    found += [f"volume {volume['name'] or volume['id']}" for volume in cloud.block_storage.volumes()]
    found += [f"snapshot {snapshot['name'] or snapshot['id']}" for snapshot in cloud.block_storage.snapshots()]
    for word in ("network", "router", "port", "floatingip", "security_group"):
        for item in cloud.network.list(word, project_id=project):
            goes_along = item.get("name") == "default" or item.get("device_owner", "").startswith("network:")
            if not goes_along:
                found.append(f"{word.replace('_', ' ')} {item.get('name') or item['id']}")
    context.data["others"] = found[:20]


def alone(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Only when nothing of others is in the project."""
    return lambda context: None if context.data.get("others") else function(context)


def there(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Only when there is a project at all."""
    return lambda context: function(context) if context.tenant.backend_id else None


def step(name: str, function: Callable[[Any], Any]) -> Step:
    return Step(name=name, do=there(function), keeps=KEPT)


class RollBack(UpdateWorkflow):
    """First what the migration made, then the project, unless others use it."""

    name = "openstack.migration.rollback"
    title = "Rollback of migration"
    model = Migration
    context = MigrationContext
    event = "openstack_migration_rollback"
    deadline = timedelta(hours=24)
    steps = (
        *FIND_QUIET_PROJECT,
        step("Give the service account access", grant_admin),
        step("Find what was made", find_lost),
        step("Clear routes", clear_routes),
        step("Disconnect subnets from routers", removal(Kind.INTERFACE, disconnect)),
        step("Delete ports", removal(Kind.PORT, remove("port"))),
        step("Delete routers", removal(Kind.ROUTER, remove("router"))),
        step("Delete subnets", removal(Kind.SUBNET, remove("subnet"))),
        step("Delete networks", removal(Kind.NETWORK, remove("network"))),
        step("Delete security groups", removal(Kind.SECURITY_GROUP, remove("security_group"))),
        step("Look for what others have made", look_for_others),
        step("Delete default security group", alone(lambda c: delete_default_security_group(c.admin, c.project_id))),
        step("Remove SSH keys", alone(remove_keys)),
        step(
            "Delete quotas",
            alone(lambda c: [delete_quotas(service)(c) for service in ("compute", "block_storage", "network")]),
        ),
        Step(
            name="Delete tenant user",
            do=there(alone(delete_found_user)),
            record=lambda c, _: None if c.data.get("others") else save(c.tenant, user_id=""),
            keeps=KEPT,
        ),
        step("Delete project", alone(delete_project)),
    )

    def resume(self, operation: Operation, subject: Migration) -> None:
        if subject.tenant is None:
            raise Conflict("The tenant of this migration does not exist any more.")
        hold(subject)

    def succeed(self, context: Any) -> None:
        """The migration is over; it is ERRED, so that nobody takes it for a tenant that works."""
        migration, tenant, others = context.subject, context.tenant, context.data.get("others")
        migration.items.filter(kind=Kind.SECURITY_GROUP_RULE, state__in=MigrationItem.MADE).update(state=State.REMOVED)
        gone = list(migration.items.filter(state=State.REMOVED).values_list("uuid", flat=True))
        tenant.refresh_from_db(fields=["state"])
        message = "The migration was rolled back."
        if others:
            for model in MODELS.values():
                Removal(model.objects.filter(tenant=tenant, uuid__in=gone)).carry_out()
            tenant.enter(CoreState.OK)
            message = f"Rolled back, but the tenant stays, for others use it: {', '.join(others)}."
        else:
            Removal([tenant]).carry_out()
        migration.refresh_from_db(fields=["state"])
        migration.enter(CoreState.ERRED, error_message=message, rolled_back=timezone.now())

    def fail(self, context: Any, error: OperationError, trace: str) -> None:
        super().fail(context, error, trace)
        tenant = context.subject.tenant
        if tenant is not None:
            tenant.enter(CoreState.ERRED, error_message=error.message, error_traceback=trace)


def hold(migration: Migration) -> None:
    """Nobody begins anything in the tenant while it is taken back."""
    tenant: Any = migration.tenant
    tenant.enter(CoreState.DELETION_SCHEDULED)
    tenant.enter(CoreState.DELETING)
