"""``one.user.*``: accounts, their groups, passwords, tokens and quotas."""

from __future__ import annotations

from typing import Any

from .. import markup
from ..calls import APPEND, BOOL, INT, NO, STRING, Call, method, optional
from ..errors import ACTION, bad_action, internal
from ..kinds import GROUP, USER
from ..objects import check_name, check_name_is_free, get, read_template
from ..state import Obj, State, newest_first
from ..templates import Template, merged
from . import quotas
from .authorization import ADMIN, MANAGE, ONEADMIN, USE, Authorization, is_visible
from .rules import ONE, drop_rules_of
from .sessions import CORE, digest, new_token

USERS_GROUP = 1
MYSELF = -1
FOR_EVER = -1
HASHED = (CORE, "server_cipher", "server_x509")


def stored_password(password: str, driver: str) -> str:
    """``core`` and the servers' own passwords are kept as digests, those of other drivers as they are."""
    return digest(password) if driver in HASHED else password


def new_user(state: State, name: str, password: str, driver: str, gid: int, **fields: Any) -> Obj:
    """Add an account."""
    user: Obj = {
        "id": state.new_id(USER),
        "name": name,
        "gid": gid,
        "gname": state.kinds[GROUP.name][gid]["name"],
        "groups": [gid],
        "password": stored_password(password, driver),
        "driver": driver,
        "enabled": True,
        "tokens": [],
        "template": {"TOKEN_PASSWORD": [new_token()]},
        "quotas": {},
        **fields,
    }
    return state.add(USER.name, user)


def check_password(password: str, full_stop: str = ".") -> None:
    if not password:
        raise internal(f"Invalid password, it cannot be empty{full_stop}")
    for character in password:
        if character.isspace():
            raise internal(f"Invalid password, character '{character}' is not allowed{full_stop}")


@method("one.user.allocate", STRING, STRING, STRING, optional("array", []))
def allocate(call: Call, name: str, password: str, driver: str, groups: list[int]) -> int:
    Authorization(call).need_create(USER).check()
    for gid in groups:
        get(call, GROUP, gid)
    check_name(USER, name)
    check_name_is_free(call, USER, name, call.uid)
    check_password(password)
    members = groups or [USERS_GROUP]
    user = new_user(call.state, name, password, driver or CORE, members[0])
    return int(call.state.edit(USER.name, user, groups=sorted(set(members)))["id"])


@method("one.user.delete", INT)
def delete(call: Call, user_id: int) -> int:
    user = get(call, USER, user_id)
    Authorization(call).need(ADMIN, USER, user).check()
    if user_id == ONEADMIN:
        raise bad_action("Cannot delete user. oneadmin cannot be deleted.")
    call.state.drop(USER.name, user)
    drop_rules_of(call.state, ONE | user_id)
    return user_id


def render_user(user: Obj) -> str:
    tokens = [
        markup.wrap(
            "LOGIN_TOKEN",
            markup.tag("TOKEN", token["token"]),
            markup.tag("EXPIRATION_TIME", token["expires"]),
            markup.tag("EGID", token["egid"]),
        )
        for token in user["tokens"]
    ]
    return "".join(
        (
            markup.tag("ID", user["id"]),
            markup.tag("GID", user["gid"]),
            markup.ids("GROUPS", user["groups"]),
            markup.tag("GNAME", user["gname"]),
            markup.tag("NAME", user["name"]),
            markup.cdata("PASSWORD", user["password"]),
            markup.cdata("AUTH_DRIVER", user["driver"]),
            markup.tag("ENABLED", int(user["enabled"])),
            *tokens,
            markup.template("TEMPLATE", user["template"]),
        )
    )


@method("one.user.info", INT, NO)
def info(call: Call, user_id: int, decrypt: bool) -> str:
    user = call.user if user_id == MYSELF else get(call, USER, user_id)
    Authorization(call).need(USE, USER, user).check()
    return markup.wrap(
        "USER",
        render_user(user),
        quotas.render_owner(call.state, USER, user),
        quotas.render_defaults(call.state, USER),
    )


@method("one.userpool.info")
def pool(call: Call) -> str:
    """Users and their quotas are siblings, in turn."""
    parts = []
    for user in newest_first(call.state.all(USER.name)):
        if is_visible(call, USER, user):
            own = quotas.render_owner(call.state, USER, user)
            parts += [
                markup.wrap("USER", render_user(user)),
                markup.wrap("QUOTAS", markup.tag("ID", user["id"]), own),
            ]
    return markup.wrap("USER_POOL", *parts, quotas.render_defaults(call.state, USER))


@method("one.user.update", INT, STRING, APPEND)
def update(call: Call, user_id: int, text: str, append: int) -> int:
    user = get(call, USER, user_id)
    Authorization(call).need(MANAGE, USER, user).check()
    changes = read_template(text)
    kept: Template = {"TOKEN_PASSWORD": user["template"]["TOKEN_PASSWORD"]}
    call.state.edit(USER.name, user, template=merged(user["template"] if append else kept, changes))
    return user_id


@method("one.user.passwd", INT, STRING)
def passwd(call: Call, user_id: int, password: str) -> int:
    user = get(call, USER, user_id)
    Authorization(call).need(MANAGE, USER, user).check()
    if not password:
        raise bad_action("Invalid password, it cannot be empty")
    check_password(password, "")
    call.state.edit(USER.name, user, password=stored_password(password, user["driver"]), tokens=[])
    return user_id


@method("one.user.chauth", INT, STRING, STRING)
def chauth(call: Call, user_id: int, driver: str, password: str) -> int:
    user = get(call, USER, user_id)
    Authorization(call).need(ADMIN, USER, user).check()
    changes: dict[str, Any] = {"driver": driver or user["driver"]}
    if password:
        check_password(password, "")
        changes["password"] = stored_password(password, changes["driver"])
    call.state.edit(USER.name, user, **changes)
    return user_id


@method("one.user.enable", INT, BOOL)
def enable(call: Call, user_id: int, enabled: bool) -> int:
    """Who is disabled loses all tokens."""
    user = get(call, USER, user_id)
    Authorization(call).need(ADMIN, USER, user).check()
    call.state.edit(USER.name, user, enabled=enabled, tokens=user["tokens"] if enabled else [])
    return user_id


@method("one.user.login", STRING, STRING, INT, optional("int", -1))
def login(call: Call, name: str, token: str, valid: int, egid: int) -> str:
    """A token that works as a password for ``valid`` seconds; 0 takes it back."""
    user = call.state.find(USER.name, name=name)
    if user is None:
        raise internal(f"User {name} not found.")
    Authorization(call).need(MANAGE, USER, user).check()
    kept = [other for other in user["tokens"] if other["token"] != token]
    if valid == 0:
        call.state.edit(USER.name, user, tokens=kept if token else [])
        return token
    made = token or new_token()
    expires = FOR_EVER if valid < 0 else call.cloud.now() + valid
    call.state.edit(USER.name, user, tokens=[*kept, {"token": made, "expires": expires, "egid": egid}])
    return made


@method("one.user.chgrp", INT, INT)
def chgrp(call: Call, user_id: int, gid: int) -> int:
    """The primary group; a former one stays only if it was joined as well."""
    user, group = _user_and_group(call, user_id, gid)
    groups = {member for member in user["groups"] if member != user["gid"]} | {gid}
    call.state.edit(USER.name, user, gid=gid, gname=group["name"], groups=sorted(groups))
    return user_id


@method("one.user.addgroup", INT, INT)
def addgroup(call: Call, user_id: int, gid: int) -> int:
    user, _ = _user_and_group(call, user_id, gid)
    if gid in user["groups"]:
        raise bad_action("User is already in this group")
    call.state.edit(USER.name, user, groups=sorted([*user["groups"], gid]))
    return user_id


@method("one.user.delgroup", INT, INT)
def delgroup(call: Call, user_id: int, gid: int) -> int:
    user, _ = _user_and_group(call, user_id, gid)
    if gid == user["gid"]:
        raise bad_action("Cannot remove user from the primary group")
    if gid not in user["groups"]:
        raise bad_action("User is not part of this group")
    call.state.edit(USER.name, user, groups=[member for member in user["groups"] if member != gid])
    return user_id


def _user_and_group(call: Call, user_id: int, gid: int) -> tuple[Obj, Obj]:
    user, group = get(call, USER, user_id), get(call, GROUP, gid)
    Authorization(call).need(MANAGE, USER, user).need(USE, GROUP, group).check()
    return user, group


@method("one.user.quota", INT, STRING)
def quota(call: Call, user_id: int, text: str) -> int:
    user = get(call, USER, user_id)
    Authorization(call).need(ADMIN, USER, user).check()
    suffix = f",UID={user_id}" if call.release.names_owner_of_quota else ""
    limits = quotas.set_limits(user["quotas"], read_template(text, ACTION), suffix=suffix)
    call.state.edit(USER.name, user, quotas=limits)
    return user_id
