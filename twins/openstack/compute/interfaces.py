"""Ports of a server: https://docs.openstack.org/api-ref/compute/#port-interfaces-servers-os-interface."""

from __future__ import annotations

from ..errors import ApiError, bad_request, forbidden, not_found
from ..network import ports
from ..network.quotas import check_quota
from ..state import Obj
from ..wire import Call, Reply, Route
from . import nics
from .guard import check_state
from .lifecycle import bind, touch
from .servers import fetch

ATTACHABLE = ("active", "paused", "stopped")


def show_port(call: Call, port: Obj) -> Obj:
    shown = {
        "net_id": port["network_id"],
        "port_id": port["id"],
        "mac_addr": port["mac_address"],
        "port_state": port["status"],
        "fixed_ips": port["fixed_ips"],
    }
    if call.version >= (2, 70):
        shown["tag"] = None
    return shown


def list_all(call: Call) -> Obj:
    found = call.state.where("ports", "device_id", fetch(call)["id"])
    return {"interfaceAttachments": [show_port(call, port) for port in found]}


def show(call: Call) -> Obj:
    port = call.state.get("ports", call.params["port_id"])
    server = fetch(call)
    if port is None or port["device_id"] != server["id"]:
        raise not_found(f"Instance {server['id']} does not have a port with id {call.params['port_id']}")
    return {"interfaceAttachment": show_port(call, port)}


def create(call: Call) -> Obj:
    """With a port, with a network, or with nothing (the project's only network)."""
    server = fetch(call)
    body = (call.body or {}).get("interfaceAttachment") or {}
    check_state(server, "attach_interface", ATTACHABLE)
    port = wanted_port(call, body["port_id"]) if body.get("port_id") else make_port(call, server, body)
    call.state.edit("ports", port, device_id=server["id"], device_owner=f"compute:{server['zone']}")
    bind(call.cloud, port, server["host"])
    touch(call.cloud, server)
    return {"interfaceAttachment": show_port(call, port)}


def wanted_port(call: Call, key: str) -> Obj:
    """What is a bad request while a server is created is not found here."""
    if call.state.get("ports", key) is None:
        raise not_found(f"Port id {key} could not be found.")
    port: Obj = nics.check_port(call, key)["port"]
    return port


def make_port(call: Call, server: Obj, body: Obj) -> Obj:
    wanted = [{"uuid": body["net_id"]}] if body.get("net_id") else None
    found = nics.check_networks(call, {"networks": wanted})
    if not found:
        raise bad_request("No free port available in the given network or no network available.")
    try:
        check_quota(call, "port", "ports", server["project_id"])
    except ApiError:
        raise forbidden("Maximum number of ports exceeded") from None
    port = ports.make(
        call,
        network_id=found[0]["network"]["id"],
        fixed_ips=body.get("fixed_ips") or None,
        project_id=server["project_id"],
    )
    server["own_ports"].append(port["id"])
    return port


def delete(call: Call) -> Reply:
    """Detaching is asynchronous; an unknown port is only found out later."""
    server = fetch(call)
    check_state(server, "detach_interface", ATTACHABLE)
    call.cloud.schedule("server.detach_interface", server["id"], call.params["port_id"])
    return Reply(202)


PATH = "/servers/{id}/os-interface"
ROUTES = [
    Route("GET", PATH, "server_interface.list", list_all),
    Route("POST", PATH, "server_interface.create", create),
    Route("GET", PATH + "/{port_id}", "server_interface.show", show),
    Route("DELETE", PATH + "/{port_id}", "server_interface.delete", delete),
]
