"""Volumes that grow: detached, and attached to a stopped server; quotas follow."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import failed, limit, post, refused, stop, succeed, usages
from tests.openstack.orders import build_volume
from twins.openstack import TwinClient
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.session import authentication, connection_pool
from waldur_openstack.models import Instance, Tenant, Volume

pytestmark = pytest.mark.django_db
STORAGE = ("storage", "volumes_size")


@pytest.fixture
def volume(cast: Cast, tenant: Tenant) -> Volume:
    return build_volume(tenant, cast.owner)


@pytest.fixture
def old_cinder(twin: TwinClient) -> Iterator[None]:
    """A Cinder that says of itself that it knows nothing after 3.41; what was discovered before is forgotten."""
    url = f"{twin.base_url}/volume/v3/"
    version = {"id": "v3.0", "status": "CURRENT", "version": "3.41", "min_version": "3.0", "updated": ""}
    body = {"versions": [{**version, "links": [{"rel": "self", "href": url}]}]}
    twin.add_fault("status", service="block_storage", operation="version.*", status=200, body=body, times=0)
    for known in (connection_pool, authentication):
        known.cache_clear()
    yield
    for known in (connection_pool, authentication):
        known.cache_clear()


def in_cloud(volume: Volume) -> Any:
    return (
        Cloud.of(volume.service_settings).in_project(volume.tenant.backend_id).block_storage.volume(volume.backend_id)
    )


def test_a_free_volume_grows_and_counts_more(cast: Cast, volume: Volume) -> None:
    before = usages(volume.tenant)
    operation = succeed(cast.owner, volume, "extend", {"disk_size": 3072})
    assert operation.workflow == "openstack.volume.extend"
    assert (volume.size, volume.runtime_state, in_cloud(volume)["size"]) == (3072, "available", 3)
    after = usages(volume.tenant)
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {**dict.fromkeys(STORAGE, 2048), "gigabytes_ssd": 2}


def test_the_data_volume_of_a_stopped_server_grows_and_keeps_its_place(cast: Cast, instance: Instance) -> None:
    volume = instance.volumes.get(bootable=False)
    stop(cast.owner, instance)
    device = volume.device
    succeed(cast.owner, volume, "extend", {"disk_size": 2048})
    assert (volume.size, volume.runtime_state, volume.instance, volume.device) == (2048, "in-use", instance, device)
    assert [item["server_id"] for item in in_cloud(volume)["attachments"]] == [instance.backend_id]


@pytest.mark.parametrize("size", [None, "much", 0, -1, 1024, 2047, 2**31])
def test_sizes_that_make_no_sense_are_refused(cast: Cast, volume: Volume, size: Any) -> None:
    body = {} if size is None else {"disk_size": size}
    refused(post(cast.owner, volume, "extend", body), 400, volume, word="disk_size")


def test_the_data_volume_of_a_running_server_grows_in_its_place(
    cast: Cast, instance: Instance, twin: TwinClient
) -> None:
    volume, before = instance.volumes.get(bootable=False), usages(instance.tenant)["storage"]
    operation = succeed(cast.owner, volume, "extend", {"disk_size": 2048})
    assert operation.workflow == "openstack.volume.extend_attached"
    assert (volume.size, volume.runtime_state, volume.instance) == (2048, "in-use", instance)
    assert (in_cloud(volume)["size"], usages(instance.tenant)["storage"]) == (2, before + 1024)


def test_old_clouds_want_the_server_stopped(cast: Cast, instance: Instance, old_cinder: None) -> None:
    volume = instance.volumes.get(bootable=False)
    refused(post(cast.owner, volume, "extend", {"disk_size": 2048}), 409, volume, word="stop it first")
    stop(cast.owner, instance)
    assert succeed(cast.owner, volume, "extend", {"disk_size": 2048}).workflow == "openstack.volume.extend"


def test_a_server_boots_from_it_or_is_busy(cast: Cast, instance: Instance) -> None:
    data, system = instance.volumes.get(bootable=False), instance.volumes.get(bootable=True)
    refused(post(cast.owner, system, "extend", {"disk_size": 4096}), 409, system, word="boots from")
    answer = client_of(cast.owner).get(f"/api/openstack-volumes/{system.uuid.hex}/")
    assert answer.json()["extend_enabled"] is False
    Instance.objects.filter(pk=instance.pk).update(runtime_state="PAUSED")
    refused(post(cast.owner, data, "extend", {"disk_size": 2048}), 409, data, word="PAUSED")


def test_states_that_forbid_it(cast: Cast, volume: Volume) -> None:
    for values in ({"state": "ERRED"}, {"state": "OK", "runtime_state": "error"}):
        Volume.objects.filter(pk=volume.pk).update(**values)
        volume.refresh_from_db()
        refused(post(cast.owner, volume, "extend", {"disk_size": 2048}), 409, volume)


def test_who_may(cast: Cast, volume: Volume) -> None:
    for person, status in ((cast.member, 403), (cast.stranger, 404), (None, 401)):
        refused(post(person, volume, "extend", {"disk_size": 2048}), status, volume)


@pytest.mark.parametrize("name", STORAGE)
def test_quotas_are_asked_before(cast: Cast, volume: Volume, name: str) -> None:
    limit(volume.tenant, **{name: usages(volume.tenant)[name] + 1024})
    before = usages(volume.tenant)
    refused(post(cast.owner, volume, "extend", {"disk_size": 3072}), 400, volume, word=f"Quota {name}")
    assert usages(volume.tenant) == before
    succeed(cast.owner, volume, "extend", {"disk_size": 2048})


def test_a_failure_gives_the_quota_back_and_a_retry_takes_it_again(
    cast: Cast, volume: Volume, twin: TwinClient
) -> None:
    before = usages(volume.tenant)
    twin.add_fault("status", operation="volume.extend", status=400, message="Backend is full.")
    assert post(cast.owner, volume, "extend", {"disk_size": 2048}).status_code == 202
    assert usages(volume.tenant) != before
    operation = failed(volume)
    assert "Backend is full." in operation.error_message
    assert (usages(volume.tenant), volume.size) == (before, 1024)

    again = f"/api/operations/{operation.uuid.hex}/retry/"
    limit(volume.tenant, storage=before["storage"])
    answer = client_of(cast.owner).post(again)
    assert (answer.status_code, "Quota storage" in answer.content.decode()) == (400, True)
    assert usages(volume.tenant) == before

    limit(volume.tenant, storage=-1)
    assert client_of(cast.owner).post(again).status_code in (200, 202)
    drain()
    volume.refresh_from_db()
    assert (volume.state, volume.size) == ("OK", 2048)
    assert usages(volume.tenant)["storage"] == before["storage"] + 1024


def test_what_the_cloud_did_is_counted_although_the_rest_failed(
    cast: Cast, instance: Instance, twin: TwinClient
) -> None:
    volume = instance.volumes.get(bootable=False)
    stop(cast.owner, instance)
    before = usages(instance.tenant)["storage"]
    twin.add_fault("status", operation="server_volume.create", status=400, message="No more devices.")
    assert post(cast.owner, volume, "extend", {"disk_size": 2048}).status_code == 202
    operation = failed(volume)
    assert (volume.size, usages(instance.tenant)["storage"]) == (2048, before + 1024)
    client_of(cast.owner).post(f"/api/operations/{operation.uuid.hex}/retry/")
    drain()
    volume.refresh_from_db()
    assert (volume.state, volume.runtime_state, volume.instance) == ("OK", "in-use", instance)
    assert usages(instance.tenant)["storage"] == before + 1024


def test_an_extension_that_ends_in_error_is_told(cast: Cast, volume: Volume, twin: TwinClient) -> None:
    twin.fail_next("volume.extend", "The pool is full.")
    assert post(cast.owner, volume, "extend", {"disk_size": 2048}).status_code == 202
    assert failed(volume).error_message.endswith("(its state there is error_extending). It says: The pool is full.")
    assert volume.size == 1024


def test_a_cloud_that_does_not_say_why_hides_nothing(cast: Cast, volume: Volume, twin: TwinClient) -> None:
    twin.add_fault("status", operation="message.list", status=403, times=0)
    twin.fail_next("volume.extend", "The pool is full.")
    assert post(cast.owner, volume, "extend", {"disk_size": 2048}).status_code == 202
    assert failed(volume).error_message.endswith("(its state there is error_extending).")
