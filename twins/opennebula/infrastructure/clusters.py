"""``one.cluster.*`` and ``one.zone.*``."""

from __future__ import annotations

from .. import markup
from ..access.authorization import ADMIN, Authorization
from ..calls import INT, STRING, Call, method
from ..errors import OneError, bad_action, not_allocated
from ..kinds import CLUSTER, DATASTORE, HOST, VNET, ZONE, Kind
from ..objects import check_name, check_name_is_free, get
from ..pools import register_info, register_pool, rendered
from ..state import Obj, State

DEFAULT_CLUSTER = 0
RESERVED = {"RESERVED_CPU": [""], "RESERVED_MEM": [""]}


def new_cluster(state: State, name: str) -> Obj:
    return state.add(CLUSTER.name, {"id": state.new_id(CLUSTER), "name": name, "template": dict(RESERVED)})


def members(state: State, kind: Kind, cluster_id: int) -> list[int]:
    """The hosts, datastores or networks of a cluster."""
    if kind == HOST:
        return [host["id"] for host in state.all(HOST.name) if host["cluster_id"] == cluster_id]
    return [obj["id"] for obj in state.all(kind.name) if cluster_id in obj["clusters"]]


@method("one.cluster.allocate", STRING)
def allocate(call: Call, name: str) -> int:
    Authorization(call).need_create(CLUSTER).check()
    try:
        check_name(CLUSTER, name)
        check_name_is_free(call, CLUSTER, name, call.uid)
    except OneError as error:
        if not call.release.wraps_taken_names:
            raise
        raise not_allocated(f"Error allocating a new cluster. {error.message}") from error
    return int(new_cluster(call.state, name)["id"])


@method("one.cluster.delete", INT)
def delete(call: Call, cluster_id: int) -> int:
    cluster = _administered(call, cluster_id)
    if cluster_id < CLUSTER.first_id:
        raise bad_action("Cannot delete cluster. System Clusters (ID < 100) cannot be deleted.")
    for kind in (HOST, DATASTORE, VNET):
        left = members(call.state, kind, cluster_id)
        if left:
            words = {HOST: "hosts", DATASTORE: "datastores", VNET: "vnets"}[kind]
            raise bad_action(
                f"Cannot delete cluster. Cluster {cluster_id} is not empty, it contains {len(left)} {words}."
            )
    call.state.drop(CLUSTER.name, cluster)
    return cluster_id


@method("one.cluster.addhost", INT, INT)
def addhost(call: Call, cluster_id: int, host_id: int) -> int:
    """A host is in one cluster only."""
    _administered(call, cluster_id)
    call.state.edit(HOST.name, get(call, HOST, host_id), cluster_id=cluster_id)
    return cluster_id


@method("one.cluster.delhost", INT, INT)
def delhost(call: Call, cluster_id: int, host_id: int) -> int:
    """It goes back to the default cluster."""
    _administered(call, cluster_id)
    call.state.edit(HOST.name, get(call, HOST, host_id), cluster_id=DEFAULT_CLUSTER)
    return cluster_id


def _register_members(word: str, kind: Kind) -> None:
    @method(f"one.cluster.add{word}", INT, INT)
    def add(call: Call, cluster_id: int, member_id: int) -> int:
        _administered(call, cluster_id)
        member = get(call, kind, member_id)
        call.state.edit(kind.name, member, clusters=sorted({*member["clusters"], cluster_id}))
        return cluster_id

    @method(f"one.cluster.del{word}", INT, INT)
    def remove(call: Call, cluster_id: int, member_id: int) -> int:
        _administered(call, cluster_id)
        member = get(call, kind, member_id)
        call.state.edit(kind.name, member, clusters=[other for other in member["clusters"] if other != cluster_id])
        return cluster_id


_register_members("datastore", DATASTORE)
_register_members("vnet", VNET)


def _administered(call: Call, cluster_id: int) -> Obj:
    cluster = get(call, CLUSTER, cluster_id)
    Authorization(call).need(ADMIN, CLUSTER, cluster).check()
    return cluster


def render(call: Call, cluster: Obj) -> str:
    return markup.wrap(
        "CLUSTER",
        markup.tag("ID", cluster["id"]),
        markup.tag("NAME", cluster["name"]),
        *(
            markup.ids(element, members(call.state, kind, cluster["id"]))
            for element, kind in (("HOSTS", HOST), ("DATASTORES", DATASTORE), ("VNETS", VNET))
        ),
        markup.template("TEMPLATE", cluster["template"]),
    )


def render_zone(zone: Obj) -> str:
    return markup.wrap(
        "ZONE",
        markup.tag("ID", zone["id"]),
        markup.tag("NAME", zone["name"]),
        markup.tag("STATE", 0),
        markup.template("TEMPLATE", zone["template"]),
        "<SERVER_POOL></SERVER_POOL>",
    )


register_info("cluster", CLUSTER, render)
register_pool("one.clusterpool.info", CLUSTER, render)
register_info("zone", ZONE, rendered(render_zone))
register_pool("one.zonepool.info", ZONE, rendered(render_zone))
