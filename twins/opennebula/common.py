"""``chown``, ``chmod``, ``rename``, ``update``, ``lock`` and ``unlock``, which most kinds of objects have alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .access import quotas
from .access.authorization import ADMIN, MANAGE, USE, Authorization
from .calls import APPEND, INT, NO, STRING, Call, method
from .errors import bad_action
from .kinds import CLUSTER, DATASTORE, GROUP, HOST, IMAGE, SECURITY_GROUP, USER, VIRTUAL_ROUTER, VM, VM_TEMPLATE, VNET
from .kinds import Kind as AnyKind
from .network.security_groups import check_rules
from .network.vnets import check_and_complete
from .objects import check_name, check_name_is_free, get, read_template
from .state import Obj
from .templates import Template, merged

KEEP = -1
LOCK_LEVELS = (1, 2, 3, 4)  # use, manage, admin, all
Amend = Callable[[Call, Obj, Template], Template]  # (call, object, its template to be) → as it is kept


class Sort(NamedTuple):
    """A kind with the methods it has; ``text`` is where its template is kept."""

    prefix: str
    kind: AnyKind
    has_owner: bool = True
    has_lock: bool = True
    text: str = "template"
    amend: Amend | None = None


def _with_valid_rules(call: Call, obj: Obj, template: Template) -> Template:
    check_rules(template)
    return template


SORTS = (
    Sort("vm", VM, text="user_template"),
    Sort("template", VM_TEMPLATE),
    Sort("image", IMAGE),
    Sort("vn", VNET, amend=check_and_complete),
    Sort("vrouter", VIRTUAL_ROUTER, amend=lambda call, router, template: _keeping(router, template, "NIC")),
    Sort("secgroup", SECURITY_GROUP, has_lock=False, amend=_with_valid_rules),
    Sort("datastore", DATASTORE, has_lock=False),
    Sort("host", HOST, has_owner=False, has_lock=False),
    Sort("cluster", CLUSTER, has_owner=False, has_lock=False),
    Sort("group", GROUP, has_owner=False, has_lock=False),
)


def _keeping(obj: Obj, template: Template, name: str) -> Template:
    """``template`` with the attribute that only methods of its own change."""
    kept = {name: obj["template"][name]} if name in obj["template"] else {}
    return {**template, **kept}


def _register_update(sort: Sort) -> None:
    kind = sort.kind

    @method(f"one.{sort.prefix}.update", INT, STRING, APPEND)
    def update(call: Call, object_id: int, text: str, append: int) -> int:
        """0 replaces the template, 1 merges into it."""
        obj = get(call, kind, object_id)
        Authorization(call).need(MANAGE, kind, obj).check()
        changes = read_template(text)
        changes.pop("NAME", None)
        template = merged(obj[sort.text] if append else {}, changes)
        if sort.amend is not None:
            template = sort.amend(call, obj, template)
        call.state.edit(kind.name, obj, **{sort.text: template})
        return object_id


def _register_rename(sort: Sort) -> None:
    kind = sort.kind

    @method(f"one.{sort.prefix}.rename", INT, STRING)
    def rename(call: Call, object_id: int, name: str) -> int:
        obj = get(call, kind, object_id)
        Authorization(call).need(MANAGE, kind, obj).check()
        check_name(kind, name)
        check_name_is_free(call, kind, name, obj.get("uid", call.uid), but=object_id)
        call.state.edit(kind.name, obj, name=name)
        return object_id


def _register_owner(sort: Sort) -> None:
    kind = sort.kind

    @method(f"one.{sort.prefix}.chown", INT, INT, INT)
    def chown(call: Call, object_id: int, uid: int, gid: int) -> int:
        """-1 keeps the owner or the group. What the object counts for moves along, within the quotas."""
        authorization = Authorization(call)
        user = get(call, USER, uid) if uid > KEEP else None
        group = get(call, GROUP, gid) if gid > KEEP else None
        obj = get(call, kind, object_id)
        authorization.need(MANAGE, kind, obj)
        if user is not None:
            authorization.need(MANAGE, USER, user)
        if group is not None:
            authorization.need(USE, GROUP, group)
        authorization.check()
        owner = {"uid": uid, "uname": user["name"]} if user else {}
        members = {"gid": gid, "gname": group["name"]} if group else {}
        if user is not None:
            check_name_is_free(call, kind, obj["name"], uid, but=object_id)
        _check_quotas(call, kind, obj, uid, gid)
        call.state.edit(kind.name, obj, **owner, **members)
        return object_id

    @method(f"one.{sort.prefix}.chmod", INT, *[INT] * 9)
    def chmod(call: Call, object_id: int, *bits: int) -> int:
        """Use, manage and admin bits of owner, group and others; -1 keeps one. Admin bits need ADMIN."""
        obj = get(call, kind, object_id)
        right = ADMIN if any(bits[place] == 1 for place in (2, 5, 8)) else MANAGE
        Authorization(call).need(right, kind, obj).check()
        permissions = [
            old if new == KEEP else int(bool(new)) for old, new in zip(obj["permissions"], bits, strict=True)
        ]
        call.state.edit(kind.name, obj, permissions=permissions)
        return object_id


def _check_quotas(call: Call, kind: AnyKind, obj: Obj, uid: int, gid: int) -> None:
    """Only an owner or a group that is new gets more to count."""
    new_uid = uid if uid > KEEP and uid != obj["uid"] else quotas.ONEADMIN
    new_gid = gid if gid > KEEP and gid != obj["gid"] else quotas.ONEADMIN
    requests: list[quotas.Request] = []
    if kind == VM and not quotas.is_done(obj):
        requests = quotas.vm_request(obj)
    elif kind == IMAGE:
        requests = [quotas.image_request(obj)]
    elif kind == VIRTUAL_ROUTER:
        requests = quotas.router_requests(obj)
    quotas.check(call, new_uid, new_gid, requests)


def _register_lock(sort: Sort) -> None:
    kind = sort.kind

    @method(f"one.{sort.prefix}.lock", INT, INT, NO)
    def lock(call: Call, object_id: int, level: int, test: bool) -> int:
        obj = get(call, kind, object_id)
        Authorization(call).need(MANAGE, kind, obj, locks=False).check()
        if level not in LOCK_LEVELS:
            raise bad_action("Wrong lock level specified")
        if test and obj["lock"]:
            raise bad_action("Error trying to lock the resource.")
        held = {"level": level, "owner": call.uid, "time": call.cloud.now(), "request_id": call.state.next_number()}
        call.state.edit(kind.name, obj, lock=held)
        return object_id

    @method(f"one.{sort.prefix}.unlock", INT)
    def unlock(call: Call, object_id: int) -> int:
        obj = get(call, kind, object_id)
        Authorization(call).need(MANAGE, kind, obj, locks=False).check()
        call.state.edit(kind.name, obj, lock=None)
        return object_id


for _sort in SORTS:
    _register_update(_sort)
    if _sort.kind != GROUP:
        _register_rename(_sort)
    if _sort.has_owner:
        _register_owner(_sort)
    if _sort.has_lock:
        _register_lock(_sort)
