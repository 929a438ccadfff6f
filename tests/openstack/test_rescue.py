"""Servers that boot from another image while their own disk is repaired."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import failed, post, refused, stop, succeed
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Image, Instance, Tenant
from waldur_openstack.sync.catalogue import IMAGES, take_offer

pytestmark = pytest.mark.django_db


@pytest.fixture
def rescue(instance: Instance) -> Image:
    """An image for rescue in the cloud, and in our catalogue."""
    return upload(instance.tenant, "rescue", hw_rescue_device="disk", hw_rescue_bus="virtio")


def upload(tenant: Tenant, name: str, **properties: Any) -> Image:
    cloud = Cloud.of(tenant.service_settings).in_project(tenant.backend_id)
    body = {"name": name, "disk_format": "raw", "container_format": "bare", **properties}
    image = cloud.image.post("/images", body)
    headers = {"Content-Type": "application/octet-stream"}
    cloud.image.call("PUT", f"/images/{image['id']}/file", data=b"x", headers=headers)
    take_offer(IMAGES, tenant, IMAGES.listing(cloud))
    return Image.objects.get(backend_id=image["id"])


def test_a_server_is_rescued_and_comes_back(cast: Cast, instance: Instance, rescue: Image) -> None:
    link = f"http://testserver/api/openstack-images/{rescue.uuid.hex}/"
    refused(post(cast.admin, instance, "unrescue"), 409, instance, word="RESCUE")
    for _ in ("running", "stopped"):
        operation = succeed(cast.admin, instance, "rescue", {"rescue_image": link})
        assert (instance.runtime_state, operation.parameters["image"]) == ("RESCUE", rescue.backend_id)
        refused(post(cast.admin, instance, "rescue", {"rescue_image": link}), 409, instance, word="ACTIVE")
        succeed(cast.admin, instance, "unrescue")
        assert instance.runtime_state == "ACTIVE"
        stop(cast.admin, instance)
    for action in ("rescue", "unrescue"):
        assert Event.objects.filter(event_type=f"resource_{action}_succeeded").count() == 2


def test_a_server_that_boots_from_a_volume_needs_a_rescue_image(cast: Cast, instance: Instance, rescue: Image) -> None:
    half = upload(instance.tenant, "half", hw_rescue_bus="virtio")
    foreign = Image.objects.create(
        settings=instance.service_settings, name="private", backend_id="p", is_public=False,
        hw_rescue_bus="virtio", hw_rescue_device="disk",
    )  # fmt: skip
    for wrong in ({}, {"rescue_image": None}, *({"rescue_image": image.uuid.hex} for image in (half, foreign))):
        refused(post(cast.admin, instance, "rescue", wrong), 400, instance, word="rescue_image")
    refused(post(cast.admin, instance, "rescue", {"rescue_image": "x"}), 400, instance, word="rescue_image")
    listed = client_of(cast.member).get("/api/openstack-images/", {"is_rescue_image": True}).json()
    assert [(item["name"], item["is_rescue_image"]) for item in listed] == [("rescue", True)]


def test_who_may(cast: Cast, instance: Instance) -> None:
    for person, status in ((cast.member, 403), (cast.stranger, 404), (None, 401)):
        refused(post(person, instance, "rescue"), status, instance)
        refused(post(person, instance, "unrescue"), status, instance)


def test_a_host_that_cannot_is_told_in_the_words_of_the_cloud(
    cast: Cast, instance: Instance, rescue: Image, twin: TwinClient
) -> None:
    twin.add_fault("status", operation="server.rescue", status=400, message="Host unable to rescue.")
    assert post(cast.admin, instance, "rescue", {"rescue_image": rescue.uuid.hex}).status_code == 202
    assert "Host unable to rescue." in failed(instance).error_message


def test_a_server_that_breaks_meanwhile_is_erred(
    cast: Cast, instance: Instance, rescue: Image, twin: TwinClient
) -> None:
    twin.fail_next("server.rescue", "The hypervisor is on fire.")
    assert post(cast.admin, instance, "rescue", {"rescue_image": rescue.uuid.hex}).status_code == 202
    assert "ERROR" in failed(instance).error_message


def test_a_locked_server_says_so(cast: Cast, instance: Instance, twin: TwinClient) -> None:
    twin.add_fault("status", operation="server.stop", status=409, message="Instance is locked", times=20)
    assert post(cast.admin, instance, "stop").status_code == 202
    assert "Instance is locked" in failed(instance).error_message
    drain()
    assert instance.runtime_state == "ACTIVE"
