"""``one.acl.*``: rules that administrators make themselves."""

from __future__ import annotations

import re

from .. import markup
from ..calls import INT, STRING, TEXT, Call, method
from ..errors import internal
from ..state import ACL_RULES, Obj
from .authorization import Authorization
from .rules import ALL, OF_CLUSTER, OF_GROUP, ONE, RIGHTS, TYPES, Rule, add_rule, find_rule, rule_of, rules

EVERY_ZONE = ALL
HEX = re.compile(r"^[0-9a-fA-F]{1,16}$")


@method("one.acl.addrule", STRING, STRING, STRING, TEXT)
def addrule(call: Call, user: str, resource: str, rights: str, zone: str) -> int:
    """All four are hexadecimal numbers without 0x."""
    Authorization(call).need_admin("MANAGE ACL").check()
    rule = Rule(_hex(user), _hex(resource), _hex(rights), _hex(zone) if zone else EVERY_ZONE)
    _check(rule)
    if find_rule(call.state, rule) is not None:
        raise internal(f"Rule {rule.text()} already exists")
    return add_rule(call.cloud, rule)


@method("one.acl.delrule", INT)
def delrule(call: Call, rule_id: int) -> int:
    Authorization(call).need_admin("MANAGE ACL").check()
    rule = call.state.get(ACL_RULES, rule_id)
    if rule is None:
        raise internal(f"Rule {rule_id} does not exist")
    call.state.drop(ACL_RULES, rule)
    return rule_id


@method("one.acl.info")
def info(call: Call) -> str:
    return markup.wrap("ACL_POOL", *(_render(rule) for rule in rules(call.state)))


def _hex(text: str) -> int:
    if not HEX.match(text):
        raise internal(f"Wrong HEX number {text}")
    return int(text, 16)


def _check(rule: Rule) -> None:
    if not any(rule.resource & bit for bit in TYPES.values()):
        raise internal("[resource] type is missing")
    if not rule.rights or rule.rights & ~sum(RIGHTS.values()):
        raise internal("Wrong [rights], it cannot be bigger than 0xF")
    for name, number in (("user", rule.user), ("resource", rule.resource), ("zone", rule.zone)):
        if not number & (ALL | ONE | OF_GROUP | OF_CLUSTER):
            raise internal(f"[{name}] is missing one of the *, #, @ or % flags")


def _render(obj: Obj) -> str:
    rule = rule_of(obj)
    return markup.wrap(
        "ACL",
        markup.tag("ID", obj["id"]),
        *(markup.tag(name.upper(), f"{number:x}") for name, number in rule._asdict().items()),
        markup.tag("STRING", rule.text()),
    )
