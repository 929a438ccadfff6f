"""What is checked and set up when a server is created: flavor, image, disks, networks, key, zone, hints."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from ..block_storage import attachments
from ..block_storage.volumes import build as build_volume
from ..errors import ApiError, bad_request, conflict, forbidden
from ..image.images import visible as image_visible
from ..network import ports, security_groups
from ..network.networks import NETWORKS
from ..network.quotas import check_quota
from ..network.resource import UUID
from ..seed import ZONES
from ..state import Obj, new_id
from ..wire import Call
from .flavors import visible as flavor_visible

GIB = 1024**3
KNOWN = (
    "name", "imageRef", "flavorRef", "networks", "security_groups", "key_name", "user_data", "config_drive",
    "availability_zone", "metadata", "block_device_mapping_v2", "block_device_mapping", "description", "tags",
    "adminPass", "min_count", "max_count", "return_reservation_id", "accessIPv4", "accessIPv6",
    "OS-DCF:diskConfig", "hostname", "host", "hypervisor_hostname", "personality", "trusted_image_certificates",
    "os:scheduler_hints", "OS-SCH-HNT:scheduler_hints",
)


def invalid(name: str, value: object, why: str) -> ApiError:
    return bad_request(f"Invalid input for field/attribute {name}. Value: {value}. {why}")


def check_body(call: Call, body: Obj) -> None:
    """What Nova's JSON schema refuses."""
    required = ("name", "flavorRef", *(("networks",) if call.version >= (2, 37) else ()))
    for name in required:
        if name not in body:
            raise invalid("server", body, f"'{name}' is a required property")
    for name in body:
        if name not in KNOWN or (name == "description" and call.version < (2, 19)):
            raise invalid("server", body, f"Additional properties are not allowed ('{name}' was unexpected)")
    check_name(body["name"])
    if body.get("user_data") is not None:
        try:
            base64.b64decode(body["user_data"], validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise invalid("user_data", body["user_data"], f"'{body['user_data']}' is not a 'base64'") from None
    image = body.get("imageRef")
    if image and not UUID.match(str(image).rpartition("/")[2]):
        raise invalid("imageRef", image, f"'{image}' is not valid under any of the given schemas")


def check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise invalid("name", name, f"'{name}' should be non-empty")
    if len(name) > 255:
        raise invalid("name", name, f"'{name}' is too long")


def flavor_of(call: Call, reference: object) -> Obj:
    key = str(reference).rstrip("/").rpartition("/")[2]
    flavor = call.state.get("flavors", key)
    if flavor is None or not flavor_visible(call, flavor):
        raise bad_request(f"Flavor {key} could not be found.")
    return flavor


def image_of(call: Call, key: str) -> Obj:
    image = call.state.get("images", key)
    if image is None or not image_visible(call, image):
        raise bad_request("Can not find requested image")
    if image["status"] != "active":
        raise bad_request(f"Image {key} is not active.")
    return image


@dataclass
class Disk:
    """One volume of a server to be: an existing one, or the request for a new one."""

    boot_index: int | None
    delete_on_termination: bool
    volume: Obj | None = None
    request: Obj | None = None
    name: str = ""
    tag: str | None = None


@dataclass
class Disks:
    """All volumes, and the image of a server that boots from a local disk."""

    image: Obj | None = None
    volumes: list[Disk] = field(default_factory=list)


def disks_of(call: Call, body: Obj, flavor: Obj) -> Disks:
    """Read ``imageRef`` and ``block_device_mapping_v2``."""
    found = Disks()
    reference = str(body.get("imageRef") or "").rpartition("/")[2]
    mappings = body.get("block_device_mapping_v2") or []
    if reference:
        found.image = image_of(call, reference)
    elif not mappings:
        raise bad_request("Missing imageRef attribute")
    for mapping in mappings:
        if mapping.get("source_type") == "image" and mapping.get("destination_type", "local") == "local":
            found.image = image_of(call, mapping["uuid"])
        elif mapping.get("destination_type", "volume") == "volume" or mapping.get("source_type") == "volume":
            found.volumes.append(disk_of(call, mapping))
    boots = [disk for disk in found.volumes if disk.boot_index == 0]
    if found.image is not None and not boots:
        check_image_fits(found.image, flavor, None)
    elif not boots:
        raise bad_request(
            "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping "
            "combination is not valid."
        )
    else:
        found.image = None
    for disk in found.volumes:
        check_disk(call, disk, flavor)
    return found


def disk_of(call: Call, mapping: Obj) -> Disk:
    index = mapping.get("boot_index")
    disk = Disk(
        boot_index=int(index) if index is not None else None,
        delete_on_termination=bool(mapping.get("delete_on_termination", False)),
        name=mapping.get("device_name") or "",
        tag=mapping.get("tag"),
    )
    source, key = mapping.get("source_type", "volume"), mapping.get("uuid")
    if source == "volume":
        disk.volume = existing_volume(call, str(key))
        return disk
    size = mapping.get("volume_size")
    if source in ("image", "blank") and not size:
        noun = "Images" if source == "image" else "Blank volumes"
        need = "a non-zero size specified" if source == "image" else "a non-zero size"
        raise bad_request(f"{noun} with destination_type 'volume' need to have {need}")
    names = {"image": "imageRef", "snapshot": "snapshot_id"}
    disk.request = {"size": size, "volume_type": mapping.get("volume_type"), "name": ""}
    if source in names:
        disk.request[names[source]] = key
    return disk


def existing_volume(call: Call, key: str) -> Obj:
    volume = call.state.get("volumes", key)
    if volume is None or (volume["project_id"] != call.project_id and not call.is_admin):
        raise bad_request(f"Block Device Mapping is Invalid: failed to get volume {key}.")
    if volume["status"] != "available" and not volume["multiattach"]:
        raise bad_request(
            f"Invalid volume: Volume {key} status must be available or downloading to reserve, but the current "
            f"status is {volume['status']}."
        )
    return volume


def check_disk(call: Call, disk: Disk, flavor: Obj) -> None:
    """The boot disk must be bootable and big enough, and the flavor have the memory."""
    request = disk.request or {}
    if request.get("imageRef"):
        image = image_of(call, request["imageRef"])
        if disk.boot_index == 0:
            check_image_fits(image, flavor, int(request["size"]))
    if disk.boot_index != 0 or disk.volume is None:
        return
    if not disk.volume["bootable"]:
        raise bad_request(f"Block Device {disk.volume['id']} is not bootable.")
    known = disk.volume["image_metadata"]
    limits = {"min_ram": int(known.get("min_ram", 0)), "min_disk": int(known.get("min_disk", 0))}
    check_image_fits(limits, flavor, disk.volume["size"])


def check_image_fits(image: Obj, flavor: Obj, volume_size: int | None) -> None:
    """min_ram in MiB against the flavor; min_disk in GiB against the volume, or the flavor's local disk."""
    if image["min_ram"] > flavor["ram"]:
        raise bad_request("Flavor's memory is too small for requested image.")
    if volume_size is not None:
        if volume_size < image["min_disk"]:
            raise bad_request(
                "Volume is smaller than the minimum size specified in image metadata. Volume size is "
                f"{volume_size * GIB} bytes, minimum size is {image['min_disk'] * GIB} bytes."
            )
    elif flavor["disk"]:
        check_local_disk(flavor, image["min_disk"])


def check_local_disk(flavor: Obj, least: int) -> None:
    if flavor["disk"] < least:
        raise bad_request(
            "Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is "
            f"{flavor['disk'] * GIB} bytes, minimum size is {least * GIB} bytes."
        )


def make_devices(call: Call, server_id: str, disks: Disks) -> list[Obj]:
    """Reserve or create the volumes, and name the devices after /dev/vda."""
    local_root = disks.image is not None
    devices = []
    ordered = sorted(disks.volumes, key=lambda disk: disk.boot_index != 0)
    for place, disk in enumerate(ordered, start=1 if local_root else 0):
        volume = disk.volume or build_volume(call, disk.request or {})
        if disk.volume is not None:
            attachment = attachments.reserve(call, volume, server_id)
        else:
            attachment = attachments.promise(call, volume, server_id)
        devices.append({
            "volume_id": volume["id"], "device": disk.name or device_name(place), "tag": disk.tag,
            "delete_on_termination": disk.delete_on_termination, "attachment_id": attachment["id"],
            "bdm_uuid": new_id(), "boot_index": disk.boot_index,
        })
    return devices


def device_name(place: int) -> str:
    return f"/dev/vd{chr(ord('a') + place)}"


def free_device(server: Obj) -> str:
    """The first name that no disk of the server has; /dev/vda is always the root disk."""
    taken = {device["device"] for device in server["devices"]} | {"/dev/vda"}
    return next(name for name in map(device_name, range(26)) if name not in taken)


def check_networks(call: Call, body: Obj) -> list[Obj]:
    """The wanted ports and networks, all of them usable: ``[{"port": …} or {"network": …, "fixed_ip": …}]``."""
    wanted = body.get("networks")
    if wanted in ("none", []) and wanted is not None and call.version >= (2, 37) and wanted == "none":
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
    owned = [net for net in call.state.where("networks", "project_id", call.project_id)
             if not net["router:external"]]
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
    if network["router:external"] and not call.is_admin and network["project_id"] != call.project_id:
        raise forbidden(f"It is not allowed to create an interface on external network {key}")
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
        raise conflict(
            f"Multiple security groups found matching '{name}'. Use an ID to be more specific."
        )
    return str(ids[0])


def make_ports(call: Call, server: Obj, wanted: list[Obj], groups: list[str]) -> None:
    """Give the server its ports: take the existing ones, make the others."""
    for item in wanted:
        if "port" in item:
            port = item["port"]
        else:
            fixed_ip = item.get("fixed_ip")
            secured = item["network"]["port_security_enabled"]
            port = ports.make(
                call,
                network_id=item["network"]["id"],
                fixed_ips=[{"ip_address": fixed_ip}] if fixed_ip else None,
                security_groups=groups if secured else [],
                project_id=server["project_id"],
            )
            server["own_ports"].append(port["id"])
        call.state.edit("ports", port, device_id=server["id"], device_owner=f"compute:{server['zone']}",
                        updated_at=call.stamp(), revision_number=port["revision_number"] + 1)


def zone_of(body: Obj) -> tuple[str, str | None]:
    """The zone a server goes to, and the one it was asked for (``zone:host:node`` is tolerated)."""
    asked = str(body.get("availability_zone") or "").partition(":")[0]
    if not asked:
        return ZONES[0], None
    if asked not in ZONES:
        raise bad_request("The requested availability zone is not available")
    return asked, asked


def key_of(call: Call, name: str | None) -> Obj | None:
    if not name:
        return None
    for pair in call.state.where("keypairs", "user_id", call.context.user_id):
        if pair["name"] == name:
            return pair
    raise bad_request("Invalid key_name provided.")


def group_hint(call: Call, body: Obj) -> str | None:
    hints = {**((call.body or {}).get("os:scheduler_hints") or {}),
             **((call.body or {}).get("OS-SCH-HNT:scheduler_hints") or {}),
             **(body.get("os:scheduler_hints") or {})}
    key = hints.get("group")
    if key is None:
        return None
    group = call.state.get("server_groups", key)
    if group is None or (group["project_id"] != call.project_id and not call.is_admin):
        raise bad_request(f"Instance group {key} could not be found.")
    return str(key)
