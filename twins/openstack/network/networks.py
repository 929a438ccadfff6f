"""Networks: https://docs.openstack.org/api-ref/network/v2/#networks."""

from __future__ import annotations

from ..seed import external_policy
from ..state import Obj
from ..wire import Call
from .resource import Resource, in_use, invalid

ADMIN_ONLY = ("provider:network_type", "provider:physical_network", "provider:segmentation_id")
MTU_FLAT, MTU_VXLAN = 1500, 1450
RELEASED_WITH_NETWORK = ("network:dhcp", "network:distributed")


def is_shared(call: Call, network: Obj) -> bool:
    """Whether others than the owner may use it: the flag, or a policy for this project or for all."""
    return bool(network["shared"]) or any(
        policy["action"] == "access_as_shared" and policy["target_tenant"] in ("*", call.project_id)
        for policy in call.state.where("rbac_policies", "object_id", network["id"])
    )


def is_visible(call: Call, network: Obj) -> bool:
    """External networks too are seen by policy."""
    if network["shared"]:
        return True
    return any(
        policy["target_tenant"] in ("*", call.project_id)
        for policy in call.state.where("rbac_policies", "object_id", network["id"])
    )


def created(call: Call, network: Obj) -> None:
    if network["router:external"]:
        call.state.add("rbac_policies", external_policy(network))


def show(call: Call, network: Obj) -> Obj:
    subnets = call.state.where("subnets", "network_id", network["id"])
    shown = {
        **network,
        "shared": is_shared(call, network),
        "subnets": [subnet["id"] for subnet in subnets],
        "availability_zones": [],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "created_at": network["created_at"] + "Z",
        "updated_at": network["updated_at"] + "Z",
    }
    if not call.is_admin:
        for name in ADMIN_ONLY:
            shown.pop(name)
    if not network["router:external"] and call.method != "POST":
        shown.pop("is_default")
    return shown


def prepare(call: Call, network: Obj) -> None:
    network["status"] = "ACTIVE"
    check_mtu(network, network["mtu"])
    network["mtu"] = network["mtu"] or largest_mtu(network)
    if network["provider:network_type"] is None:
        network["provider:network_type"] = "vxlan"
        network["provider:segmentation_id"] = 1 + call.state.next_number() % 65535


def update(call: Call, network: Obj, changes: Obj) -> None:
    check_mtu(network, changes.get("mtu"))


def largest_mtu(network: Obj) -> int:
    return MTU_FLAT if network["provider:network_type"] == "flat" else MTU_VXLAN


def check_mtu(network: Obj, mtu: int | None) -> None:
    if (mtu or 0) > largest_mtu(network):
        raise invalid(f"Invalid input for operation: Requested MTU is too big, maximum is {largest_mtu(network)}.")


def delete(call: Call, network: Obj) -> None:
    ports = [
        port
        for port in call.state.where("ports", "network_id", network["id"])
        if port["device_owner"] not in RELEASED_WITH_NETWORK
    ]
    if ports:
        ids = ",".join(port["id"] for port in ports)
        raise in_use(
            "NetworkInUse",
            f"Unable to complete operation on network {network['id']}. There are one or more ports still in "
            "use "
            f"on the network, id for these ports is: {ids}.",
        )
    for kind, key in (("ports", "network_id"), ("subnets", "network_id"), ("rbac_policies", "object_id")):
        for obj in list(call.state.where(kind, key, network["id"])):
            call.state.drop(kind, obj)


NETWORKS = Resource(
    path="networks",
    singular="network",
    kind="networks",
    type="Network",
    missing="Network {id} could not be found.",
    fields={
        "name": "",
        "description": "",
        "admin_state_up": True,
        "shared": False,
        "mtu": None,
        "port_security_enabled": True,
        "router:external": False,
        "is_default": False,
        "vlan_transparent": False,
        "qinq": False,
        "availability_zone_hints": [],
        "provider:network_type": None,
        "provider:physical_network": None,
        "provider:segmentation_id": None,
    },
    admin_fields=("shared", "router:external", "is_default", *ADMIN_ONLY),
    extra_filters=("subnets", "availability_zones"),
    fixed=("availability_zone_hints",),
    quota="network",
    first_revision=1,
    shared_by=is_visible,
    show=show,
    prepare=prepare,
    created=created,
    update=update,
    delete=delete,
)
