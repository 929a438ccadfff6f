"""The network interfaces of a server to be: ports and networks checked, security groups found, ports made."""

from __future__ import annotations

from ..errors import ApiError, bad_request, conflict, forbidden
from ..network import ports, security_groups
from ..network.networks import NETWORKS
from ..network.quotas import check_quota
from ..schema import invalid
from ..state import Obj
from ..wire import Call


def check_networks(call: Call, body: Obj) -> list[Obj]:
    """The wanted ports and networks, all of them usable: ``[{"port": …} or {"network": …, "fixed_ip": "
    "…}]``."""
    wanted = body.get("networks")
    if wanted == "none":
        return []
    if wanted in (None, [], "auto"):
        return automatic(call, wanted == "auto")
    if not isinstance(wanted, list):
        raise invalid("networks", wanted, f"'{wanted}' is not valid under any of the given schemas")
    found = [check_port(call, item["port"]) if item.get("port") else check_network(call, item) for item in wanted]
    new = sum("network" in item for item in found)
    if new:
        try:
            check_quota(call, "port", "ports", call.project_id, new)
        except ApiError:
            raise forbidden("Maximum number of ports exceeded") from None
    return found


def automatic(call: Call, required: bool) -> list[Obj]:
    """Without a word about networks: the only one the project has."""
    owned = [net for net in call.state.where("networks", "project_id", call.project_id) if not net["router:external"]]
    if len(owned) > 1:
        raise conflict("Multiple possible networks found, use a Network ID to be more specific.")
    if not owned and required:
        raise bad_request(f"Unable to automatically allocate a network for project {call.project_id}")
    return [check_network(call, {"uuid": network["id"]}) for network in owned]


def check_port(call: Call, key: str) -> Obj:
    port = call.state.get("ports", key)
    if port is None or (port["project_id"] != call.project_id and not call.is_admin):
        raise bad_request(f"Port id {key} could not be found.")
    if port["device_id"]:
        raise conflict(f"Port {key} is still in use.")
    if not port["fixed_ips"]:
        raise bad_request(f"Port {key} requires a FixedIP in order to be used.")
    return {"port": port}


def check_network(call: Call, item: Obj) -> Obj:
    key = str(item.get("uuid") or item.get("net_id") or "")
    network = call.state.get("networks", key)
    if network is None or not NETWORKS.visible(call, network):
        raise bad_request(f"Network {key} could not be found.")
    if not call.state.where("subnets", "network_id", key):
        raise bad_request(f"Network {key} requires a subnet in order to boot instances on.")
    return {"network": network, "fixed_ip": item.get("fixed_ip")}


def check_groups(call: Call, body: Obj) -> list[str]:
    """The ids of the wanted security groups, by name or id."""
    wanted = body.get("security_groups") or [{"name": "default"}]
    return [group_of(call, str(item["name"])) for item in wanted]


def group_of(call: Call, name: str) -> str:
    if name == "default":
        return str(security_groups.default_of(call, call.project_id)["id"])
    groups = call.state.where("security_groups", "project_id", call.project_id)
    ids = [group["id"] for group in groups if name in (group["id"], group["name"])]
    if not ids:
        raise bad_request(f"Unable to find security_group with name or id '{name}'")
    if len(ids) > 1:
        raise conflict(f"Multiple security groups found matching '{name}'. Use an ID to be more specific.")
    return str(ids[0])


def make_ports(call: Call, server: Obj, wanted: list[Obj], groups: list[str]) -> str:
    """Give the server its ports: take the existing ones, make the others.

    Nova finds out only while it builds that an address cannot be had; then the reason is returned.
    """
    for item in wanted:
        try:
            port = item["port"] if "port" in item else make_port(call, server, item, groups)
        except ApiError as error:
            return error.message
        call.state.edit(
            "ports",
            port,
            device_id=server["id"],
            device_owner=f"compute:{server['zone']}",
            updated_at=call.stamp(),
            revision_number=port["revision_number"] + 1,
        )
    return ""


def make_port(call: Call, server: Obj, item: Obj, groups: list[str]) -> Obj:
    network, fixed_ip = item["network"], item.get("fixed_ip")
    if network["router:external"] and not call.is_admin and network["project_id"] != call.project_id:
        raise forbidden(f"It is not allowed to create an interface on external network {network['id']}")
    port = ports.make(
        call,
        network_id=network["id"],
        fixed_ips=[{"ip_address": fixed_ip}] if fixed_ip else None,
        security_groups=groups if network["port_security_enabled"] else [],
        project_id=server["project_id"],
    )
    server["own_ports"].append(port["id"])
    return port
