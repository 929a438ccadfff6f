"""What tenants have made in a VDC, or of a VDC's network: it would be lost, or be nobody's, without the VDC."""

from __future__ import annotations

from . import names
from .markup import Thing
from .pools import Pools
from .states import ENDING
from .users import is_from_saml

DEFINED = {"templates": "template", "security_groups": "security group"}


def contents(pools: Pools, vdc: Thing, group: Thing, saml_users_are_ours: bool) -> list[str]:
    """Each with its kind and name. What the provider has made for the group is his matter."""
    held = [f"machine {vm.name} (id {vm.id})" for vm in _machines(pools, vdc, group)]
    held += [f"image {image.name} (id {image.id})" for image in pools.all("images") if image.gid == group.id]
    for kind, word in DEFINED.items():
        of_tenants = (each for each in pools.all(kind) if each.gid == group.id and not pools.is_ours(each))
        held += [f"{word} {each.name} (id {each.id})" for each in of_tenants]
    own = names.administrator(vdc.note(names.BACKEND_ID))
    users = [user for user in pools.all("users") if group.id in user.ids("GROUPS/ID") and user.name != own]
    return held + [f"user {user.name}" for user in users if not (saml_users_are_ours and is_from_saml(user))]


def _machines(pools: Pools, vdc: Thing, group: Thing) -> list[Thing]:
    """Of the group, or in its network whoever they belong to; not the router's, nor such as are ending already."""
    backend_id = vdc.note(names.BACKEND_ID)
    vnet, router = pools.ours("vnets", backend_id), pools.ours("routers", backend_id)
    of_router = router.ids("VMS/ID") if router else []

    def is_inside(vm: Thing) -> bool:
        nets = {nic.text("NETWORK_ID") for nic in vm.all("TEMPLATE/NIC")}
        return vm.gid == group.id or (vnet is not None and str(vnet.id) in nets)

    machines = [vm for vm in pools.all("vms") if vm.id not in of_router and is_inside(vm)]
    return [vm for vm in machines if vm.text("LCM_STATE") not in ENDING]
