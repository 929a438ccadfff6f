"""``one.secgroup.*``: security groups and their rules. Group 0 is in every network."""

from __future__ import annotations

import re

from .. import markup
from ..access.authorization import MANAGE, USE, Authorization
from ..calls import BOOL, INT, STRING, Call, method
from ..errors import bad_action, internal
from ..kinds import SECURITY_GROUP
from ..objects import check_name, check_name_is_free, get, header, owned, read_template, taken_name
from ..pools import register_info, register_paged_pool, rendered
from ..state import Obj
from ..templates import Template, Vector, copy, integer, vectors

DEFAULT_GROUP = 0
PROTOCOLS = ("TCP", "UDP", "ICMP", "ICMPV6", "IPSEC", "ALL")
DIRECTIONS = ("INBOUND", "OUTBOUND")
RANGE = re.compile(r"^\d+(:\d+)?(,\d+(:\d+)?)*$")


def check_rules(template: Template) -> None:
    """Refuse a template that has a bad RULE."""
    for rule in vectors(template, "RULE"):
        _check_rule(rule)


def _check_rule(rule: Vector) -> None:
    if rule.get("PROTOCOL", "").upper() not in PROTOCOLS:
        raise internal(f"Wrong PROTOCOL in rule. Valid options: {', '.join(PROTOCOLS)}.")
    if rule.get("RULE_TYPE", "").upper() not in DIRECTIONS:
        raise internal(f"Wrong RULE_TYPE in rule. Valid options: {', '.join(DIRECTIONS)}.")
    if rule.get("RANGE") and not RANGE.match(rule["RANGE"].replace(" ", "")):
        raise internal("Invalid RANGE specification.")
    if rule.get("ICMP_TYPE") and integer(rule["ICMP_TYPE"]) is None:
        raise internal("Wrong ICMP_TYPE, it must be integer")
    if rule.get("IP") and not integer(rule.get("SIZE", "")):
        raise internal("Wrong or empty SIZE.")


@method("one.secgroup.allocate", STRING)
def allocate(call: Call, text: str) -> int:
    Authorization(call).need_create(SECURITY_GROUP).check()
    template = read_template(text)
    name = taken_name(template)
    check_name(SECURITY_GROUP, name)
    check_rules(template)
    check_name_is_free(call, SECURITY_GROUP, name, call.uid)
    return _add(call, name, template)


def _add(call: Call, name: str, template: Template) -> int:
    group = owned(call, SECURITY_GROUP, name, template, vms=[])
    return int(call.state.add(SECURITY_GROUP.name, group)["id"])


@method("one.secgroup.clone", INT, STRING)
def clone(call: Call, group_id: int, name: str) -> int:
    group = get(call, SECURITY_GROUP, group_id)
    Authorization(call).need_create(SECURITY_GROUP).need(USE, SECURITY_GROUP, group).check()
    check_name(SECURITY_GROUP, name)
    check_name_is_free(call, SECURITY_GROUP, name, call.uid)
    return _add(call, name, copy(group["template"]))


@method("one.secgroup.delete", INT)
def delete(call: Call, group_id: int) -> int:
    group = get(call, SECURITY_GROUP, group_id)
    Authorization(call).need(MANAGE, SECURITY_GROUP, group).check()
    if group_id == DEFAULT_GROUP:
        raise bad_action("Cannot delete security group. The default security group (ID 0) cannot be deleted.")
    if group["vms"]:
        raise bad_action("Cannot delete security group. The security group has VMs using it")
    call.state.drop(SECURITY_GROUP.name, group)
    return group_id


@method("one.secgroup.commit", INT, BOOL)
def commit(call: Call, group_id: int, only_failed: bool) -> int:
    """Every virtual machine already has the rules."""
    group = get(call, SECURITY_GROUP, group_id)
    Authorization(call).need(MANAGE, SECURITY_GROUP, group).check()
    return group_id


def render(group: Obj) -> str:
    return markup.wrap(
        "SECURITY_GROUP",
        header(group),
        markup.ids("UPDATED_VMS", group["vms"]),
        "<OUTDATED_VMS></OUTDATED_VMS><UPDATING_VMS></UPDATING_VMS><ERROR_VMS></ERROR_VMS>",
        markup.template("TEMPLATE", group["template"]),
    )


register_info("secgroup", SECURITY_GROUP, rendered(render))
register_paged_pool("one.secgrouppool.info", SECURITY_GROUP, rendered(render))
