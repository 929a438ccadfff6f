"""Custom images: made, filled, used, limited and removed."""

import hashlib
from typing import Any

import pytest
from waldur_api_client import models as published

from tests.drive import drain
from tests.factories import Cast, client_of, grant, make_user
from tests.openstack.images import (
    DOORS,
    create,
    door,
    id_in,
    in_glance,
    limit,
    own_images,
    queued,
    status_of,
    upload,
    uploaded,
)
from tests.openstack.orders import build_tenant, build_volume, order_deletion
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Image, Tenant

QCOW2 = b"QFI\xfb" + bytes(1000)
IMAGES = "/api/openstack-images/"


def listed(user: Any, tenant: Tenant) -> set[str]:
    rows = client_of(user).get(IMAGES, {"tenant_uuid": tenant.uuid.hex}).json()
    return {row["name"] for row in rows}


def state_of(tenant: Tenant) -> tuple[Any, ...]:
    """What a refused request must not change."""
    images = sorted((image["id"], image["status"], image["size"]) for image in own_images(tenant))
    return images, Image.objects.count(), Event.objects.exclude(event_type="openstack_image_upload_failed").count()


@pytest.mark.parametrize(("name", "method"), [(DOORS[0], "post"), (DOORS[1], "put")])
def test_an_image_is_made_filled_and_used(cast: Cast, tenant: Tenant, name: str, method: str) -> None:
    body = {"name": "My Ubuntu", "min_disk": 1, "min_ram": 1024}
    answer = client_of(cast.admin).post(f"{door(tenant, name)}create_image/", body)
    made = published.ImageCreateResponse.from_dict(answer.json())
    assert (answer.status_code, made.name, made.status) == (201, "My Ubuntu", "queued")
    assert made.upload_url == f"{door(tenant, name)}upload_image_data/{made.image_id}/"
    assert "My Ubuntu" not in listed(cast.member, tenant)
    answer = upload(cast.admin, made.upload_url, QCOW2, method)
    assert answer.status_code == 200, answer.content
    words = "Image upload completed successfully"
    assert answer.json() == {"status": "success", "response": words, "message": words}
    found = in_glance(tenant, made.upload_url)
    assert found and found["os_hash_value"] == hashlib.sha512(QCOW2).hexdigest()
    assert (found["owner"], found["visibility"], found["disk_format"]) == (tenant.backend_id, "private", "qcow2")
    assert (found["container_format"], found["min_disk"], found["min_ram"]) == ("bare", 1, 1024)
    assert "My Ubuntu" in listed(cast.member, tenant)
    image = Image.objects.get(backend_id=str(made.image_id))
    volume = build_volume(tenant, cast.owner, image=image.uuid.hex)
    assert volume.bootable and volume.image == image
    told = Event.objects.filter(event_type__startswith="openstack_image_").order_by("pk")
    assert [event.event_type for event in told] == ["openstack_image_created", "openstack_image_uploaded"]
    assert {(event.user, event.scope_uuid) for event in told} == {(cast.admin, tenant.uuid)}


def test_an_image_belongs_to_one_tenant(cast: Cast, tenant: Tenant) -> None:
    url = queued(cast.admin, tenant)
    upload(cast.admin, url, b"data")
    other = build_tenant(tenant.service_settings, cast.project, cast.owner, name="other")
    assert "mine" in listed(cast.owner, tenant)
    assert "mine" not in listed(cast.owner, other)
    theirs = door(other)
    assert upload(cast.admin, f"{theirs}upload_image_data/{id_in(url)}/", b"data").status_code == 404
    assert client_of(cast.admin).delete(f"{theirs}images/{id_in(url)}/").status_code == 404
    assert client_of(cast.admin).get(f"{theirs}images/").json() == []
    assert status_of(tenant, url) == ("active", 4)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "x", "disk_format": "floppy"}, "disk_format"),
        ({"name": "x", "container_format": "docker"}, "container_format"),
        ({"name": "x", "disk_format": "ami"}, "container_format"),
        ({"name": "x", "disk_format": "qcow2", "container_format": "aki"}, "container_format"),
        ({"name": "x", "disk_format": "iso", "container_format": "ovf"}, "container_format"),
        ({"name": "x", "visibility": "shared"}, "visibility"),
        ({"name": "x", "min_disk": -1}, "min_disk"),
        ({"name": "x", "min_ram": "much"}, "min_ram"),
        ([], "non_field_errors"),
    ],
)
def test_what_glance_could_not_use_is_refused(cast: Cast, tenant: Tenant, body: Any, field: str) -> None:
    before = state_of(tenant)
    answer = client_of(cast.admin).post(f"{door(tenant)}create_image/", body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert state_of(tenant) == before


def test_formats_of_amazon_and_packages_are_taken(cast: Cast, tenant: Tenant) -> None:
    for disk, container in (("ami", "ami"), ("aki", "aki"), ("vmdk", "ovf"), ("iso", "bare")):
        assert create(cast.admin, tenant, disk_format=disk, container_format=container).status_code == 201


def test_who_may_bring_images(cast: Cast, tenant: Tenant) -> None:
    url = queued(cast.owner, tenant)
    provider = make_user("publisher")
    grant(provider, RoleName.CUSTOMER_OWNER, tenant.service_settings.customer)
    before = state_of(tenant)
    calls = [("post", f"{door(tenant)}create_image/"), ("post", url), ("get", f"{door(tenant)}images/")]
    calls += [("delete", f"{door(tenant)}images/{id_in(url)}/"), ("post", f"{door(tenant)}upload_image_data/")]
    for method, path in calls:
        for user, status in ((None, 401), (cast.stranger, 404), (cast.member, 403), (cast.support, 403)):
            assert getattr(client_of(user), method)(path).status_code == status, (method, path, user)
    assert state_of(tenant) == before
    assert create(provider, tenant).status_code == 201
    rows = client_of(provider).get("/api/openstack-marketplace-tenants/", {"name_exact": tenant.name}).json()
    assert [published.Tenant.from_dict(row).uuid for row in rows] == [tenant.uuid]
    assert client_of(cast.stranger).get("/api/openstack-marketplace-tenants/").json() == []
    Tenant.objects.update(state=CoreState.UPDATING)
    assert create(cast.admin, tenant).status_code == 409


def test_only_the_provider_publishes(cast: Cast, tenant: Tenant) -> None:
    provider = make_user("publisher")
    grant(provider, RoleName.CUSTOMER_OWNER, tenant.service_settings.customer)
    before = state_of(tenant)
    for user in (cast.admin, cast.owner):
        assert create(user, tenant, visibility="public").status_code == 403
    assert state_of(tenant) == before
    for user in (provider, cast.staff):
        image_id = uploaded(user, tenant, name=f"of {user}", visibility="public")
        assert Image.objects.get(backend_id=image_id).is_public
        path = f"{door(tenant)}images/{image_id}/"
        assert client_of(cast.owner).delete(path).status_code == 403
        assert client_of(user).delete(path).status_code == 204
        assert not Image.objects.filter(backend_id=image_id).exists()


def test_the_number_of_images_is_limited(cast: Cast, tenant: Tenant) -> None:
    limit(image_count_total_limit=1)
    url = queued(cast.admin, tenant)
    before = state_of(tenant)
    answer = create(cast.admin, tenant)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Image count limit exceeded")
    assert state_of(tenant) == before
    assert client_of(cast.admin).delete(f"{door(tenant)}images/{id_in(url)}/").status_code == 204
    assert create(cast.admin, tenant).status_code == 201


def test_the_bytes_of_all_images_are_limited(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    uploaded(cast.admin, tenant, b"x" * 60)
    url = queued(cast.admin, tenant)
    limit(image_size_total_limit=100)
    calls = twin.call_count()
    answer = upload(cast.admin, url, b"x" * 41)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Image size limit would be exceeded: 40 bytes")
    assert "image.upload" not in {call["operation"] for call in twin.calls(calls)}
    assert status_of(tenant, url) == ("queued", None)
    assert upload(cast.admin, url, b"x" * 40).status_code == 200


def test_what_cannot_be_uploaded(cast: Cast, tenant: Tenant) -> None:
    url = queued(cast.admin, tenant, disk_format="qcow2")
    path = url.removesuffix(f"{id_in(url)}/")
    before = state_of(tenant)
    for wrong, data, content_type, status, words in (
        (path, QCOW2, "application/octet-stream", 400, "Image ID is required"),
        (f"{path}nonsense/", QCOW2, "application/octet-stream", 400, "Image ID is required"),
        (f"{path}{tenant.uuid}/", QCOW2, "application/octet-stream", 404, "no image"),
        (url, QCOW2, "application/x-www-form-urlencoded", 415, "application/octet-stream"),
        (url, b"", "application/octet-stream", 400, "empty"),
        (url, b"no qcow2", "application/octet-stream", 400, "disk_format qcow2 does not match"),
    ):
        answer = upload(cast.admin, wrong, data, content_type=content_type)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.content
        assert state_of(tenant) == before
    assert upload(cast.admin, url, QCOW2).status_code == 200
    answer = upload(cast.admin, url, QCOW2)
    assert (answer.status_code, "active" in answer.json()["detail"]) == (409, True)


def test_a_cloud_that_fails_leaves_the_image_queued(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    url = queued(cast.admin, tenant)
    twin.add_fault("drop", operation="image.upload")
    answer = upload(cast.admin, url, b"data")
    assert (answer.status_code, answer.json()["detail"][:20]) == (503, "HTTPX request failed")
    assert status_of(tenant, url) == ("queued", None)
    assert Event.objects.filter(event_type="openstack_image_upload_failed").count() == 1
    twin.add_fault("status", status=413, message="Image storage media is full", operation="image.upload")
    assert "media is full" in upload(cast.admin, url, b"data").json()["detail"]
    assert upload(cast.admin, url, b"data").status_code == 200


def test_a_lost_answer_is_no_failure(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    url = queued(cast.admin, tenant)
    twin.add_fault("lose_reply", operation="image.upload")
    assert upload(cast.admin, url, b"data").status_code == 200
    assert Image.objects.filter(backend_id=id_in(url)).exists()


def test_an_image_that_is_not_what_was_sent_does_not_stay(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    before = state_of(tenant)[:2]
    url = queued(cast.admin, tenant)
    twin.fail_next("image.store")
    answer = upload(cast.admin, url, b"data")
    assert (answer.status_code, answer.json()["detail"][:19]) == (400, "Verification failed")
    assert state_of(tenant)[:2] == before


def test_an_image_that_glance_forgets_is_no_success(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    before, url = Image.objects.count(), queued(cast.admin, tenant)
    twin.add_fault("status", status=200, body={"images": []}, operation="image.list", nth=2)
    answer = upload(cast.admin, url, b"data")
    assert (answer.status_code, answer.json()["detail"][:19]) == (400, "Verification failed")
    assert Image.objects.count() == before


def test_the_upload_of_another_is_not_taken_for_ours(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    url = queued(cast.admin, tenant)
    twin.add_fault("drop", operation="image.upload")
    theirs = {**(in_glance(tenant, url) or {}), "status": "active", "size": 4, "os_hash_algo": "sha512"}
    twin.add_fault("status", status=200, body={**theirs, "os_hash_value": "other"}, operation="image.show")
    assert upload(cast.admin, url, b"data").status_code == 503
    assert status_of(tenant, url) == ("queued", None)


def test_own_images_are_listed_and_removed(cast: Cast, tenant: Tenant) -> None:
    whole, url = uploaded(cast.admin, tenant), queued(cast.admin, tenant, name="empty")
    rows = {row["image_id"]: row for row in client_of(cast.admin).get(f"{door(tenant)}images/").json()}
    assert {key: (row["status"], row["size"]) for key, row in rows.items()} == {
        whole: ("active", 4),
        id_in(url): ("queued", None),
    }
    assert (rows[id_in(url)]["upload_url"], rows[whole]["upload_url"]) == (url, "")
    for image_id in rows:
        assert client_of(cast.admin).delete(f"{door(tenant)}images/{image_id}/").status_code == 204
        assert client_of(cast.admin).delete(f"{door(tenant)}images/{image_id}/").status_code == 404
    assert (own_images(tenant), "mine" in listed(cast.owner, tenant)) == ([], False)


def test_images_go_with_their_tenant(cast: Cast, tenant: Tenant) -> None:
    uploaded(cast.admin, tenant)
    queued(cast.admin, tenant)
    project = tenant.backend_id
    order_deletion(tenant, cast.owner)
    drain()
    assert not Tenant.objects.exists()
    assert Cloud.of(tenant.service_settings).image.images(owner=project) == []
