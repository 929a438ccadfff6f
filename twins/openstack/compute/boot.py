"""What is checked when a server is created: the body, flavor, image, key, zone and scheduler hints."""

from __future__ import annotations

import base64
import binascii

from ..errors import ApiError, bad_request
from ..image.images import visible as image_visible
from ..network.resource import UUID
from ..schema import check_metadata, check_name, check_text, invalid
from ..seed import ZONES
from ..state import Obj, new_id
from ..wire import Call
from .flavors import visible as flavor_visible
from .hosts import CAPACITY

MOST_USER_DATA = 65535
KNOWN = (
    "name",
    "imageRef",
    "flavorRef",
    "networks",
    "security_groups",
    "key_name",
    "user_data",
    "config_drive",
    "availability_zone",
    "metadata",
    "block_device_mapping_v2",
    "block_device_mapping",
    "description",
    "tags",
    "adminPass",
    "min_count",
    "max_count",
    "return_reservation_id",
    "accessIPv4",
    "accessIPv6",
    "OS-DCF:diskConfig",
    "hostname",
    "host",
    "hypervisor_hostname",
    "personality",
    "trusted_image_certificates",
    "os:scheduler_hints",
    "OS-SCH-HNT:scheduler_hints",
)


def relayed(message: str) -> ApiError:
    """Cinder's refusal as Nova passes it on."""
    return bad_request(f"Invalid volume: Invalid input received: {message} (HTTP 400) (Request-ID: req-{new_id()})")


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
    check_text("flavorRef", str(body["flavorRef"]), least=1)
    check_metadata(body.get("metadata", {}))
    if body.get("description") is not None:
        check_text("description", body["description"])
    if body.get("user_data") is not None:
        check_user_data(body["user_data"])
    image = body.get("imageRef")
    if image and not UUID.match(str(image).rpartition("/")[2]):
        raise invalid("imageRef", image, f"'{image}' is not valid under any of the given schemas")


def check_user_data(data: object) -> None:
    """Base64 as Python reads it: characters that are none are passed over."""
    check_text("user_data", data, most=MOST_USER_DATA)
    try:
        base64.b64decode(str(data))
    except (binascii.Error, ValueError):
        raise invalid("user_data", data, f"'{data}' is not a 'base64'") from None


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


def no_host_for(flavor: Obj) -> str:
    """Why a server of this flavor cannot be built, when it is larger than any host."""
    fits = flavor["vcpus"] <= CAPACITY["vcpus"] and flavor["ram"] <= CAPACITY["memory_mb"]
    return "" if fits else "No valid host was found. "


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
    hints = {
        **((call.body or {}).get("os:scheduler_hints") or {}),
        **((call.body or {}).get("OS-SCH-HNT:scheduler_hints") or {}),
        **(body.get("os:scheduler_hints") or {}),
    }
    key = hints.get("group")
    if key is None:
        return None
    group = call.state.get("server_groups", key)
    if group is None or (group["project_id"] != call.project_id and not call.is_admin):
        raise bad_request(f"Instance group {key} could not be found.")
    return str(key)
