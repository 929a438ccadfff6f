"""Telling a cloud the new limits of a tenant."""

from typing import Any

from waldur_core.operations.workflow import Step, UpdateWorkflow
from waldur_core.quotas import counters
from waldur_openstack import quotas
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.context import CloudContext

KEPT = "the next change sets them again"


def push(service: str) -> Any:
    def do(context: CloudContext) -> None:
        limits = quotas.as_backend_limits(context.parameters["quotas"], service)
        if limits:
            getattr(context.admin, service).set_quotas(context.tenant.backend_id, limits)

    return do


class PushQuotas(UpdateWorkflow):
    """New limits: the cloud first, then ours, so that we never promise more than the cloud gives."""

    name = "openstack.tenant.push_quotas"
    title = "Change of quotas of tenant"
    model = Tenant
    context = CloudContext
    steps = (
        Step(name="Set compute quotas", do=push("compute"), keeps=KEPT),
        Step(name="Set storage quotas", do=push("block_storage"), keeps=KEPT),
        Step(name="Set network quotas", do=push("network"), keeps=KEPT),
    )

    def succeed(self, context: Any) -> None:
        counters.set_limits(context.subject, context.parameters["quotas"])
        super().succeed(context)
