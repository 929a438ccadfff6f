"""RBAC policies: https://docs.openstack.org/api-ref/network/v2/#rbac-policies."""

from __future__ import annotations

from ..errors import bad_request, conflict, forbidden, not_found
from ..state import Obj
from ..wire import Call
from .resource import REQUIRED, Resource

KINDS = {"network": "networks", "security_group": "security_groups"}
ACTIONS = {"network": ("access_as_shared", "access_as_external"), "security_group": ("access_as_shared",)}
STAR_RULE = (
    "((((rule:create_rbac_policy and rule:create_rbac_policy:object_type) and rule:create_rbac_policy:object_id) "
    "and rule:create_rbac_policy:target_tenant) and rule:create_rbac_policy:action)"
)
UNIQUE = ("object_type", "object_id", "action", "target_tenant")


def prepare(call: Call, policy: Obj) -> None:
    kind = KINDS.get(policy["object_type"])
    if kind is None:
        raise bad_request(
            f"Invalid input for operation: '{policy['object_type']}' is not a valid RBAC object type.",
            "InvalidInput",
        )
    if policy["target_tenant"] == "*" and not call.is_admin:
        raise forbidden(f"{STAR_RULE} is disallowed by policy")
    if policy["action"] not in ACTIONS[policy["object_type"]]:
        raise bad_request(
            f"Invalid action '{policy['action']}' for object type '{policy['object_type']}'. Valid actions: "
            f"{', '.join(ACTIONS[policy['object_type']])}",
            "InvalidInput",
        )
    target = call.state.get(kind, policy["object_id"])
    if target is None or (target["project_id"] != call.project_id and not call.is_admin):
        raise not_found(
            f"{policy['object_type']} {policy['object_id']} could not be found.", "RbacPolicyObjectNotFound"
        )
    for other in call.state.where("rbac_policies", "object_id", policy["object_id"]):
        if all(other[name] == policy[name] for name in UNIQUE):
            raise conflict("An RBAC policy already exists with those values.", "DuplicateRbacPolicy")


def users_of(call: Call, policy: Obj) -> set[str]:
    """The projects with ports on the shared network, apart from its owner."""
    network = call.state.get("networks", policy["object_id"]) or {}
    ports = call.state.where("ports", "network_id", policy["object_id"])
    return {port["project_id"] for port in ports if port["project_id"]} - {network.get("project_id")}


def delete(call: Call, policy: Obj) -> None:
    """A share that another project still uses stays."""
    if policy["object_type"] != "network" or policy["action"] != "access_as_shared":
        return
    users = users_of(call, policy)
    if policy["target_tenant"] in users or (policy["target_tenant"] == "*" and users):
        raise conflict(
            f"RBAC policy on object {policy['object_id']} cannot be removed because other objects depend on "
            "it.\n"
            "Details: Unable to reconfigure sharing settings for network "
            f"{policy['object_id']}. Multiple projects are using it.",
            "RbacPolicyInUse",
        )


def update(call: Call, policy: Obj, changes: Obj) -> None:
    delete(call, policy)


POLICIES = Resource(
    path="rbac-policies",
    singular="rbac_policy",
    kind="rbac_policies",
    type="RbacPolicy",
    missing="RBAC policy of type unknown with ID {id} not found",
    fields={"object_type": REQUIRED, "object_id": REQUIRED, "action": REQUIRED, "target_tenant": REQUIRED},
    fixed=("object_type", "object_id", "action"),
    quota="rbac_policy",
    standard=False,
    shared_by=lambda call, policy: policy["target_tenant"] == call.project_id,
    prepare=prepare,
    update=update,
    delete=delete,
)
