"""The bytes of an image, streamed in both directions: https://docs.openstack.org/api-ref/image/v2/#image-data."""

from __future__ import annotations

import hashlib

from aiohttp import web

from ..errors import ApiError, conflict
from ..state import Obj
from ..wire import Call
from .images import fetch, fetch_own

# Where the inspected formats have which bytes; data with none of them is raw, and other formats are not inspected.
MAGIC = {
    "qcow2": (0, b"QFI\xfb"),
    "vmdk": (0, b"KDMV"),
    "vhd": (0, b"conectix"),
    "vhdx": (0, b"vhdxfile"),
    "vdi": (0x40, b"\x7f\x10\xda\xbe"),
    "iso": (0x8001, b"CD001"),
}
HEAD = 0x8006
BLOCK = 1024 * 1024


MISMATCH = (
    "The request media type application/octet-stream is not supported by this server.\n<br /><br />\n"
    "Image disk_format {} does not match stream data {}"
)
GONE = (
    "410 Gone\n\nImage {} could not be found after upload. The image may have been deleted during the upload, "
    "cleaning up the chunks uploaded.\n\n   "
)


async def upload(call: Call, request: web.Request) -> web.StreamResponse:
    """PUT …/file: queued → saving → active. Memory stays constant; the bytes go to a file."""
    image = fetch_own(call, "upload")
    if image["status"] != "queued":
        raise conflict(f"Image status transition from {image['status']} to saving is not allowed")
    state = call.state
    state.edit("images", image, status="saving", updated_at=call.stamp())
    md5, sha512, size = hashlib.md5(), hashlib.sha512(), 0
    head = b""
    try:
        with call.cloud.image_file(image["id"]).open("wb") as file:
            async for block in request.content.iter_chunked(BLOCK):
                head += block[: HEAD - len(head)]
                size += len(block)
                md5.update(block)
                sha512.update(block)
                file.write(block)
    except BaseException:
        restore(call, image)
        raise
    if state.get("images", image["id"]) is None:
        call.cloud.image_file(image["id"]).unlink(missing_ok=True)
        return web.Response(status=410, text=GONE.format(image["id"]))
    if call.cloud.faults.take_transition("image.store"):
        size -= 1  # the store lost a byte, and nobody noticed
    found = format_of(head)
    if image["disk_format"] in MAGIC and image["container_format"] == "bare" and image["disk_format"] != found:
        restore(call, image)
        raise ApiError(415, MISMATCH.format(image["disk_format"], found))
    state.edit(
        "images",
        image,
        status="active",
        size=size,
        virtual_size=size,
        checksum=md5.hexdigest(),
        os_hash_algo="sha512",
        os_hash_value=sha512.hexdigest(),
        updated_at=call.stamp(),
    )
    return web.Response(status=204)


def restore(call: Call, image: Obj) -> None:
    """After a broken upload: the image waits for another, if nobody has deleted it meanwhile."""
    call.cloud.image_file(image["id"]).unlink(missing_ok=True)
    if call.state.get("images", image["id"]) is not None:
        call.state.edit("images", image, status="queued")


def format_of(head: bytes) -> str:
    for name, (place, magic) in MAGIC.items():
        if head[place : place + len(magic)] == magic:
            return name
    return "raw"


async def download(call: Call, request: web.Request) -> web.StreamResponse:
    """GET …/file: 204 while there is no data."""
    image = fetch(call, call.params["id"])
    path = call.cloud.image_file(image["id"])
    if image["status"] != "active" or not path.exists():
        return web.Response(status=204)
    headers = {"Content-Type": "application/octet-stream", "Content-MD5": image["checksum"]}
    return web.FileResponse(path, chunk_size=BLOCK, headers=headers)
