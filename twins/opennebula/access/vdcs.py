"""``one.vdc.*``: virtual data centers give groups the use of clusters, hosts, datastores and networks.

A VDC does it by ACL rules; they are worked out from all VDCs together, so that one VDC takes nothing away that another
still gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .. import markup
from ..calls import APPEND, INT, STRING, Call, method
from ..errors import bad_action, internal
from ..kinds import CLUSTER, DATASTORE, GROUP, HOST, VDC, VNET, ZONE, Kind
from ..objects import check_name, check_name_is_free, get, read_template, taken_name
from ..pools import register_info, register_pool, rendered
from ..state import ACL_RULES, Obj, State
from ..templates import Template, merged
from .authorization import ADMIN, MANAGE, Authorization
from .rules import ALL, OF_CLUSTER, OF_GROUP, ONE, RIGHTS, Rule, add_rule, resource, rule_of

if TYPE_CHECKING:
    from ..cloud import Cloud

DEFAULT_VDC = 0
EVERY_RESOURCE = -10  # stands for all clusters, hosts, …
MEMBERS: tuple[tuple[str, Kind, str], ...] = (
    ("clusters", CLUSTER, "CLUSTER"),
    ("hosts", HOST, "HOST"),
    ("datastores", DATASTORE, "DATASTORE"),
    ("vnets", VNET, "VNET"),
)
GRANTED: dict[str, tuple[tuple[str, str], ...]] = {
    "clusters": (("HOST", "MANAGE"), ("NET", "USE"), ("DATASTORE", "USE")),
    "hosts": (("HOST", "MANAGE"),),
    "datastores": (("DATASTORE", "USE"),),
    "vnets": (("NET", "USE"),),
}


def new_vdc(state: State, name: str, template: Template) -> Obj:
    members: Obj = {field: [] for field, _, _ in MEMBERS}  # lists of [zone id, object id]
    return state.add(VDC.name, {"id": state.new_id(VDC), "name": name, "groups": [], "template": template, **members})


def wanted_rules(state: State) -> list[Rule]:
    """Everything that all VDCs give to their groups."""
    wanted = []
    for vdc in state.all(VDC.name):
        for gid in vdc["groups"]:
            for field, granted in GRANTED.items():
                for zone, member in vdc[field]:
                    wanted += [_rule(field, gid, zone, member, kind, right) for kind, right in granted]
    return wanted


def _rule(field: str, gid: int, zone: int, member: int, kind: str, right: str) -> Rule:
    which = ALL if member == EVERY_RESOURCE else (OF_CLUSTER if field == "clusters" else ONE) | member
    return Rule(OF_GROUP | gid, resource((kind,), which), RIGHTS[right], ONE | zone)


def apply_rules(cloud: Cloud, before: Iterable[Rule] = ()) -> None:
    """Let the ACL rules follow a change of VDCs, which wanted others before.

    A rule that an administrator has removed since does not come back by the change of something else.
    """
    former, wanted = set(before), dict.fromkeys(wanted_rules(cloud.state))  # in their order, and quickly looked up
    for obj in list(cloud.state.all(ACL_RULES)):
        if obj["vdc"] and rule_of(obj) not in wanted:
            cloud.state.drop(ACL_RULES, obj)
    known = {rule_of(obj) for obj in cloud.state.all(ACL_RULES)}
    for rule in wanted:
        if rule not in known and rule not in former:
            add_rule(cloud, rule, vdc=True)


@method("one.vdc.allocate", STRING)
def allocate(call: Call, text: str) -> int:
    Authorization(call).need_create(VDC).check()
    template = read_template(text)
    name = taken_name(template)
    check_name(VDC, name)
    check_name_is_free(call, VDC, name, call.uid)
    return int(new_vdc(call.state, name, template)["id"])


@method("one.vdc.delete", INT)
def delete(call: Call, vdc_id: int) -> int:
    vdc = _managed(call, vdc_id, ADMIN)
    if vdc_id < VDC.first_id:
        raise bad_action("Cannot delete VDC. System VDCs (ID < 100) cannot be deleted.")
    before = wanted_rules(call.state)
    call.state.drop(VDC.name, vdc)
    apply_rules(call.cloud, before)
    return vdc_id


@method("one.vdc.update", INT, STRING, APPEND)
def update(call: Call, vdc_id: int, text: str, append: int) -> int:
    vdc = _managed(call, vdc_id, MANAGE)
    changes = read_template(text)
    call.state.edit(VDC.name, vdc, template=merged(vdc["template"] if append else {}, changes))
    return vdc_id


@method("one.vdc.rename", INT, STRING)
def rename(call: Call, vdc_id: int, name: str) -> int:
    vdc = _managed(call, vdc_id, MANAGE)
    check_name(VDC, name)
    check_name_is_free(call, VDC, name, call.uid, but=vdc_id)
    call.state.edit(VDC.name, vdc, name=name)
    return vdc_id


@method("one.vdc.addgroup", INT, INT)
def addgroup(call: Call, vdc_id: int, gid: int) -> int:
    vdc = _managed(call, vdc_id, ADMIN)
    get(call, GROUP, gid)
    if gid in vdc["groups"]:
        raise internal(f"Group {gid} is already assigned to the VDC {vdc_id}")
    return _set(call, vdc, "groups", [*vdc["groups"], gid])


@method("one.vdc.delgroup", INT, INT)
def delgroup(call: Call, vdc_id: int, gid: int) -> int:
    """The group need not exist any more."""
    vdc = _managed(call, vdc_id, ADMIN)
    if gid not in vdc["groups"]:
        raise internal(f"Group {gid} is not assigned to the VDC {vdc_id}")
    return _set(call, vdc, "groups", [member for member in vdc["groups"] if member != gid])


def _register_members(field: str, kind: Kind) -> None:
    word = field.removesuffix("s")

    @method(f"one.vdc.add{word}", INT, INT, INT)
    def add(call: Call, vdc_id: int, zone_id: int, member_id: int) -> int:
        vdc = _managed(call, vdc_id, ADMIN)
        get(call, ZONE, zone_id)
        if member_id != EVERY_RESOURCE:
            get(call, kind, member_id)
        if [zone_id, member_id] in vdc[field]:
            raise internal(f"{kind.acl} {member_id} from Zone {zone_id} is already assigned to the VDC")
        return _set(call, vdc, field, [*vdc[field], [zone_id, member_id]])

    @method(f"one.vdc.del{word}", INT, INT, INT)
    def remove(call: Call, vdc_id: int, zone_id: int, member_id: int) -> int:
        vdc = _managed(call, vdc_id, ADMIN)
        if [zone_id, member_id] not in vdc[field]:
            raise internal(f"{kind.acl} {member_id} from Zone {zone_id} is not assigned to the VDC ")
        return _set(call, vdc, field, [member for member in vdc[field] if member != [zone_id, member_id]])


for _field, _kind, _ in MEMBERS:
    _register_members(_field, _kind)


def _managed(call: Call, vdc_id: int, right: str) -> Obj:
    vdc = get(call, VDC, vdc_id)
    Authorization(call).need(right, VDC, vdc).check()
    return vdc


def _set(call: Call, vdc: Obj, field: str, members: list[object]) -> int:
    before = wanted_rules(call.state)
    call.state.edit(VDC.name, vdc, **{field: members})
    apply_rules(call.cloud, before)
    return int(vdc["id"])


def render(vdc: Obj) -> str:
    lists = []
    for field, _, element in MEMBERS:
        rows = [
            markup.wrap(element, markup.tag("ZONE_ID", zone), markup.tag(f"{element}_ID", member))
            for zone, member in sorted(vdc[field])
        ]
        lists.append(markup.wrap(f"{element}S", *rows))
    return markup.wrap(
        "VDC",
        markup.tag("ID", vdc["id"]),
        markup.tag("NAME", vdc["name"]),
        markup.ids("GROUPS", vdc["groups"]),
        *lists,
        markup.template("TEMPLATE", vdc["template"]),
    )


register_info("vdc", VDC, rendered(render))
register_pool("one.vdcpool.info", VDC, rendered(render))
