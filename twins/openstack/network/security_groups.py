"""Security groups: https://docs.openstack.org/api-ref/network/v2/#security-groups-security-groups."""

from __future__ import annotations

from ..errors import conflict
from ..state import Obj, new_id
from ..wire import Call
from . import security_group_rules as rules
from .resource import Resource, in_use


def show(call: Call, group: Obj) -> Obj:
    held = call.state.where("security_group_rules", "security_group_id", group["id"])
    return {
        **group,
        "security_group_rules": [{**rules.show(call, rule), "tenant_id": rule["project_id"]} for rule in held],
        "created_at": group["created_at"] + "Z",
        "updated_at": group["updated_at"] + "Z",
    }


def default_of(call: Call, project_id: str) -> Obj:
    """The group ``default`` of a project; Neutron makes it when the project is first used."""
    for group in call.state.where("security_groups", "project_id", project_id):
        if group["name"] == "default":
            return group
    group = {
        "id": new_id(),
        "project_id": project_id,
        "name": "default",
        "stateful": True,
        "shared": False,
        "description": "Default security group",
    }
    GROUPS.stamp_new(call, group)
    call.state.add("security_groups", group)
    add_egress(call, group)
    for ethertype in ("IPv4", "IPv6"):
        rules.make(call, group, "ingress", ethertype, remote_group_id=group["id"])
    return group


def add_egress(call: Call, group: Obj) -> None:
    for ethertype in ("IPv4", "IPv6"):
        rules.make(call, group, "egress", ethertype)


def ensure_default(call: Call) -> None:
    if call.project_id:
        default_of(call, call.project_id)


def prepare(call: Call, group: Obj) -> None:
    if group["name"] == "default":
        raise conflict("Default security group already exists.", "SecurityGroupDefaultAlreadyExists")
    group["shared"] = False


def update(call: Call, group: Obj, changes: Obj) -> None:
    if group["name"] == "default" and changes.get("name", "default") != "default":
        raise conflict("Updating default security group not allowed.", "SecurityGroupCannotUpdateDefault")


def delete(call: Call, group: Obj) -> None:
    if group["name"] == "default" and not call.is_admin:
        raise conflict("Insufficient rights for removing default security group.", "SecurityGroupCannotRemoveDefault")
    if is_used(call, group):
        raise in_use("SecurityGroupInUse", f"Security Group {group['id']} in use.")
    for reference in ("security_group_id", "remote_group_id"):
        for rule in list(call.state.where("security_group_rules", reference, group["id"])):
            call.state.drop("security_group_rules", rule)


def is_used(call: Call, group: Obj) -> bool:
    return any(
        group["id"] in port["security_groups"] for port in call.state.where("ports", "project_id", group["project_id"])
    )


GROUPS = Resource(
    path="security-groups",
    singular="security_group",
    kind="security_groups",
    type="SecurityGroup",
    missing="Security group {id} does not exist",
    fields={"name": "", "description": "", "stateful": True},
    extra_filters=("shared",),
    quota="security_group",
    first_revision=1,
    show=show,
    prepare=prepare,
    created=add_egress,
    update=update,
    delete=delete,
    before_list=ensure_default,
)
