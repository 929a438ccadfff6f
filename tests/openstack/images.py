"""Custom images as the tests see them: through the API, and in the simulated Glance."""

from typing import Any

from rest_framework.test import APIClient

from tests.factories import client_of
from waldur_core.structure.models import ServiceSettings, User
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.models import Tenant

DOORS = ("openstack-marketplace", "openstack-marketplace-tenants")
OCTETS = "application/octet-stream"


def door(tenant: Tenant, name: str = DOORS[0]) -> str:
    return f"/api/{name}/{tenant.uuid}/"


def create(user: User, tenant: Tenant, **attributes: Any) -> Any:
    return client_of(user).post(f"{door(tenant)}create_image/", {"name": "mine", "disk_format": "raw", **attributes})


def queued(user: User, tenant: Tenant, **attributes: Any) -> str:
    """The upload URL of a new image."""
    answer = create(user, tenant, **attributes)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["upload_url"])


def upload(user: User, url: str, data: bytes, method: str = "post", content_type: str = OCTETS) -> Any:
    send = getattr(APIClient, method)
    return send(client_of(user), url, data, content_type=content_type)


def uploaded(user: User, tenant: Tenant, data: bytes = b"data", **attributes: Any) -> str:
    """The id of a new image with data."""
    url = queued(user, tenant, **attributes)
    assert upload(user, url, data).status_code == 200
    return id_in(url)


def id_in(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def in_glance(tenant: Tenant, url: str) -> JSON | None:
    return Cloud.of(tenant.service_settings).image.image(id_in(url))


def status_of(tenant: Tenant, url: str) -> tuple[str, int | None]:
    image = in_glance(tenant, url)
    assert image, "the image is gone"
    return image["status"], image["size"]


def own_images(tenant: Tenant) -> list[JSON]:
    return Cloud.of(tenant.service_settings).image.images(owner=tenant.backend_id)


def limit(**limits: int) -> None:
    for service in ServiceSettings.objects.all():
        service.options = {**service.options, **limits}
        service.save()
