"""ACL rules: who (user) may do what (rights) with which objects (resource) in which zone, as four numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..kinds import CLUSTER, DATASTORE, HOST, VNET, Kind
from ..state import ACL_RULES, Obj, State

if TYPE_CHECKING:
    from ..cloud import Cloud

ONE, OF_GROUP, ALL, OF_CLUSTER = 0x1_0000_0000, 0x2_0000_0000, 0x4_0000_0000, 0x8_0000_0000
ID_MASK = 0xFFFF_FFFF
SIGNS = {ONE: "#", OF_GROUP: "@", ALL: "*", OF_CLUSTER: "%"}
TYPES = {
    "VM": 0x10_0000_0000,
    "HOST": 0x20_0000_0000,
    "NET": 0x40_0000_0000,
    "IMAGE": 0x80_0000_0000,
    "USER": 0x100_0000_0000,
    "TEMPLATE": 0x200_0000_0000,
    "GROUP": 0x400_0000_0000,
    "DATASTORE": 0x1000_0000_0000,
    "CLUSTER": 0x2000_0000_0000,
    "DOCUMENT": 0x4000_0000_0000,
    "ZONE": 0x8000_0000_0000,
    "SECGROUP": 0x1_0000_0000_0000,
    "VDC": 0x2_0000_0000_0000,
    "VROUTER": 0x4_0000_0000_0000,
    "MARKETPLACE": 0x8_0000_0000_0000,
    "MARKETPLACEAPP": 0x10_0000_0000_0000,
    "VMGROUP": 0x20_0000_0000_0000,
    "VNTEMPLATE": 0x40_0000_0000_0000,
    "BACKUPJOB": 0x100_0000_0000_0000,
}
RIGHTS = {"USE": 1, "MANAGE": 2, "ADMIN": 4, "CREATE": 8}
CREATED_BY_USERS = ("VM", "IMAGE", "TEMPLATE", "DOCUMENT", "SECGROUP", "VMGROUP", "BACKUPJOB")


class Rule(NamedTuple):
    user: int
    resource: int
    rights: int
    zone: int

    def text(self) -> str:
        """``@100 HOST/%0 MANAGE #0``"""
        types = "+".join(name for name, bit in TYPES.items() if self.resource & bit)
        rights = "+".join(name for name, bit in RIGHTS.items() if self.rights & bit)
        return f"{_who(self.user)} {types}/{_who(self.resource)} {rights} {_who(self.zone)}"


def _who(number: int) -> str:
    for bit, sign in SIGNS.items():
        if number & bit:
            return sign if bit == ALL else f"{sign}{number & ID_MASK}"
    return "?"


def resource(types: tuple[str, ...], which: int) -> int:
    return sum(TYPES[name] for name in types) + which


def rule_of(obj: Obj) -> Rule:
    return Rule(obj["user"], obj["resource"], obj["rights"], obj["zone"])


def rules(state: State) -> list[Obj]:
    """All rules in the daemon's order: by user component, then by age."""
    return sorted(state.all(ACL_RULES), key=lambda obj: (obj["user"], obj["id"]))


def find_rule(state: State, rule: Rule) -> Obj | None:
    return state.find(ACL_RULES, **rule._asdict())


def add_rule(cloud: Cloud, rule: Rule, vdc: bool = False) -> int:
    """``vdc`` marks a rule that virtual data centers made and may take away again."""
    obj = {"id": cloud.state.next_id(ACL_RULES), **rule._asdict(), "vdc": vdc}
    return int(cloud.state.add(ACL_RULES, obj)["id"])


def drop_rules_of(state: State, component: int) -> None:
    """Forget the rules for a user or group, or about a group's objects, that is gone."""
    for obj in list(state.all(ACL_RULES)):
        about = obj["resource"] & (ID_MASK | OF_GROUP | ONE | ALL | OF_CLUSTER)
        if obj["user"] == component or (component & OF_GROUP and about == component):
            state.drop(ACL_RULES, obj)


def grants(state: State, user: Obj, right: str, kind: Kind, obj: Obj | None) -> bool:
    """Whether some rule lets this user do it; without an object the rule must be about all of the kind."""
    who = {ALL, ONE | int(user["id"]), *(OF_GROUP | gid for gid in user["groups"])}
    bit, type_bit = RIGHTS[right], TYPES[kind.acl]
    about = {ALL}
    if obj is not None:
        about.add(ONE | int(obj["id"]))
        about.update(OF_CLUSTER | cluster for cluster in clusters_of(kind, obj))
        if "gid" in obj:
            about.add(OF_GROUP | int(obj["gid"]))
    return any(
        rule["user"] in who
        and rule["rights"] & bit
        and rule["resource"] & type_bit
        and (rule["resource"] & (ID_MASK | ONE | OF_GROUP | ALL | OF_CLUSTER)) in about
        and rule["zone"] in (ALL, ONE)
        for rule in state.all(ACL_RULES)
    )


def clusters_of(kind: Kind, obj: Obj) -> list[int]:
    if kind in (VNET, DATASTORE):
        return list(obj["clusters"])
    if kind == HOST:
        return [int(obj["cluster_id"])]
    return [int(obj["id"])] if kind == CLUSTER else []
