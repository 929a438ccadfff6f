"""NICs of virtual machines: which network, which address, which security groups."""

from __future__ import annotations

from ..calls import Call
from ..kinds import SECURITY_GROUP, USER, VM, VNET
from ..network.address_ranges import take
from ..state import Obj, State
from ..templates import Template, Vector, first, integer, vectors

INHERITED = (
    *("VLAN_TAGGED_ID", "FILTER", "FILTER_IP_SPOOFING", "FILTER_MAC_SPOOFING", "MTU", "METRIC", "IP6_METRIC"),
    *("METHOD", "IP6_METHOD", "INBOUND_AVG_BW", "INBOUND_PEAK_BW", "INBOUND_PEAK_KB", "OUTBOUND_AVG_BW"),
    *("OUTBOUND_PEAK_BW", "OUTBOUND_PEAK_KB", "CONF", "BRIDGE_CONF", "OVS_BRIDGE_CONF", "IP_LINK_CONF"),
    *("EXTERNAL_IP", "GATEWAY", "DNS", "VXLAN_MODE", "VXLAN_TEP", "VXLAN_MC", "CVLANS", "QINQ_TYPE"),
)
OF_DRIVER = ("BRIDGE", "BRIDGE_TYPE", "PHYDEV", "VN_MAD")


class NoNic(Exception):
    """There can be no such NIC; the message says why."""


def vnet_of(call: Call, nic: Vector) -> Obj:
    """The network that a NIC names by NETWORK_ID, or by NETWORK and whose it is."""
    if "NETWORK_ID" in nic:
        network_id = integer(nic["NETWORK_ID"])
        vnet = call.state.get(VNET.name, network_id)
        if vnet is None:
            raise NoNic(f"Virtual network with ID: {nic['NETWORK_ID']} does not exist")
        return vnet
    name = nic.get("NETWORK", "")
    if not name:
        raise NoNic("NIC has neither NETWORK nor NETWORK_ID")
    uid = owner_of(call, nic, "NETWORK")
    vnet = call.state.find(VNET.name, name=name, uid=uid)
    if vnet is None:
        raise NoNic(
            f"User {uid} does not own a network with name: {name} . Set NETWORK_UNAME or NETWORK_UID of owner in NIC."
        )
    return vnet


def owner_of(call: Call, attribute: Vector, prefix: str) -> int:
    """Who owns what is given by name: ``NETWORK_UID``, ``NETWORK_UNAME``, or else the caller."""
    if f"{prefix}_UID" in attribute:
        return integer(attribute[f"{prefix}_UID"]) or 0
    user = call.state.find(USER.name, name=attribute.get(f"{prefix}_UNAME", ""))
    return int(user["id"]) if user else call.uid


def build_nic(call: Call, given: Vector, nic_id: int, vm_id: int) -> Vector:
    """The NIC with an address taken for this machine."""
    vnet = vnet_of(call, given)
    wanted = (given.get(name, "") for name in ("IP", "MAC", "AR_ID"))
    lease = take(call.release, vnet, {"VM": str(vm_id)}, *wanted)
    if lease is None:
        raise NoNic(f"Cannot get IP/MAC lease from virtual network {vnet['id']}.")
    template: Template = vnet["template"]
    shown = {name: first(template, name) for name in (*INHERITED, *OF_DRIVER)}
    call.state.edit(VNET.name, vnet, vms=sorted({*vnet["vms"], vm_id}))
    return {
        **{name: value for name, value in shown.items() if value},
        **({"VLAN_ID": vnet["vlan_id"]} if vnet["vlan_id"] else {}),
        **{name: value for name, value in given.items() if name not in ("NETWORK_UID", "NETWORK_UNAME")},
        **lease,
        "CLUSTER_ID": ",".join(str(cluster) for cluster in vnet["clusters"]),
        "NAME": given.get("NAME", f"NIC{nic_id}"),
        "NETWORK": vnet["name"],
        "NETWORK_ID": str(vnet["id"]),
        "NIC_ID": str(nic_id),
        "SECURITY_GROUPS": ",".join(str(group) for group in sorted(_groups(vnet, given))),
        "TARGET": f"one-{vm_id}-{nic_id}",
    }


def _groups(vnet: Obj, given: Vector) -> set[int]:
    """The network's security groups and the NIC's own."""
    return {*group_ids(first(vnet["template"], "SECURITY_GROUPS")), *group_ids(given.get("SECURITY_GROUPS", ""))}


def group_ids(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part.strip().isdigit()]


def next_nic_id(template: Template) -> int:
    return max((int(nic["NIC_ID"]) for nic in vectors(template, "NIC")), default=-1) + 1


def with_group_rules(state: State, vm_id: int, template: Template) -> Template:
    """The template with the rules of all its security groups, which then know the machine."""
    wanted = {group for nic in vectors(template, "NIC") for group in group_ids(nic["SECURITY_GROUPS"])}
    rules: list[Vector] = []
    for group in sorted(state.all(SECURITY_GROUP.name), key=lambda obj: int(obj["id"])):
        is_member = group["id"] in wanted
        if is_member != (vm_id in group["vms"]):
            others = [other for other in group["vms"] if other != vm_id]
            state.edit(SECURITY_GROUP.name, group, vms=[*others, vm_id] if is_member else others)
        if is_member:
            named = {"SECURITY_GROUP_ID": str(group["id"]), "SECURITY_GROUP_NAME": group["name"]}
            rules += [{**rule, **named} for rule in vectors(group["template"], "RULE")]
    changed: Template = {name: values for name, values in template.items() if name != "SECURITY_GROUP_RULE"}
    if rules:
        changed["SECURITY_GROUP_RULE"] = list(rules)
    return changed


def next_vm_id(state: State) -> int:
    return state.coming_id(VM)
