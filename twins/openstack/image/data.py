"""The bytes of an image, streamed in both directions: https://docs.openstack.org/api-ref/image/v2/#image-data."""

from __future__ import annotations

import hashlib

from aiohttp import web

from ..errors import ApiError, conflict
from ..wire import Call
from .images import fetch, fetch_own

MAGIC = {"qcow2": b"QFI\xfb", "vmdk": b"KDMV", "vhdx": b"vhdxfile"}
BLOCK = 1024 * 1024


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
                head = head or block[:8]
                size += len(block)
                md5.update(block)
                sha512.update(block)
                file.write(block)
    except BaseException:
        state.edit("images", image, status="queued")
        raise
    magic = MAGIC.get(image["disk_format"])
    if magic is not None and not head.startswith(magic):
        state.edit("images", image, status="queued")
        raise ApiError(
            415,
            f"Failed to upload image data due to format mismatch: Image content does not match "
            f"disk_format={image['disk_format']}",
        )
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


async def download(call: Call, request: web.Request) -> web.StreamResponse:
    """GET …/file: 204 while there is no data."""
    image = fetch(call, call.params["id"])
    path = call.cloud.image_file(image["id"])
    if image["status"] != "active" or not path.exists():
        return web.Response(status=204)
    headers = {"Content-Type": "application/octet-stream", "Content-MD5": image["checksum"]}
    return web.FileResponse(path, chunk_size=BLOCK, headers=headers)
