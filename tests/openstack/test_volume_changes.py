"""Volumes that get another name, another type; and which of them a server could have."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import failed, limit, post, refused, succeed, url_of, usages
from tests.openstack.copies import delete, finished, storage_of
from tests.openstack.orders import build_volume
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_openstack.models import (
    Instance,
    InstanceAvailabilityZone,
    Tenant,
    Volume,
    VolumeAvailabilityZone,
    VolumeType,
)

pytestmark = pytest.mark.django_db


def kind(tenant: Tenant, name: str) -> VolumeType:
    return VolumeType.objects.get(settings=tenant.service_settings, name=name)


@pytest.fixture
def volume(cast: Cast, tenant: Tenant) -> Volume:
    return build_volume(tenant, cast.owner, size=2048, type=kind(tenant, "ssd").uuid.hex)


def in_cloud(volume: Volume) -> Any:
    return storage_of(volume).volume(volume.backend_id)


def test_name_description_and_flag_reach_the_cloud(cast: Cast, volume: Volume) -> None:
    client = client_of(cast.admin)
    body = {"name": "other", "description": "text", "bootable": True}
    answer = client.put(url_of(volume), body)
    assert (answer.status_code, answer.json()["name"]) == (200, "other"), answer.content
    finished(volume)
    found = in_cloud(volume)
    assert (found["name"], found["description"], found["bootable"]) == ("other", "text", "true")
    assert Event.objects.filter(event_type="resource_update_succeeded", scope_uuid=volume.uuid).exists()
    operations = Operation.objects.count()
    assert client.patch(url_of(volume), {"name": "other"}).status_code == 200  # nothing new: nothing to do
    assert Operation.objects.count() == operations
    assert client.patch(url_of(volume), {"bootable": False}).status_code == 200
    finished(volume)
    assert in_cloud(volume)["bootable"] == "false"


def test_changes_that_make_no_sense(cast: Cast, volume: Volume, instance: Instance) -> None:
    client = client_of(cast.admin)
    for body in ({"name": ""}, {"name": "x" * 151}, {"name": None}, {"bootable": "perhaps"}):
        refused(client.patch(url_of(volume), body), 400, volume, word=next(iter(body)))
    system = instance.volumes.get(bootable=True)
    refused(client.patch(url_of(system), {"bootable": False}), 400, system, word="boots from")
    for person, status in ((cast.member, 403), (cast.stranger, 404), (None, 401)):
        refused(client_of(person).patch(url_of(volume), {"name": "a"}), status, volume)
    Volume.objects.filter(pk=volume.pk).update(state="ERRED")
    volume.refresh_from_db()
    refused(client.patch(url_of(volume), {"name": "a"}), 409, volume)


def test_another_type_moves_what_is_counted(cast: Cast, volume: Volume) -> None:
    limit(volume.tenant, gigabytes_ssd=-1, gigabytes_hdd=10)
    hdd = kind(volume.tenant, "hdd")
    before = usages(volume.tenant)
    operation = succeed(cast.admin, volume, "retype", {"type": f"/api/openstack-volume-types/{hdd.uuid.hex}/"})
    assert operation.workflow == "openstack.volume.retype"
    assert (volume.type, in_cloud(volume)["volume_type"]) == (hdd, "hdd")
    after = usages(volume.tenant)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "gigabytes_ssd": -2,
        "gigabytes_hdd": 2,
    }
    assert Event.objects.filter(event_type="resource_retype_succeeded", scope_uuid=volume.uuid).exists()


def test_types_that_are_refused(cast: Cast, volume: Volume, instance: Instance) -> None:
    ssd, hdd = kind(volume.tenant, "ssd"), kind(volume.tenant, "hdd")
    refused(post(cast.admin, volume, "retype", {}), 400, volume, word="type")
    refused(post(cast.admin, volume, "retype", {"type": ssd.uuid.hex}), 400, volume, word="already")
    limit(volume.tenant, gigabytes_hdd=1)
    refused(post(cast.admin, volume, "retype", {"type": hdd.uuid.hex}), 400, volume, word="Quota gigabytes_hdd")
    attached = instance.volumes.get(bootable=False)
    refused(post(cast.admin, attached, "retype", {"type": hdd.uuid.hex}), 409, attached, word="in-use")
    VolumeType.objects.filter(pk=hdd.pk).update(is_public=False)
    refused(post(cast.admin, volume, "retype", {"type": hdd.uuid.hex}), 400, volume, word="no such volume type")


def test_a_cloud_that_keeps_the_old_type_is_told_of(cast: Cast, volume: Volume, twin: TwinClient) -> None:
    limit(volume.tenant, gigabytes_hdd=10)
    before = usages(volume.tenant)
    twin.fail_next("volume.retype", "The pool is full.")
    assert post(cast.admin, volume, "retype", {"type": kind(volume.tenant, "hdd").uuid.hex}).status_code == 202
    operation = failed(volume)
    assert operation.error_message == (
        "The cloud could not make volume volume one of type hdd (its state there is available). "
        "It says: The pool is full."
    )
    assert (usages(volume.tenant), volume.type) == (before, kind(volume.tenant, "ssd"))
    client_of(cast.admin).post(f"/api/operations/{operation.uuid.hex}/retry/")
    finished(volume)
    assert (volume.type, usages(volume.tenant)["gigabytes_hdd"]) == (kind(volume.tenant, "hdd"), 2)


def test_a_volume_that_the_cloud_could_not_delete_goes_by_force(cast: Cast, volume: Volume, twin: TwinClient) -> None:
    twin.fail_next("volume.delete")
    assert delete(cast.admin, url_of(volume)).status_code == 204
    assert "Delete it again" in failed(volume).error_message
    assert delete(cast.admin, url_of(volume)).status_code == 204
    drain()
    assert (Volume.objects.count(), storage_of(volume).volumes()) == (0, [])


def test_the_volumes_that_a_server_could_have(cast: Cast, volume: Volume, instance: Instance) -> None:
    def attachable(person: Any = cast.admin) -> list[str]:
        answer = client_of(person).get("/api/openstack-volumes/", {"attach_instance_uuid": instance.uuid.hex})
        return [item["name"] for item in answer.json()]

    assert attachable() == ["volume"]
    assert attachable(cast.stranger) == []
    settings = instance.service_settings
    zone = VolumeAvailabilityZone.objects.create(settings=settings, name="elsewhere", backend_id="elsewhere")
    Volume.objects.filter(pk=volume.pk).update(availability_zone=zone)
    instance.availability_zone = InstanceAvailabilityZone.objects.filter(settings=settings).first()
    assert instance.availability_zone
    instance.save()
    settings.options["valid_availability_zones"] = {instance.availability_zone.name: "nova"}
    settings.save()
    assert attachable() == []
    settings.options["valid_availability_zones"] = {instance.availability_zone.name: "elsewhere"}
    settings.save()
    assert attachable() == ["volume"]
    Volume.objects.filter(pk=volume.pk).update(runtime_state="error")
    assert attachable() == []
