"""Telling a cloud the new limits of a tenant."""

from typing import Any

from waldur_core.events.log import record
from waldur_core.operations.workflow import Function, Step, UpdateWorkflow
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.context import CloudContext


def tell(context: CloudContext, service: str, limits: dict[str, int]) -> None:
    known = quotas.of_known_types(context.tenant, limits)
    if told := quotas.as_backend_limits(known, service):
        getattr(context.admin, service).set_quotas(context.tenant.backend_id, told)


def push(service: str) -> Function:
    return lambda context: tell(context, service, context.parameters["quotas"])


def restore(service: str) -> Function:
    """The limits as they were, and as they still are here."""

    def undo(context: CloudContext) -> None:
        asked = context.parameters["quotas"]
        kept = counters.quotas_of(context.tenant).filter(name__in=asked).values_list("name", "limit")
        tell(context, service, dict(kept))

    return undo


class PushQuotas(UpdateWorkflow):
    """New limits: the cloud first, then ours, so that we never promise more than the cloud gives. When one service
    refuses, those that have taken them get the old ones back. Parameters: quotas, {name: limit}."""

    name = "openstack.tenant.push_quotas"
    title = "Change of quotas of tenant"
    model = Tenant
    context = CloudContext
    undo_on_failure = True
    steps = (
        Step(name="Set compute quotas", do=push("compute"), undo=restore("compute")),
        Step(name="Set storage quotas", do=push("block_storage"), undo=restore("block_storage")),
        Step(name="Set network quotas", do=push("network"), undo=restore("network")),
    )

    def succeed(self, context: Any) -> None:
        tenant, wanted = context.subject, context.parameters["quotas"]
        before = dict(counters.quotas_of(tenant).values_list("name", "limit"))
        if made := counters.set_limits(tenant, wanted):
            counted = quotas.of_rows(tenant)
            counters.set_usages(tenant, {name: counted.get(name, 0) for name in made})
        changed = {name: limit for name, limit in sorted(wanted.items()) if before.get(name) != limit}
        if changed:
            text = ", ".join(f"{name} {limit}" for name, limit in changed.items())
            record(
                "openstack_tenant_quota_limit_updated",
                f"Tenant {tenant} has new limits: {text}.",
                scope=tenant,
                actor=context.operation.user,
                limits=changed,
            )
        super().succeed(context)
