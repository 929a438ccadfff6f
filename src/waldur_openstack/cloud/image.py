"""Glance v2."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings

from waldur_core.operations.errors import NotFound
from waldur_openstack.cloud.errors import from_response
from waldur_openstack.cloud.gateway import JSON, Gateway


class Image(Gateway):
    service_type = "image"
    min_version = "2"
    max_version = "2.latest"
    probe = "/images"

    def images(self, **filters: Any) -> list[JSON]:
        return list(self.pages("/images", "images", **filters))

    def image(self, image_id: str) -> JSON | None:
        try:
            found: JSON = self.get(f"/images/{image_id}")
        except NotFound:
            return None
        return found

    def members(self, image_id: str) -> list[str]:
        """The projects that an image is shared with; none when it has gone meanwhile."""
        try:
            found = self.get(f"/images/{image_id}/members")["members"]
        except NotFound:
            return []
        return [member["member_id"] for member in found]

    def create_image(self, **attributes: object) -> JSON:
        """An image without data, `queued`."""
        made: JSON = self.post("/images", attributes)
        return made

    def upload_image(self, image_id: str, blocks: Iterable[bytes], size: int | None) -> None:
        """Give a queued image its data, which is read once and never kept; `size` None sends it in chunks.

        When `blocks` raises, the connection is broken off, Glance puts the image back to `queued`, and the exception
        goes on. It must be no OSError: that would be taken for a fault of the connection to Glance.
        """
        what = f"image PUT /images/{image_id}/file"
        with self.guarded(what):
            response = self.adapter.request(
                f"/images/{image_id}/file",
                "PUT",
                data=iter(blocks) if size is None else SizedBlocks(blocks, size),
                headers={"Content-Type": "application/octet-stream", "Accept": "application/json"},
                timeout=settings.WALDUR_OPENSTACK["IMAGE_UPLOAD_TIMEOUT"],
                allow_reauth=False,  # the data cannot be sent a second time
                redirect=False,
                raise_exc=False,
                log=False,
            )
            if response.status_code != 204:
                raise from_response(what, response)

    def delete_image(self, image_id: str) -> None:
        self.delete(f"/images/{image_id}")


class SizedBlocks:
    """An iterable whose length in bytes is known beforehand: what requests sends with a Content-Length."""

    def __init__(self, blocks: Iterable[bytes], size: int) -> None:
        self.blocks, self.size = blocks, size

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.blocks)
