"""``one.vn.*``: virtual networks, which take a moment to be made and to go."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from .. import markup
from ..access.authorization import ADMIN, MANAGE, Authorization, is_admin
from ..calls import INT, STRING, Call, method
from ..errors import OneError, bad_action, internal, unauthorized
from ..infrastructure.clusters import DEFAULT_CLUSTER
from ..infrastructure.restrictions import restricted_attribute
from ..kinds import CLUSTER, VIRTUAL_ROUTER, VNET
from ..objects import check_name, check_name_is_free, get, header, owned, read_template, taken_name
from ..pools import register_info, register_paged_pool
from ..state import Obj
from ..templates import Template, first, is_yes, vectors
from ..transitions import failure, schedule, transition
from . import address_ranges

if TYPE_CHECKING:
    from ..cloud import Cloud

DRIVERS = {
    **dict.fromkeys(("dummy", "802.1Q", "fw", "vxlan", "bridge", "elastic", "nodeport"), "linux"),
    **dict.fromkeys(("ovswitch", "ovswitch_vxlan"), "openvswitch"),
}
WITH_VLAN = ("802.1Q", "vxlan", "ovswitch_vxlan")
FIRST_VLAN = 2
FIXED = ("VN_MAD", "BRIDGE", "BRIDGE_TYPE", "PHYDEV", "VLAN_ID", "OUTER_VLAN_ID", "SECURITY_GROUPS")


class VnetState(IntEnum):
    READY = 1
    LOCK_CREATE = 2
    LOCK_DELETE = 3
    ERROR = 5


@method("one.vn.allocate", STRING, INT)
def allocate(call: Call, text: str, cluster_id: int) -> int:
    """A bad address range is not refused: the network is made, and ends in ERROR."""
    template = read_template(text)
    cluster = get(call, CLUSTER, DEFAULT_CLUSTER if cluster_id < 0 else cluster_id)
    Authorization(call).need_create(VNET).need(ADMIN, CLUSTER, cluster).check()
    name = taken_name(template)
    check_name(VNET, name)
    check_name_is_free(call, VNET, name, call.uid)
    _check_driver(template)
    ranges = vectors(template, "AR")
    template.pop("AR", None)
    vnet = call.state.add(VNET.name, owned(call, VNET, name, template, **new_fields([cluster["id"]])))
    _complete(vnet, template)
    schedule(call.cloud, "vnet.create", vnet["id"], ranges)
    return int(vnet["id"])


def _check_driver(template: Template) -> None:
    driver = first(template, "VN_MAD")
    if not driver:
        raise internal("No VN_MAD in template for Virtual Network.")
    if driver not in DRIVERS:
        raise internal(f"VN_MAD named {driver} is not included in oned.conf")
    if driver in WITH_VLAN:
        if not first(template, "PHYDEV"):
            raise internal(f"PHYDEV is mandatory for driver {driver}")
        if not first(template, "VLAN_ID") and not is_yes(first(template, "AUTOMATIC_VLAN_ID")):
            raise internal(f"VLAN_ID (or AUTOMATIC_VLAN_ID) is mandatory for driver {driver}")


def new_fields(clusters: list[int]) -> Obj:
    return {
        "clusters": clusters,
        "state": VnetState.LOCK_CREATE,
        "vlan_id": "",
        "automatic_vlan": False,
        "parent_id": None,
        "address_ranges": [],
        "next_ar": 0,
        "vms": [],
    }


def _complete(vnet: Obj, template: Template) -> None:
    """What the daemon adds: the VLAN, a bridge of its own, the default security group."""
    vlan = first(template, "VLAN_ID")
    automatic = not vlan and is_yes(first(template, "AUTOMATIC_VLAN_ID"))
    bridge = f"onebr.{vlan}" if vlan else f"onebr{vnet['id']}"
    template.pop("AUTOMATIC_VLAN_ID", None)
    template.setdefault("BRIDGE", [bridge])
    template.setdefault("BRIDGE_TYPE", [DRIVERS[first(template, "VN_MAD")]])
    template.setdefault("PHYDEV", [""])
    template.setdefault("OUTER_VLAN_ID", [""])
    if not automatic:
        template.setdefault("VLAN_ID", [""])
    groups = {0, *(int(group) for group in first(template, "SECURITY_GROUPS").split(",") if group.strip().isdigit())}
    template["SECURITY_GROUPS"] = [",".join(str(group) for group in sorted(groups))]
    vnet["automatic_vlan"] = automatic
    vnet["vlan_id"] = str(FIRST_VLAN + vnet["id"]) if automatic else vlan


@transition("vnet.create")
def becomes_ready(cloud: Cloud, vnet_id: int, ranges: list[dict[str, str]]) -> None:
    vnet = cloud.state.get(VNET.name, vnet_id)
    if vnet is None or vnet["state"] != VnetState.LOCK_CREATE:
        return
    try:
        for given in ranges:
            add_range(vnet, given)
    except OneError as error:
        creation_fails(cloud, vnet_id, ranges, error.message)
    else:
        cloud.state.edit(VNET.name, vnet, state=VnetState.READY)


@failure("vnet.create")
def creation_fails(cloud: Cloud, vnet_id: int, ranges: list[dict[str, str]], message: str) -> None:
    vnet = cloud.state.get(VNET.name, vnet_id)
    if vnet is not None:
        template = {**vnet["template"], "ERROR": [f"{cloud.date()} : {message}"]}
        cloud.state.edit(VNET.name, vnet, state=VnetState.ERROR, template=template)


def add_range(vnet: Obj, given: dict[str, str]) -> Obj:
    made = address_ranges.new_range(given, vnet["next_ar"])
    vnet["address_ranges"].append(made)
    vnet["next_ar"] += 1
    return made


@method("one.vn.delete", INT)
def delete(call: Call, vnet_id: int) -> int:
    """Only leases hold a network back; a virtual router that merely lists it does not."""
    vnet = managed(call, vnet_id)
    if address_ranges.used(vnet):
        raise bad_action("Cannot delete virtual network. Can not remove a virtual network with leases in use")
    call.state.edit(VNET.name, vnet, state=VnetState.LOCK_DELETE)
    schedule(call.cloud, "vnet.delete", vnet_id)
    return vnet_id


@transition("vnet.delete")
def is_gone(cloud: Cloud, vnet_id: int) -> None:
    vnet = cloud.state.get(VNET.name, vnet_id)
    if vnet is None:
        return
    if vnet["parent_id"] is not None:
        _return_reservation(cloud, vnet)
    cloud.state.drop(VNET.name, vnet)


def _return_reservation(cloud: Cloud, vnet: Obj) -> None:
    parent = cloud.state.get(VNET.name, vnet["parent_id"])
    for address_range in parent["address_ranges"] if parent else []:
        for place, holder in list(address_range["leases"].items()):
            if holder == {"VNET": str(vnet["id"])}:
                del address_range["leases"][place]


@method("one.vn.recover", INT, INT)
def recover(call: Call, vnet_id: int, operation: int) -> int:
    """0 and 1 say how the driver's action ended, 2 tries again, 3 forgets the network."""
    vnet = managed(call, vnet_id)
    if operation == 3:
        is_gone(call.cloud, vnet_id)
    elif operation in (0, 1) and vnet["state"] in (VnetState.LOCK_CREATE, VnetState.ERROR):
        call.state.edit(VNET.name, vnet, state=VnetState.READY if operation else VnetState.ERROR)
    elif operation == 2 and vnet["state"] == VnetState.ERROR:
        call.state.edit(VNET.name, vnet, state=VnetState.LOCK_CREATE)
        schedule(call.cloud, "vnet.create", vnet_id, [])
    else:
        raise bad_action("Action not available for the state of the network")
    return vnet_id


def managed(call: Call, vnet_id: int, right: str = MANAGE) -> Obj:
    vnet = get(call, VNET, vnet_id)
    Authorization(call).need(right, VNET, vnet).check()
    return vnet


def check_and_complete(call: Call, vnet: Obj, template: Template) -> Template:
    """A changed template: the attributes of the driver stay, ordinary users may not touch theirs."""
    kept = {name: vnet["template"][name] for name in FIXED if name in vnet["template"] and name not in template}
    changed = {name: values for name, values in template.items() if values != vnet["template"].get(name)}
    if not is_admin(call.user) and (refused := restricted_attribute("VNET", changed)):
        raise unauthorized(f"User [{call.uid}] : Template includes a restricted attribute {refused}.")
    return {**template, **kept}


def routers_of(call: Call, vnet_id: int) -> list[int]:
    """The virtual routers that hold an address of the network themselves."""
    return [
        router["id"]
        for router in call.state.all(VIRTUAL_ROUTER.name)
        for nic in vectors(router["template"], "NIC")
        if nic.get("NETWORK_ID") == str(vnet_id) and "VROUTER_IP" in nic
    ]


def render(call: Call, vnet: Obj, with_leases: bool = True) -> str:
    template: Template = vnet["template"]
    parent, in_turn = vnet["parent_id"], call.release.gives_addresses_in_turn
    ranges = [address_ranges.render(each, with_leases, in_turn) for each in vnet["address_ranges"]]
    return markup.wrap(
        "VNET",
        header(vnet),
        markup.ids("CLUSTERS", vnet["clusters"]),
        markup.cdata("BRIDGE", first(template, "BRIDGE")),
        markup.cdata("BRIDGE_TYPE", first(template, "BRIDGE_TYPE")),
        markup.cdata("STATE", int(vnet["state"])),
        markup.cdata("PREV_STATE", int(vnet["state"])),
        markup.cdata_or_empty("PARENT_NETWORK_ID", "" if parent is None else str(parent)),
        "<TEMPLATE_ID/>" if call.release.tells_templates_of_networks else "",
        markup.cdata("VN_MAD", first(template, "VN_MAD")),
        markup.cdata_or_empty("PHYDEV", first(template, "PHYDEV")),
        markup.cdata_or_empty("VLAN_ID", vnet["vlan_id"]),
        markup.cdata_or_empty("OUTER_VLAN_ID", first(template, "OUTER_VLAN_ID")),
        markup.tag("VLAN_ID_AUTOMATIC", int(vnet["automatic_vlan"])),
        markup.tag("OUTER_VLAN_ID_AUTOMATIC", 0),
        markup.tag("USED_LEASES", address_ranges.used(vnet)),
        markup.ids("VROUTERS", routers_of(call, vnet["id"])),
        markup.ids("UPDATED_VMS", vnet["vms"]),
        "<OUTDATED_VMS></OUTDATED_VMS><UPDATING_VMS></UPDATING_VMS><ERROR_VMS></ERROR_VMS>",
        markup.template("TEMPLATE", template),
        markup.wrap("AR_POOL", *ranges),
    )


def render_in_pool(call: Call, vnet: Obj) -> str:
    return render(call, vnet, with_leases=False)


register_info("vn", VNET, render)
register_paged_pool("one.vnpool.info", VNET, render_in_pool)
