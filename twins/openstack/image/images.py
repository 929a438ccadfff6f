"""Images: https://docs.openstack.org/api-ref/image/v2/#images."""

from __future__ import annotations

from typing import Any

from ..errors import ApiError, bad_request, conflict, forbidden, not_found, policy_refusal
from ..state import Obj, new_id
from ..wire import Call, Reply

CORE = (
    "id",
    "name",
    "status",
    "visibility",
    "owner",
    "disk_format",
    "container_format",
    "min_ram",
    "min_disk",
    "size",
    "virtual_size",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
    "os_hidden",
    "protected",
    "tags",
)
READ_ONLY = (
    "id",
    "status",
    "size",
    "virtual_size",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
    "created_at",
    "updated_at",
    "self",
    "file",
    "schema",
    "direct_url",
    "stores",
)
SETTABLE = (
    "name",
    "visibility",
    "owner",
    "disk_format",
    "container_format",
    "min_ram",
    "min_disk",
    "os_hidden",
    "protected",
    "tags",
)
DISK_FORMATS = (None, "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop")
CONTAINER_FORMATS = (None, "ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
VISIBILITIES = ("public", "private", "shared", "community")
PATCH_TYPES = tuple(f"application/openstack-images-v2.{minor}-json-patch" for minor in (0, 1))


def show(image: Obj) -> Obj:
    path = f"/v2/images/{image['id']}"
    shown = {
        **image["properties"],
        **{name: image[name] for name in CORE},
        "created_at": image["created_at"] + "Z",
        "updated_at": image["updated_at"] + "Z",
        "self": path,
        "file": f"{path}/file",
        "schema": "/v2/schemas/image",
    }
    if image["status"] == "active":
        shown["stores"] = "file"
    return shown


def visible(call: Call, image: Obj) -> bool:
    mine = image["owner"] == call.project_id or call.is_admin
    shared = image["visibility"] == "shared" and call.project_id in image["members"]
    return mine or shared or image["visibility"] in ("public", "community")


def fetch(call: Call, key: str) -> Obj:
    image = call.state.get("images", key)
    if image is None or not visible(call, image):
        raise not_found(f"No image found with ID {key}")
    return image


def fetch_own(call: Call, verb: str) -> Obj:
    image = fetch(call, call.params["id"])
    if image["owner"] != call.project_id and not call.is_admin:
        raise policy_refusal("image", f"{verb}_image")
    return image


def create(call: Call) -> Reply:
    body = call.body if isinstance(call.body, dict) else {}
    for name in body:
        if name in READ_ONLY and name != "id":
            raise forbidden(f"Attribute '{name}' is read-only.")
    check_values(call, body)
    stamp = call.stamp()
    key = body.get("id") or new_id()
    if call.state.get("images", key):
        raise conflict(f"Image ID {key} already exists!")
    image = call.state.add(
        "images",
        {
            "id": key,
            "name": body.get("name"),
            "status": "queued",
            "visibility": body.get("visibility") or "shared",
            "owner": body.get("owner") or call.project_id,
            "disk_format": body.get("disk_format"),
            "container_format": body.get("container_format"),
            "min_ram": body.get("min_ram") or 0,
            "min_disk": body.get("min_disk") or 0,
            "size": None,
            "virtual_size": None,
            "checksum": None,
            "os_hash_algo": None,
            "os_hash_value": None,
            "os_hidden": bool(body.get("os_hidden")),
            "protected": bool(body.get("protected")),
            "tags": list(body.get("tags") or []),
            "members": {},
            "created_at": stamp,
            "updated_at": stamp,
            "properties": {name: value for name, value in body.items() if name not in (*SETTABLE, *READ_ONLY)},
        },
    )
    headers = {
        "Location": f"{call.base}/image/v2/images/{key}",
        "OpenStack-image-import-methods": "glance-direct,web-download,copy-image",
    }
    return Reply(201, show(image), headers)


def check_values(call: Call, body: Obj) -> None:
    """What the image's schema and the policy refuse."""
    for name, known in (("disk_format", DISK_FORMATS), ("container_format", CONTAINER_FORMATS)):
        if body.get(name) not in known:
            raise bad_request(
                f"Provided object does not match schema 'image': '{body[name]}' is not one of {list(known)}"
            )
    if body.get("visibility", "shared") not in VISIBILITIES:
        raise bad_request(
            f"Provided object does not match schema 'image': '{body['visibility']}' is not one of "
            f"{sorted(VISIBILITIES)}"
        )
    for name in ("min_ram", "min_disk"):
        value = body.get(name, 0)
        if not isinstance(value, int) or value < 0:
            raise bad_request(f"Provided object does not match schema 'image': {value!r} is not valid for {name}")
    if body.get("visibility") == "public" and not call.is_admin:
        raise policy_refusal("image", "publicize_image")


def get(call: Call) -> Obj:
    return show(fetch(call, call.params["id"]))


def patch(call: Call) -> Obj:
    """PATCH with a JSON patch: https://docs.openstack.org/glance/latest/user/http-patch-image-schemas.html."""
    given_type = (call.headers.get("Content-Type") or "").split(";")[0]
    if given_type not in PATCH_TYPES:
        raise ApiError(
            415,
            f"The request media type {given_type} is not supported by this server.\n<br /><br />\n"
            f"Image PATCH expects Content-Type one of: {', '.join(PATCH_TYPES)}",
        )
    image = fetch_own(call, "modify")
    if not isinstance(call.body, list):
        raise bad_request("Request body must be a JSON array of operation objects.")
    changed: Obj = {"properties": dict(image["properties"])}
    for operation in call.body:
        apply(call, image, changed, operation)
    check_values(call, changed)
    call.state.edit("images", image, **changed, updated_at=call.stamp())
    return show(image)


def apply(call: Call, image: Obj, changed: Obj, operation: Any) -> None:
    word, path = operation.get("op"), str(operation.get("path", ""))
    name = path.lstrip("/").replace("~1", "/").replace("~0", "~")
    if word not in ("add", "replace", "remove") or not path.startswith("/"):
        raise bad_request('Operation objects must contain only one member named "add", "remove", or "replace".')
    if name in READ_ONLY:
        raise forbidden(f"Attribute '{name}' is read-only.")
    if name in SETTABLE:
        if word == "remove":
            raise forbidden(f"Property {name} may not be removed.")
        changed[name] = operation.get("value")
        return
    if word != "add" and name not in changed["properties"]:
        raise conflict(
            f"There was a conflict when trying to complete your request.<br /><br />\nProperty {name} does not exist."
        )
    if word == "remove":
        changed["properties"].pop(name)
    else:
        changed["properties"][name] = operation.get("value")


def delete(call: Call) -> None:
    image = fetch_own(call, "delete")
    if image["protected"]:
        raise forbidden(f"Image {image['id']} is protected and cannot be deleted.")
    call.cloud.image_file(image["id"]).unlink(missing_ok=True)
    call.state.drop("images", image)


def add_tag(call: Call) -> None:
    image = fetch_own(call, "modify")
    tags = list(dict.fromkeys([*image["tags"], call.params["tag"]]))
    call.state.edit("images", image, tags=tags, updated_at=call.stamp())


def remove_tag(call: Call) -> None:
    image = fetch_own(call, "modify")
    if call.params["tag"] not in image["tags"]:
        raise not_found("The resource could not be found.")
    tags = [tag for tag in image["tags"] if tag != call.params["tag"]]
    call.state.edit("images", image, tags=tags, updated_at=call.stamp())


def deactivate(call: Call) -> None:
    set_active(call, "deactivated")


def reactivate(call: Call) -> None:
    set_active(call, "active")


def set_active(call: Call, status: str) -> None:
    image = fetch_own(call, "deactivate")
    if image["status"] not in ("active", "deactivated"):
        raise forbidden(f"Not allowed to {status} image in status '{image['status']}'")
    call.state.edit("images", image, status=status, updated_at=call.stamp())
