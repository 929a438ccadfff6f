"""``one.group.*``: groups, their administrators and quotas, and the default quotas of the cloud."""

from __future__ import annotations

from .. import markup
from ..calls import INT, NO, STRING, Call, method
from ..errors import ACTION, bad_action, internal, no_exists, unauthorized
from ..kinds import GROUP, USER, VDC, Kind
from ..objects import check_name, check_name_is_free, get, read_template
from ..state import DEFAULT_QUOTAS, Obj, State, newest_first
from . import quotas
from .authorization import ADMIN, USE, Authorization, is_visible
from .rules import ALL, CREATED_BY_USERS, OF_GROUP, ONE, RIGHTS, Rule, add_rule, drop_rules_of, find_rule, resource
from .vdcs import DEFAULT_VDC, apply_rules, wanted_rules

FIRST_USER_GROUP = 100


def new_group(state: State, name: str) -> Obj:
    group = {"id": state.new_id(GROUP), "name": name, "admins": [], "template": {}, "quotas": {}}
    return state.add(GROUP.name, group)


@method("one.group.allocate", STRING)
def allocate(call: Call, name: str) -> int:
    """A new group joins the default VDC, whose rules then hold for it."""
    Authorization(call).need_create(GROUP).check()
    check_name(GROUP, name, allowed=" " if call.release.groups_may_have_spaces else "")
    check_name_is_free(call, GROUP, name, call.uid)
    before = wanted_rules(call.state)
    group = new_group(call.state, name)
    default = call.state.get(VDC.name, DEFAULT_VDC)
    if default is not None:
        call.state.edit(VDC.name, default, groups=[*default["groups"], group["id"]])
    apply_rules(call.cloud, before)
    return int(group["id"])


@method("one.group.delete", INT)
def delete(call: Call, gid: int) -> int:
    """Only users hold a group back; machines and networks keep the number of a group that is gone."""
    group = get(call, GROUP, gid)
    Authorization(call).need(ADMIN, GROUP, group).check()
    if gid < FIRST_USER_GROUP:
        raise bad_action("Cannot delete group. System Groups (ID < 100) cannot be deleted.")
    if members(call.state, gid):
        raise bad_action(f"Cannot delete group. Group {gid} is not empty.")
    call.state.drop(GROUP.name, group)
    for vdc in call.state.all(VDC.name):
        if gid in vdc["groups"]:
            call.state.edit(VDC.name, vdc, groups=[member for member in vdc["groups"] if member != gid])
    drop_rules_of(call.state, OF_GROUP | gid)
    return gid


def members(state: State, gid: int) -> list[int]:
    return [user["id"] for user in state.all(USER.name) if gid in user["groups"]]


def render_group(state: State, group: Obj) -> str:
    return "".join(
        (
            markup.tag("ID", group["id"]),
            markup.tag("NAME", group["name"]),
            markup.template("TEMPLATE", group["template"]),
            markup.ids("USERS", members(state, group["id"])),
            markup.ids("ADMINS", group["admins"]),
        )
    )


@method("one.group.info", INT, NO)
def info(call: Call, gid: int, decrypt: bool) -> str:
    group = call.state.kinds[GROUP.name][call.gid] if gid == -1 else get(call, GROUP, gid)
    Authorization(call).need(USE, GROUP, group).check()
    return markup.wrap(
        "GROUP",
        render_group(call.state, group),
        quotas.render_owner(call.state, GROUP, group),
        markup.wrap("VLAN_RULES") if call.release.has_vlan_rules else "",
        quotas.render_defaults(call.state, GROUP),
    )


@method("one.grouppool.info")
def pool(call: Call) -> str:
    """Groups and their quotas are siblings, in turn."""
    parts = []
    for group in newest_first(call.state.all(GROUP.name)):
        if is_visible(call, GROUP, group):
            own = quotas.render_owner(call.state, GROUP, group)
            parts += [
                markup.wrap("GROUP", render_group(call.state, group)),
                markup.wrap("QUOTAS", markup.tag("ID", group["id"]), own),
            ]
    return markup.wrap("GROUP_POOL", *parts, quotas.render_defaults(call.state, GROUP))


@method("one.group.quota", INT, STRING)
def quota(call: Call, gid: int, text: str) -> int:
    group = call.state.get(GROUP.name, gid)
    if group is None:
        if call.release.tells_missing_group:
            raise no_exists(GROUP.label, gid)
        raise unauthorized(f"User [{call.uid}] not authorized to perform action on group.", gid)
    Authorization(call).need(ADMIN, GROUP, group).check()
    limits = quotas.set_limits(group["quotas"], read_template(text, ACTION), suffix=_suffix(call, gid))
    call.state.edit(GROUP.name, group, quotas=limits)
    return gid


def _suffix(call: Call, gid: int) -> str:
    return f",GID={gid}" if call.release.names_owner_of_quota else ""


@method("one.group.addadmin", INT, INT)
def addadmin(call: Call, gid: int, user_id: int) -> int:
    group, _ = _group_and_user(call, gid, user_id)
    if user_id in group["admins"]:
        raise internal(f"Cannot edit group. User {user_id} is already an administrator of Group {gid}.")
    call.state.edit(GROUP.name, group, admins=[*group["admins"], user_id])
    for rule in administrator_rules(gid, user_id):
        if find_rule(call.state, rule) is None:
            add_rule(call.cloud, rule)
    return gid


@method("one.group.deladmin", INT, INT)
def deladmin(call: Call, gid: int, user_id: int) -> int:
    group, _ = _group_and_user(call, gid, user_id)
    if user_id not in group["admins"]:
        raise internal(f"Cannot edit group. User {user_id} is not an administrator of Group {gid}.")
    call.state.edit(GROUP.name, group, admins=[admin for admin in group["admins"] if admin != user_id])
    for rule in administrator_rules(gid, user_id):
        found = find_rule(call.state, rule)
        if found is not None:
            call.state.drop("acl_rules", found)
    return gid


def _group_and_user(call: Call, gid: int, user_id: int) -> tuple[Obj, Obj]:
    group, user = get(call, GROUP, gid), get(call, USER, user_id)
    Authorization(call).need(ADMIN, GROUP, group).check()
    return group, user


def administrator_rules(gid: int, user_id: int) -> list[Rule]:
    """What an administrator of a group may do with its users and with what they own."""
    who, everything = ONE | user_id, RIGHTS["USE"] | RIGHTS["MANAGE"]
    owned = (*CREATED_BY_USERS, "NET", "VROUTER")
    return [
        Rule(who, resource(("USER",), OF_GROUP | gid), sum(RIGHTS.values()), ALL),
        Rule(who, resource(owned, OF_GROUP | gid), everything, ALL),
        Rule(who, resource(("GROUP",), ONE | gid), RIGHTS["MANAGE"], ALL),
        Rule(who, resource(("VROUTER",), ALL), RIGHTS["CREATE"], ALL),
    ]


def _register_defaults(prefix: str, kind: Kind) -> None:
    @method(f"one.{prefix}.info")
    def show(call: Call) -> str:
        return quotas.render_defaults(call.state, kind)

    @method(f"one.{prefix}.update", STRING)
    def change(call: Call, text: str) -> str:
        Authorization(call).need_admin(f"ADMIN {kind.acl}").check()
        limits = quotas.set_limits(
            quotas.default_limits(call.state, kind), read_template(text, ACTION), is_default=True
        )
        call.state.add(DEFAULT_QUOTAS, {"id": kind.name, "quotas": limits})
        return quotas.render_defaults(call.state, kind)


_register_defaults("groupquota", GROUP)
_register_defaults("userquota", USER)
