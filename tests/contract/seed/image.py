"""Glance."""

from typing import Any

from tests.contract.seed.compute import list_images
from tests.contract.seed.house import Call, House
from tests.contract.stage import unique
from waldur_openstack.models import Image


def images_come_with_the_tenant(house: House, call: Call) -> None:
    """Nobody has asked for them: making, and pulling, a tenant reads them."""
    known = set(Image.objects.filter(settings=house.service).values_list("backend_id", flat=True))
    assert known >= {image["id"] for image in house.cloud.image.images(status="active", visibility="public")}


def image_metadata(house: House, call: Call) -> None:
    shown = house.owner.get("/api/openstack-images/", {"tenant_uuid": house.tenant.uuid.hex, "name": "cirros"}).json()
    found = next(image for image in house.cloud.image.images(name="cirros"))
    (image,) = [image for image in shown if image["backend_id"] == found["id"]]
    assert (image["min_ram"], image["min_disk"]) == (found["min_ram"], found["min_disk"] * 1024)


def new_image(call: Call, house: House) -> Any:
    body = {"name": unique("image"), "disk_format": "raw", "container_format": "bare"}
    made = call(body, tenant_uuid=house.tenant.uuid.hex)
    house.later.callback(house.cloud.image.delete, f"/images/{made['image_id']}")
    return made


def create_custom_image(house: House, call: Call) -> None:
    made = new_image(call, house)
    found = house.cloud.image.get(f"/images/{made['image_id']}")
    assert (found["status"], found["owner"]) == ("queued", house.tenant.backend_id)


def upload_image_data(house: House, call: Call) -> None:
    path = f"/api/openstack-marketplace/{house.tenant.uuid.hex}/create_image/"
    made = new_image(lambda body, tenant_uuid: house.owner.post(path, body).json(), house)
    data = bytes(range(256)) * 1024
    answer = house.owner.post(made["upload_url"], data, content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["status"]) == (200, "success"), answer.content
    found = house.cloud.image.get(f"/images/{made['image_id']}")
    assert (found["status"], found["size"]) == ("active", len(data))


DONE_BY = {
    "List Images": list_images,
    "Import Images": images_come_with_the_tenant,
    "Image Metadata": image_metadata,
    "Create Custom Image": create_custom_image,
    "Upload Image Data": upload_image_data,
}
