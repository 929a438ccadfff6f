"""How Nova shows a server: https://docs.openstack.org/api-ref/compute/#show-server-details.

The set of fields grows with the microversion; some fields are for admins.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..state import Obj
from ..wire import Call

STATUS = {
    "active": "ACTIVE",
    "building": "BUILD",
    "stopped": "SHUTOFF",
    "paused": "PAUSED",
    "suspended": "SUSPENDED",
    "rescued": "RESCUE",
    "resized": "VERIFY_RESIZE",
    "error": "ERROR",
    "deleted": "DELETED",
}
STATUS_BY_TASK = {
    ("active", "rebooting"): "REBOOT",
    ("active", "rebooting_hard"): "HARD_REBOOT",
    ("active", "resize_prep"): "RESIZE",
    ("stopped", "resize_prep"): "RESIZE",
    ("stopped", "rebooting_hard"): "HARD_REBOOT",
    ("paused", "rebooting_hard"): "HARD_REBOOT",
    ("suspended", "rebooting_hard"): "HARD_REBOOT",
    ("error", "rebooting_hard"): "HARD_REBOOT",
    ("resized", "resize_reverting"): "REVERT_RESIZE",
}
POWER = {"active": 1, "rescued": 1, "resized": 1, "paused": 3, "stopped": 4, "suspended": 4}
WITH_PROGRESS = ("ACTIVE", "BUILD", "RESIZE", "VERIFY_RESIZE")


def status_of(server: Obj) -> str:
    plain = STATUS[server["vm_state"]]
    return STATUS_BY_TASK.get((server["vm_state"], server["task_state"]), plain)


def links(call: Call, collection: str, key: str) -> list[Obj]:
    root = f"{call.base}/compute"
    return [
        {"rel": "self", "href": f"{root}/v2.1/{collection}/{key}"},
        {"rel": "bookmark", "href": f"{root}/{collection}/{key}"},
    ]


def bookmark(call: Call, collection: str, key: str) -> list[Obj]:
    return links(call, collection, key)[1:]


def brief(call: Call, server: Obj) -> Obj:
    return {"id": server["id"], "name": server["name"], "links": links(call, "servers", server["id"])}


def full(call: Call, server: Obj, single: bool = True) -> Obj:
    """All that a caller may see; ``single`` is a show or update, not a list."""
    status = status_of(server)
    ports = [] if server["vm_state"] == "deleted" else call.state.where("ports", "device_id", server["id"])
    shown = {
        "accessIPv4": server["accessIPv4"],
        "accessIPv6": server["accessIPv6"],
        "addresses": {} if server["vm_state"] == "building" else addresses(call, ports),
        "created": server["created"] + "Z",
        "flavor": flavor(call, server["flavor"]),
        "hostId": server["host_id"] if server["host"] else "",
        "id": server["id"],
        "image": image(call, server["image_id"]),
        "links": links(call, "servers", server["id"]),
        "metadata": server["metadata"],
        "name": server["name"],
        "status": status,
        "tenant_id": server["project_id"],
        "user_id": server["user_id"],
        "updated": server["updated"] + "Z",
        "OS-DCF:diskConfig": server["disk_config"],
        "OS-EXT-AZ:availability_zone": server["zone"] if server["host"] else "",
        "config_drive": "True" if server["config_drive"] else "",
        "key_name": server["key_name"],
        "OS-SRV-USG:launched_at": moment(server["launched_at"]),
        "OS-SRV-USG:terminated_at": moment(server["terminated_at"]),
        "OS-EXT-STS:task_state": server["task_state"],
        "OS-EXT-STS:vm_state": server["vm_state"],
        "OS-EXT-STS:power_state": POWER.get(server["vm_state"], 0),
        "os-extended-volumes:volumes_attached": volumes(call, server),
    }
    if status in WITH_PROGRESS:
        shown["progress"] = 0
    groups = security_groups(call, ports)
    if groups:
        shown["security_groups"] = groups
    if server["fault"] and status in ("ERROR", "DELETED"):
        shown["fault"] = server["fault"]
    if call.is_admin:
        add_for_admins(call, shown, server)
    add_by_version(call, shown, server, single)
    return shown


def moment(stamp: str | None) -> str | None:
    return f"{stamp}.000000" if stamp else None


def add_for_admins(call: Call, shown: Obj, server: Obj) -> None:
    name = "OS-EXT-SRV-ATTR:"
    shown[f"{name}host"] = server["host"]
    shown[f"{name}instance_name"] = server["instance_name"]
    shown[f"{name}hypervisor_hostname"] = server["host"]
    if call.version < (2, 3):
        return
    shown[f"{name}hostname"] = server["hostname"]
    shown[f"{name}kernel_id"] = ""
    shown[f"{name}launch_index"] = 0
    shown[f"{name}ramdisk_id"] = ""
    shown[f"{name}reservation_id"] = server["reservation_id"]
    shown[f"{name}root_device_name"] = "/dev/vda"
    shown[f"{name}user_data"] = server["user_data"]
    if call.version >= (2, 16):
        shown["host_status"] = "UP" if server["host"] else ""


def add_by_version(call: Call, shown: Obj, server: Obj, single: bool) -> None:
    version = call.version
    if version >= (2, 9):
        shown["locked"] = server["locked"]
    if version >= (2, 19):
        shown["description"] = server["description"]
    if version >= (2, 26):
        shown["tags"] = server["tags"]
    if version >= (2, 63):
        shown["trusted_image_certificates"] = None
    if version >= (2, 71) and single:
        shown["server_groups"] = [server["server_group"]] if server["server_group"] else []
    if version >= (2, 73):
        shown["locked_reason"] = None
    if version >= (2, 90):
        shown["OS-EXT-SRV-ATTR:hostname"] = server["hostname"]
    if version >= (2, 96):
        shown["pinned_availability_zone"] = server["pinned_zone"]


def addresses(call: Call, ports: Iterable[Obj]) -> Obj:
    """Network name → addresses, fixed ones and the floating ones that lead to them."""
    found: Obj = {}
    for port in ports:
        network = call.state.get("networks", port["network_id"]) or {"name": ""}
        rows = found.setdefault(network["name"], [])
        for fixed in port["fixed_ips"]:
            rows.append(address(fixed["ip_address"], "fixed", port["mac_address"]))
        for floating_ip in call.state.where("floatingips", "port_id", port["id"]):
            rows.append(address(floating_ip["floating_ip_address"], "floating", port["mac_address"]))
    return found


def address(ip: str, kind: str, mac: str) -> Obj:
    return {
        "version": 6 if ":" in ip else 4,
        "addr": ip,
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": mac,
    }


def flavor(call: Call, own: Obj) -> Obj:
    """From 2.47 the server's copy of its flavor, before that a link."""
    if call.version < (2, 47):
        return {"id": own["id"], "links": bookmark(call, "flavors", own["id"])}
    return {
        "vcpus": own["vcpus"],
        "ram": own["ram"],
        "disk": own["disk"],
        "ephemeral": own["ephemeral"],
        "swap": own["swap"],
        "original_name": own["name"],
        "extra_specs": own["extra_specs"],
    }


def image(call: Call, image_id: str | None) -> Obj | str:
    """Servers booted from a volume show an empty string."""
    return {"id": image_id, "links": bookmark(call, "images", image_id)} if image_id else ""


def volumes(call: Call, server: Obj) -> list[Obj]:
    if call.version < (2, 3):
        return [{"id": device["volume_id"]} for device in server["devices"]]
    return [
        {"id": device["volume_id"], "delete_on_termination": device["delete_on_termination"]}
        for device in server["devices"]
    ]


def security_groups(call: Call, ports: Iterable[Obj]) -> list[Obj]:
    ids = dict.fromkeys(group for port in ports for group in port["security_groups"])
    groups = (call.state.get("security_groups", key) for key in ids)
    return [{"name": group["name"]} for group in groups if group]
