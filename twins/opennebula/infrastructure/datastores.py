"""``one.datastore.*``: where images and disks lie."""

from __future__ import annotations

from .. import markup
from ..access.authorization import ADMIN, MANAGE, Authorization
from ..calls import BOOL, INT, STRING, Call, method
from ..errors import bad_action
from ..kinds import CLUSTER, DATASTORE, IMAGE
from ..objects import check_name, check_name_is_free, get, header, owned, read_template, taken_name
from ..pools import register_info, register_pool
from ..state import Obj, State
from ..templates import Template, first
from .clusters import DEFAULT_CLUSTER

TYPES = {"IMAGE_DS": 0, "SYSTEM_DS": 1, "FILE_DS": 2, "BACKUP_DS": 3}
IMAGES, SYSTEM, FILES = 0, 1, 2
LOCATION = "/var/lib/one/var//datastores"
IMAGE_SPACE = (20480, 20480, 9720)  # MB: total, free, used; constant in the dummy driver
SYSTEM_SPACE = (4796800, 3333260, 1429920)


def free_mb(datastore: Obj) -> int:
    return (SYSTEM_SPACE if datastore["type"] == SYSTEM else IMAGE_SPACE)[1]


def images_in(state: State, datastore_id: int) -> list[int]:
    return [image["id"] for image in state.all(IMAGE.name) if image["datastore_id"] == datastore_id]


@method("one.datastore.allocate", STRING, INT)
def allocate(call: Call, text: str, cluster_id: int) -> int:
    cluster = get(call, CLUSTER, DEFAULT_CLUSTER if cluster_id < 0 else cluster_id)
    Authorization(call).need_create(DATASTORE).need(ADMIN, CLUSTER, cluster).check()
    template = read_template(text)
    name = taken_name(template)
    check_name(DATASTORE, name)
    check_name_is_free(call, DATASTORE, name, call.uid)
    template.setdefault("TYPE", ["IMAGE_DS"])
    if not first(template, "TM_MAD"):
        raise bad_action("No TM_MAD in template.")
    fields = fields_of(template, [cluster["id"]])
    return int(call.state.add(DATASTORE.name, owned(call, DATASTORE, name, template, **fields))["id"])


def fields_of(template: Template, clusters: list[int]) -> Obj:
    return {"type": TYPES.get(first(template, "TYPE"), IMAGES), "enabled": True, "clusters": clusters}


@method("one.datastore.delete", INT)
def delete(call: Call, datastore_id: int) -> int:
    datastore = get(call, DATASTORE, datastore_id)
    Authorization(call).need(MANAGE, DATASTORE, datastore).check()
    if datastore_id < DATASTORE.first_id:
        raise bad_action("Cannot delete datastore. System Datastores (ID < 100) cannot be deleted.")
    if images_in(call.state, datastore_id):
        raise bad_action(f"Cannot delete datastore. Datastore {datastore_id} is not empty.")
    call.state.drop(DATASTORE.name, datastore)
    return datastore_id


@method("one.datastore.enable", INT, BOOL)
def enable(call: Call, datastore_id: int, enabled: bool) -> int:
    """Only system datastores are ever disabled."""
    datastore = get(call, DATASTORE, datastore_id)
    Authorization(call).need(MANAGE, DATASTORE, datastore).check()
    if datastore["type"] != SYSTEM:
        raise bad_action("Only System Datastores can be disabled")
    call.state.edit(DATASTORE.name, datastore, enabled=enabled)
    return datastore_id


def render(call: Call, datastore: Obj) -> str:
    template: Template = datastore["template"]
    total, free, used = SYSTEM_SPACE if datastore["type"] == SYSTEM else IMAGE_SPACE
    return markup.wrap(
        "DATASTORE",
        header(datastore),
        markup.cdata("DS_MAD", first(template, "DS_MAD", "-")),
        markup.cdata("TM_MAD", first(template, "TM_MAD")),
        markup.cdata("BASE_PATH", f"{LOCATION}/{datastore['id']}"),
        markup.tag("TYPE", datastore["type"]),
        markup.tag("DISK_TYPE", 0),
        markup.tag("STATE", int(not datastore["enabled"])),
        markup.ids("CLUSTERS", datastore["clusters"]),
        markup.tag("TOTAL_MB", total),
        markup.tag("FREE_MB", free),
        markup.tag("USED_MB", used),
        markup.ids("IMAGES", images_in(call.state, datastore["id"])),
        markup.template("TEMPLATE", template),
    )


register_info("datastore", DATASTORE, render)
register_pool("one.datastorepool.info", DATASTORE, render)
