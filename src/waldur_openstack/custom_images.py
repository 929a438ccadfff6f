"""Images that users bring (seed: Custom Image Upload Workflow): made empty in Glance, then filled by one upload.

Until an image is whole Glance is its only record, so that nothing of ours can contradict it: an upload that breaks, or
a process that dies, leaves the image `queued`, to be uploaded again or removed. No call is made inside a transaction.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from rest_framework.exceptions import APIException, NotFound

from waldur_core.events.log import record
from waldur_core.operations.errors import CloudConflict, OperationError, Unreachable
from waldur_core.rest.bodies import BrokenBody, StreamedBody
from waldur_core.rest.errors import Conflict
from waldur_openstack.catalogue import keep_image
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Image, Tenant

# Options of the service settings: how many images a tenant may have, and how many bytes all of them together.
COUNT_LIMIT, SIZE_LIMIT = "image_count_total_limit", "image_size_total_limit"
LIMIT_OPTIONS = (COUNT_LIMIT, SIZE_LIMIT)


class ImageRefused(APIException):
    """A limit, the cloud or the check afterwards says no (400). The first words are those users look for."""

    status_code = 400
    default_code = "image_refused"


class CloudUnreachable(APIException):
    """OpenStack does not answer, or broke the connection (503)."""

    status_code = 503
    default_code = "unreachable"

    def __init__(self, error: OperationError) -> None:
        super().__init__(f"HTTPX request failed: {error.message}")


class CustomImages:
    """The images in Glance that belong to a tenant's project, for one user. Raises what the API answers."""

    def __init__(self, tenant: Tenant, user: Any) -> None:
        self.tenant, self.user = tenant, user
        self.glance = Cloud.of(tenant.service_settings).in_project(tenant.backend_id).image

    def all(self) -> list[JSON]:
        """All of them, whatever their status; one listing."""
        return self.glance.images(owner=self.tenant.backend_id)

    def get(self, image_id: str) -> JSON:
        return self._own(image_id, self.glance.image(image_id))

    def create(self, attributes: JSON) -> JSON:
        """An empty image. Counted once more when it is there: two requests at once must not exceed the limit."""
        limit = self._limit(COUNT_LIMIT)
        if limit is not None and len(self.all()) >= limit:
            raise _too_many(limit)
        image = self.glance.create_image(**attributes)
        if limit is not None and len(self.all()) > limit:
            self.glance.delete_image(image["id"])
            raise _too_many(limit)
        self._record("openstack_image_created", f"The image {image['name']} has been created, without data.", image)
        return image

    def upload(self, image_id: str, body: StreamedBody) -> JSON:
        """Send the body to Glance as it comes in, and make sure that what arrived is what was sent."""
        images = {image["id"]: image for image in self.all()}
        image = self._own(image_id, images.get(image_id))
        if image["status"] != "queued":
            raise Conflict(f"The image is {image['status']}; data can be uploaded only while it is queued.")
        data = _ImageData(body, self._room(images))
        if not connection.in_atomic_block:
            connection.close()  # an upload may take an hour: leave the connection to others
        try:
            self._send(image_id, data)
            whole = self._verified(image_id, data)
        except (APIException, OperationError) as error:
            self._record("openstack_image_upload_failed", f"The upload of {image['name']} failed: {error}", image)
            raise
        with transaction.atomic():
            keep_image(self.tenant, whole)
            self._record("openstack_image_uploaded", f"{data.size} bytes of {image['name']} have been uploaded.", image)
        return whole

    def remove(self, image: JSON) -> None:
        """Delete the image in Glance, an upload that is under way included, then here."""
        self.glance.delete_image(image["id"])
        with transaction.atomic():
            service = self.tenant.service_settings
            Image.objects.filter(settings=service, backend_id=image["id"]).delete()
            self._record("openstack_image_deleted", f"The image {image['name']} has been deleted.", image)

    def _own(self, image_id: str, image: JSON | None) -> JSON:
        """The service account sees the images of all projects; those of others do not exist here."""
        if image is None or image["owner"] != self.tenant.backend_id:
            raise NotFound(f"There is no image {image_id} in this tenant.")
        return image

    def _room(self, images: dict[str, JSON]) -> int | None:
        """How many more bytes the tenant may have; None: any number."""
        limit = self._limit(SIZE_LIMIT)
        return None if limit is None else max(0, limit - _total(images))

    def _send(self, image_id: str, data: "_ImageData") -> None:
        try:
            self.glance.upload_image(image_id, data, data.announced)
        except CloudConflict as error:  # somebody else's upload was faster
            raise Conflict(error.message) from error
        except Unreachable:
            # the answer alone may have been lost, but only after all has been sent
            image = self.glance.image(image_id) if data.complete else None
            if image is None or data.differs_from(image):
                raise

    def _verified(self, image_id: str, data: "_ImageData") -> JSON:
        """The image as Glance has it now. One that is not what was sent, or one too many, does not stay."""
        images = {image["id"]: image for image in self.all()}
        image, limit = images.get(image_id), self._limit(SIZE_LIMIT)
        if image is None:
            raise ImageRefused("Verification failed: Glance does not know the image any more.")
        if different := data.differs_from(image):
            self.glance.delete_image(image_id)
            raise ImageRefused(f"Verification failed: {different} The image has been removed.")
        if limit is not None and _total(images) > limit:  # together with an upload that went on at the same time
            self.glance.delete_image(image_id)
            raise ImageRefused(f"{_too_large(limit)} The image has been removed.")
        return image

    def _limit(self, name: str) -> int | None:
        value: int | None = self.tenant.service_settings.options.get(name)
        return value

    def _record(self, event_type: str, message: str, image: JSON) -> None:
        record(event_type, message, scope=self.tenant, actor=self.user, image_id=image["id"], image_name=image["name"])


class _ImageData:
    """What goes to Glance: the blocks of the body, counted, hashed, and held to what is allowed."""

    def __init__(self, body: StreamedBody, room: int | None) -> None:
        if body.length == 0:
            raise BrokenBody("The body is empty: send the bytes of the image.")
        if room is not None and (body.length or 0) > room:
            raise ImageRefused(_too_large(room, "are left to the tenant"))
        self.body, self.room = body, room
        self.announced = body.length
        self.digest = hashlib.sha512()
        self.complete = False

    @property
    def size(self) -> int:
        return self.body.received

    def __iter__(self) -> Iterator[bytes]:
        for block in self.body:
            if self.room is not None and self.size > self.room:
                raise ImageRefused(_too_large(self.room, "are left to the tenant"))
            self.digest.update(block)
            yield block
        if not self.size:
            raise BrokenBody("The body is empty: send the bytes of the image.")
        self.complete = True

    def differs_from(self, image: JSON) -> str:
        """A sentence when Glance has something else than was sent, else nothing."""
        if image["status"] != "active":
            return f"the image is {image['status']} after the upload."
        if image["size"] != self.size:
            return f"Glance has {image['size']} bytes of {self.size}."
        if image.get("os_hash_algo") == "sha512" and image["os_hash_value"] != self.digest.hexdigest():
            return "the checksum of Glance is another than that of the bytes sent."
        return ""


def _total(images: dict[str, JSON]) -> int:
    return sum(image["size"] or 0 for image in images.values())


def _too_many(limit: int) -> ImageRefused:
    return ImageRefused(f"Image count limit exceeded: a tenant may have {limit} images. Remove unused ones.")


def _too_large(limit: int, words: str = "are allowed to the tenant in all") -> str:
    return f"Image size limit would be exceeded: {limit} bytes {words}."
