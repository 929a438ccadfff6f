"""May this user do that: permission bits, ACL rules and locks, and the sentence of a refusal."""

from __future__ import annotations

from ..calls import Call
from ..errors import unauthorized
from ..kinds import GROUP, USER, Kind
from ..state import Obj
from .rules import grants

USE, MANAGE, ADMIN, CREATE = "USE", "MANAGE", "ADMIN", "CREATE"
PLACE = {USE: 0, MANAGE: 1, ADMIN: 2}
OWNER, OF_GROUP, OTHER = 0, 3, 6
ONEADMIN = 0
LOCKED_OPERATIONS = {1: (USE, MANAGE, ADMIN), 2: (MANAGE, ADMIN), 3: (ADMIN,), 4: (USE, MANAGE, ADMIN)}


def is_admin(user: Obj) -> bool:
    """oneadmin and everyone in the group oneadmin."""
    return user["id"] == ONEADMIN or ONEADMIN in user["groups"]


class Authorization:
    """Collects what a call needs; :meth:`check` refuses with everything that is missing."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.missing: list[str] = []

    def need(self, right: str, kind: Kind, obj: Obj, locks: bool = True) -> Authorization:
        """``locks`` is false for the calls that a lock does not hold up."""
        if locks and is_locked(obj, right):
            if is_admin(self.call.user):
                self.missing.append(f"{kind.acl} is locked. [{obj['id']}]")
                return self
        elif may(self.call, right, kind, obj):
            return self
        self.missing.append(f"Not authorized to perform {right} {kind.acl} [{obj['id']}]")
        return self

    def need_create(self, kind: Kind) -> Authorization:
        user = self.call.user
        if not is_admin(user) and not grants(self.call.state, user, CREATE, kind, None):
            self.missing.append(f"Not authorized to perform {CREATE} {kind.acl}")
        return self

    def need_admin(self, what: str) -> Authorization:
        """For what only administrators may do, such as ``MANAGE ACL``."""
        if not is_admin(self.call.user):
            self.missing.append(f"Not authorized to perform {what}")
        return self

    def check(self) -> None:
        if self.missing:
            raise unauthorized(f"User [{self.call.uid}] : {'; '.join(self.missing)}.")


def may(call: Call, right: str, kind: Kind, obj: Obj) -> bool:
    user = call.user
    if is_admin(user):
        return True
    return right in owned_rights(user, kind, obj) or grants(call.state, user, right, kind, obj)


def owned_rights(user: Obj, kind: Kind, obj: Obj) -> set[str]:
    """What the object's own permissions give this user."""
    if kind == USER:
        return {USE, MANAGE} if obj["id"] == user["id"] else set()
    if kind == GROUP:
        return {USE} if obj["id"] in user["groups"] else set()
    if "permissions" not in obj:
        return set()
    bits = obj["permissions"]
    columns = [OTHER]
    if obj["uid"] == user["id"]:
        columns.append(OWNER)
    if obj["gid"] in user["groups"]:
        columns.append(OF_GROUP)
    return {right for right, place in PLACE.items() if any(bits[column + place] for column in columns)}


def is_locked(obj: Obj, right: str) -> bool:
    lock = obj.get("lock")
    return lock is not None and right in LOCKED_OPERATIONS[lock["level"]]


def is_visible(call: Call, kind: Kind, obj: Obj) -> bool:
    return may(call, USE, kind, obj)
