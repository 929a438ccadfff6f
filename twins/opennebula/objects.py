"""What all kinds of objects share: ids, names, owners, permissions, templates as text."""

from __future__ import annotations

from typing import Any

from . import markup, templates
from .calls import Call
from .errors import INTERNAL, OneError, internal, no_exists
from .kinds import IMAGE, SECURITY_GROUP, USER, VIRTUAL_ROUTER, VM, VM_TEMPLATE, VNET, Kind
from .state import Obj
from .templates import Template

NAME_PER_OWNER = (VNET, SECURITY_GROUP, VM_TEMPLATE, IMAGE)
NAME_NOT_UNIQUE = (VIRTUAL_ROUTER, VM)
REFUSED_CHARACTERS = "&|:\\\";/'#{}$<>"
REFUSED_IN_ACCOUNTS = " :\t\n\v\f\r"
LONGEST_NAME = 128
UMASK = 0o177
MASKED = (0o400, 0o200, 0o100, 0o040, 0o020, 0o010, 0o004, 0o002, 0o001)


def get(call: Call, kind: Kind, object_id: int) -> Obj:
    """The object, or the refusal for a missing one."""
    obj = call.state.get(kind.name, object_id)
    if obj is None:
        raise no_exists(kind.label, object_id)
    return obj


def read_template(text: str, code: int = INTERNAL) -> Template:
    try:
        return templates.parse(text)
    except templates.TemplateError as error:
        raise OneError(code, str(error)) from error


def taken_name(template: Template) -> str:
    """The NAME of a template, which then no longer holds it."""
    name = templates.first(template, "NAME")
    template.pop("NAME", None)
    return name


def check_name(kind: Kind, name: str, allowed: str = "") -> None:
    """``allowed`` are characters that a release lets pass."""
    full_stop = "." if kind == USER else ""
    if not name:
        raise internal(f"Invalid NAME, it cannot be empty{full_stop}")
    if len(name) > LONGEST_NAME:
        raise internal(f"Invalid NAME, max length is {LONGEST_NAME} chars{full_stop}")
    refused = REFUSED_IN_ACCOUNTS if kind == USER else REFUSED_CHARACTERS
    if kind.name == "groups":
        refused += REFUSED_IN_ACCOUNTS
    for character in name:
        if character in refused and character not in allowed:
            raise internal(f"Invalid NAME, char '{character}' is not allowed{full_stop}")


def check_name_is_free(call: Call, kind: Kind, name: str, uid: int, but: int = -1) -> None:
    """Names of some kinds are unique in the cloud, of others per owner, of a few not at all."""
    if kind in NAME_NOT_UNIQUE:
        return
    for obj in call.state.all(kind.name):
        if obj["name"] == name and obj["id"] != but and (kind not in NAME_PER_OWNER or obj["uid"] == uid):
            raise internal(f"NAME is already taken by {kind.taken} {obj['id']}.")


def owned(call: Call, kind: Kind, name: str, template: Template, **fields: Any) -> Obj:
    """A new object of the caller, with the permissions of the umask; not yet in the state."""
    user = call.user
    return {
        "id": call.state.new_id(kind),
        "uid": call.uid,
        "gid": call.gid,
        "uname": user["name"],
        "gname": user["gname"],
        "name": name,
        "permissions": [int(not UMASK & bit) for bit in MASKED],
        "lock": None,
        "template": template,
        **fields,
    }


def header(obj: Obj, lock: bool = True) -> str:
    """ID to PERMISSIONS, as most kinds begin."""
    return (
        owner(obj)
        + (lock_element(obj) if lock else "")
        + (markup.permissions(obj["permissions"]) if "permissions" in obj else "")
    )


def owner(obj: Obj) -> str:
    names = ("ID", "UID", "GID", "UNAME", "GNAME", "NAME")
    return "".join(markup.tag(name, obj[name.lower()]) for name in names)


def lock_element(obj: Obj) -> str:
    lock = obj.get("lock")
    if not lock:
        return ""
    return markup.wrap(
        "LOCK",
        markup.tag("LOCKED", lock["level"]),
        markup.tag("OWNER", lock["owner"]),
        markup.tag("TIME", lock["time"]),
        markup.tag("REQ_ID", lock["request_id"]),
    )
