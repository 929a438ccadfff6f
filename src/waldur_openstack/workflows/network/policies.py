"""Network RBAC policies: share a network with another tenant, stop sharing it."""

from typing import Any

from waldur_core.events.log import record
from waldur_core.operations.errors import CloudConflict, Invalid
from waldur_core.operations.workflow import CreateWorkflow, DeleteWorkflow, Step
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import NetworkRBACPolicy
from waldur_openstack.workflows.context import CloudContext, save


class PolicyContext(CloudContext):
    subject: NetworkRBACPolicy

    @property
    def key(self) -> JSON:
        """What a policy is known by: Neutron has at most one like it, and no room for a mark of ours."""
        policy = self.subject
        return {
            "object_type": "network",
            "object_id": policy.network.backend_id,
            "action": policy.policy_type,
            "target_tenant": policy.target_tenant.backend_id,
        }

    def tell(self, event: str) -> None:
        text = f"Sharing of network {self.subject.network} with {self.subject.target_tenant}: {event}."
        record(f"openstack_rbac_policy_{event}", text, scope=self.subject, actor=self.operation.user)


def find_policy(context: PolicyContext) -> JSON | None:
    return context.cloud.network.first("rbac_policy", **context.key)


def remember_foreign(context: PolicyContext, found: JSON | None) -> None:
    context.data["foreign"] = found["id"] if found else ""


def create_policy(context: PolicyContext) -> JSON:
    """The policy; one that somebody has made in the cloud before us serves as well."""
    if context.data["foreign"] and (found := find_policy(context)):
        return found
    return context.cloud.network.create("rbac_policy", **context.key)


def undo_policy(context: PolicyContext) -> None:
    """Remove it, unless it was there before."""
    policy = context.subject
    if policy.backend_id and policy.backend_id != context.data.get("foreign"):
        context.cloud.network.remove("rbac_policy", policy.backend_id)
    save(policy, backend_id="")


def delete_policy(context: PolicyContext) -> None:
    policy = context.subject
    backend_id = policy.backend_id or (find_policy(context) or {}).get("id")
    if not backend_id:
        return
    try:
        context.cloud.network.remove("rbac_policy", backend_id)
    except CloudConflict as error:
        text = f"Tenant {policy.target_tenant} still uses the network: its ports there have to go first, then retry."
        raise Invalid(f"{text} {error.message}") from error


class CreateNetworkRBACPolicy(CreateWorkflow):
    """Lets the target tenant use the network."""

    name = "openstack.network_rbac_policy.create"
    title = "Creation of network RBAC policy"
    model = NetworkRBACPolicy
    context = PolicyContext
    steps = (
        Step(name="Look for policy", do=find_policy, record=remember_foreign, keeps="only reads"),
        Step(
            name="Create policy",
            do=create_policy,
            marker=find_policy,
            record=lambda c, found: save(c.subject, backend_id=found["id"]),
            undo=undo_policy,
        ),
    )

    def succeed(self, context: Any) -> None:
        context.tell("created")
        super().succeed(context)


class DeleteNetworkRBACPolicy(DeleteWorkflow):
    """Stops sharing; the cloud refuses while the target tenant has ports on the network."""

    name = "openstack.network_rbac_policy.delete"
    title = "Deletion of network RBAC policy"
    model = NetworkRBACPolicy
    context = PolicyContext
    steps = (Step(name="Delete policy", do=delete_policy, keeps="deletion is not undone"),)

    def succeed(self, context: Any) -> None:
        context.tell("deleted")
        super().succeed(context)
