"""The CONTEXT of a virtual machine: what it is told about its networks and its owner."""

from __future__ import annotations

import re

from ..kinds import VNET
from ..state import Obj, State
from ..templates import Template, Vector, first, is_yes, vectors

TARGET = "hda"
VARIABLE = re.compile(r"\$USER\[(?P<user>\w+)\]|\$(?P<plain>NAME|VMID|UID|GID|UNAME|GNAME)\b")
OF_NIC = (  # without the ETHn_ prefix
    *("EXTERNAL", "IP", "IP6", "IP6_GATEWAY", "IP6_METHOD", "IP6_METRIC", "IP6_PREFIX_LENGTH", "IP6_ULA", "MAC"),
    *("METHOD", "METRIC", "MTU", "ROUTES", "SEARCH_DOMAIN", "VLAN_ID", "VROUTER_IP", "VROUTER_IP6"),
    *("VROUTER_MANAGEMENT", "DNS", "GATEWAY"),
)
OF_VNET = {"MASK": "NETWORK_MASK", "NETWORK": "NETWORK_ADDRESS"}


def build_context(state: State, given: Vector, nics: list[Vector], variables: dict[str, str], owner: Obj) -> Vector:
    """The attributes with their variables filled in, and those of every NIC when NETWORK=YES."""
    context = {name: _filled(value, variables, owner) for name, value in given.items()}
    if is_yes(given.get("NETWORK", "")):
        for nic in nics:
            context.update(nic_context(state, nic))
    return context


def nic_context(state: State, nic: Vector) -> Vector:
    """``ETH0_IP`` and so on; what the network does not know is empty."""
    vnet = state.get(VNET.name, int(nic["NETWORK_ID"]))
    template: Template = vnet["template"] if vnet else {}
    prefix = f"ETH{nic['NIC_ID']}"
    values = {name: nic.get(name, first(template, name)) for name in OF_NIC}
    values.update({name: first(template, source) for name, source in OF_VNET.items()})
    values["VLAN_ID"] = nic.get("VLAN_ID", "")
    return {f"{prefix}_{name}": value for name, value in values.items()}


def without_nic(context: Vector, nic_id: str) -> Vector:
    return {name: value for name, value in context.items() if not name.startswith(f"ETH{nic_id}_")}


def _filled(text: str, variables: dict[str, str], owner: Obj) -> str:
    def fill(found: re.Match[str]) -> str:
        if found["user"]:
            return first(owner["template"], found["user"].upper())
        return variables.get(found["plain"], "")

    return VARIABLE.sub(fill, text)


def refreshed(state: State, template: Template, nic: Vector, attached: bool) -> Template:
    """The template after a NIC came or went."""
    contexts = vectors(template, "CONTEXT")
    if not contexts or not is_yes(contexts[0].get("NETWORK", "")):
        return template
    context = {**contexts[0], **nic_context(state, nic)} if attached else without_nic(contexts[0], nic["NIC_ID"])
    return {**template, "CONTEXT": [context]}
