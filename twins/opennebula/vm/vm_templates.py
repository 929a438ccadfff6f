"""``one.template.*`` and ``one.vm.allocate``: templates, and machines made from them."""

from __future__ import annotations

from .. import markup
from ..access.authorization import MANAGE, USE, Authorization, is_admin
from ..calls import INT, NO, STRING, TEXT, Call, method
from ..errors import bad_action, unauthorized
from ..infrastructure.images import delete as delete_image
from ..infrastructure.restrictions import restricted_attribute
from ..kinds import IMAGE, VM, VM_TEMPLATE, VNET
from ..objects import check_name, check_name_is_free, get, header, owned, read_template, taken_name
from ..pools import register_paged_pool, rendered
from ..state import Obj
from ..templates import Template, copy, first, integer, is_yes, merged, vectors
from .build import Plan, build
from .disks import NoDisk, described, image_of
from .nics import next_vm_id


@method("one.template.allocate", STRING)
def allocate(call: Call, text: str) -> int:
    Authorization(call).need_create(VM_TEMPLATE).check()
    template = read_template(text)
    _check_restricted(call, template)
    name = taken_name(template)
    check_name(VM_TEMPLATE, name)
    check_name_is_free(call, VM_TEMPLATE, name, call.uid)
    return _add(call, name, template)


def _add(call: Call, name: str, template: Template) -> int:
    made = owned(call, VM_TEMPLATE, name, template, registered=call.cloud.now())
    return int(call.state.add(VM_TEMPLATE.name, made)["id"])


def _check_restricted(call: Call, template: Template, whose: str = "Template") -> None:
    refused = "" if is_admin(call.user) else restricted_attribute("VM", template)
    if refused:
        raise unauthorized(f"User [{call.uid}] : {whose} includes a restricted attribute {refused}.")


@method("one.template.delete", INT, NO)
def delete(call: Call, template_id: int, with_images: bool) -> int:
    template = get(call, VM_TEMPLATE, template_id)
    Authorization(call).need(MANAGE, VM_TEMPLATE, template).check()
    if with_images:
        _delete_images(call, template)
    call.state.drop(VM_TEMPLATE.name, template)
    return template_id


def _delete_images(call: Call, template: Obj) -> None:
    for disk in vectors(template["template"], "DISK"):
        image_id = integer(disk.get("IMAGE_ID", ""))
        if image_id is not None and call.state.get(IMAGE.name, image_id):
            delete_image(call, image_id, False)


@method("one.template.clone", INT, STRING, NO)
def clone(call: Call, template_id: int, name: str, recursive: bool) -> int:
    template = get(call, VM_TEMPLATE, template_id)
    Authorization(call).need_create(VM_TEMPLATE).need(USE, VM_TEMPLATE, template).check()
    check_name(VM_TEMPLATE, name)
    check_name_is_free(call, VM_TEMPLATE, name, call.uid)
    return _add(call, name, copy(template["template"]))


@method("one.template.instantiate", INT, STRING, NO, TEXT, NO)
def instantiate(call: Call, template_id: int, name: str, hold: bool, extra: str, persistent: bool) -> int:
    """``extra`` replaces whole attributes; ordinary users then need to be allowed to make templates."""
    template = get(call, VM_TEMPLATE, template_id)
    changes = read_template(extra)
    changes.pop("NAME", None)
    if is_yes(first(template["template"], "VROUTER")):
        raise bad_action("Virtual router templates cannot be instantiated")
    _check_restricted(call, changes, "User Template")
    authorization = Authorization(call).need(USE, VM_TEMPLATE, template)
    if changes:
        authorization.need_create(VM_TEMPLATE)
        _need_devices(call, authorization, changes)
    authorization.check()
    plan = Plan(
        name=name or f"{template['name']}-{next_vm_id(call.state)}",
        template=merged(template["template"], changes),
        uid=call.uid,
        gid=call.gid,
        hold=hold,
        extra={"TEMPLATE_ID": [str(template_id)]},
    )
    return int(build(call, plan)["id"])


@method("one.vm.allocate", STRING, NO)
def allocate_vm(call: Call, text: str, hold: bool) -> int:
    template = read_template(text)
    name = taken_name(template)
    _check_restricted(call, template)
    authorization = Authorization(call).need_create(VM)
    _need_devices(call, authorization, template)
    authorization.check()
    failing = "Error allocating a new virtual machine. "
    return int(build(call, Plan(name, template, call.uid, call.gid, hold, failing))["id"])


def _need_devices(call: Call, authorization: Authorization, template: Template) -> None:
    """The images and networks that are named must be usable; those that do not exist are refused later."""
    for attribute, kind in (("DISK", IMAGE), ("NIC", VNET)):
        id_name = "IMAGE_ID" if kind == IMAGE else "NETWORK_ID"
        for device in vectors(template, attribute):
            obj = call.state.get(kind.name, integer(device.get(id_name, "")))
            if obj is not None:
                authorization.need(USE, kind, obj)


def render(template: Obj) -> str:
    return markup.wrap(
        "VMTEMPLATE",
        header(template),
        markup.tag("REGTIME", template["registered"]),
        markup.template("TEMPLATE", template["template"]),
    )


@method("one.template.info", INT, NO, NO)
def info(call: Call, template_id: int, extended: bool, decrypt: bool) -> str:
    """Extended: disks with all that their images add."""
    template = get(call, VM_TEMPLATE, template_id)
    Authorization(call).need(USE, VM_TEMPLATE, template, locks=False).check()
    if not extended:
        return render(template)
    filled = copy(template["template"])
    disks = []
    for disk_id, disk in enumerate(vectors(filled, "DISK")):
        try:
            image = image_of(call, disk, disk_id)
        except NoDisk:
            image = None
        disks.append(described(call.state, image, disk, disk_id) if image else disk)
    if disks:
        filled["DISK"] = list(disks)
    return render({**template, "template": filled})


register_paged_pool("one.templatepool.info", VM_TEMPLATE, rendered(render))
