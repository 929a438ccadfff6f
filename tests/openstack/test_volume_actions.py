"""Attaching and detaching volumes, by the volume's door and by the server's."""

from typing import Any

import pytest

from tests.contract.stage import eventually
from tests.drive import drain
from tests.factories import Cast
from tests.openstack.actions import failed, post, refused, stop, succeed
from tests.openstack.orders import build_tenant, build_volume
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.start import retry
from waldur_mastermind.marketplace.models import Category, Offering, Resource
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Image, Instance, InstanceAvailabilityZone, Tenant, Volume, VolumeAvailabilityZone

pytestmark = pytest.mark.django_db
NO_UUID = "0" * 32


@pytest.fixture
def volume(cast: Cast, tenant: Tenant) -> Volume:
    return build_volume(tenant, cast.owner)


def attached_to(volume: Volume) -> list[str]:
    """The servers that have it, in the cloud."""
    cloud = Cloud.of(volume.service_settings).in_project(volume.tenant.backend_id)
    found: Any = cloud.block_storage.volume(volume.backend_id)
    return [item["server_id"] for item in found["attachments"]]


@pytest.mark.parametrize("door", ["volume", "instance"])
@pytest.mark.parametrize("power", ["ACTIVE", "SHUTOFF"])
def test_a_volume_is_attached_and_detached(
    door: str, power: str, cast: Cast, instance: Instance, volume: Volume
) -> None:
    if power == "SHUTOFF":
        stop(cast.owner, instance)
    if door == "volume":
        operation = succeed(cast.owner, volume, "attach", {"instance": instance.uuid.hex})
    else:
        operation = succeed(cast.owner, instance, "attach_volume", {"volume": volume.uuid.hex})
    volume.refresh_from_db()
    assert operation.workflow == "openstack.volume.attach"
    assert (volume.instance, volume.runtime_state, volume.device) == (instance, "in-use", "/dev/vdc")
    assert attached_to(volume) == [instance.backend_id]

    if door == "volume":
        operation = succeed(cast.owner, volume, "detach")
    else:
        operation = succeed(cast.owner, instance, "detach_volume", {"volume": volume.uuid.hex})
    volume.refresh_from_db()
    assert operation.workflow == "openstack.volume.detach"
    assert (volume.instance, volume.runtime_state, volume.device) == (None, "available", "")
    assert attached_to(volume) == []


def test_users_see_what_is_being_done_and_it_is_gone_afterwards(cast: Cast, instance: Instance, volume: Volume) -> None:
    answer = post(cast.owner, volume, "attach", {"instance": instance.uuid.hex})
    volume.refresh_from_db()
    assert answer.status_code == 202
    assert (volume.state, volume.action) == ("UPDATE_SCHEDULED", "Attach")
    assert volume.action_details == {"instance": instance.uuid.hex}
    assert post(cast.owner, volume, "attach", {"instance": instance.uuid.hex}).status_code == 409
    assert Operation.objects.filter(state__in=Operation.LIVE).count() == 1


def test_wrong_bodies_are_refused(cast: Cast, instance: Instance, volume: Volume) -> None:
    other = build_tenant(volume.service_settings, cast.project, cast.owner, name="other")
    stranger = Instance.objects.create(tenant=other, name="other", state="OK", runtime_state="ACTIVE")
    for body, word in (
        ({}, "required"),
        ({"instance": "nonsense"}, "instance"),
        ({"instance": NO_UUID}, "instance"),
        ({"instance": volume.uuid.hex}, "instance"),
        ({"instance": stranger.uuid.hex}, "different tenants"),
    ):
        refused(post(cast.owner, volume, "attach", body), 400, volume, word=word)
    for action in ("attach_volume", "detach_volume"):
        for body in ({}, {"volume": "nonsense"}, {"volume": NO_UUID}):
            refused(post(cast.owner, instance, action, body), 400, volume, word="volume")
    refused(post(cast.owner, stranger, "attach_volume", {"volume": volume.uuid.hex}), 400, volume, word="different")
    refused(post(cast.owner, instance, "detach_volume", {"volume": volume.uuid.hex}), 400, volume, word="not attached")


def test_a_server_that_is_not_ready_is_refused(cast: Cast, instance: Instance, volume: Volume) -> None:
    body = {"instance": instance.uuid.hex}
    for values in ({"state": "UPDATING"}, {"state": "OK", "runtime_state": "RESCUED"}):
        Instance.objects.filter(pk=instance.pk).update(**values)
        refused(post(cast.owner, volume, "attach", body), 400, volume, word="instance")
        refused(post(cast.owner, instance, "attach_volume", {"volume": volume.uuid.hex}), 409, volume)


def test_a_volume_that_is_not_free_is_refused(cast: Cast, instance: Instance, volume: Volume) -> None:
    taken = instance.volumes.get(bootable=False)
    refused(post(cast.owner, taken, "attach", {"instance": instance.uuid.hex}), 409, taken, word="available")
    refused(post(cast.owner, instance, "attach_volume", {"volume": taken.uuid.hex}), 409, taken, word="available")
    refused(post(cast.owner, volume, "detach"), 409, volume, word="not attached")
    Volume.objects.filter(pk=volume.pk).update(state="ERRED")
    volume.refresh_from_db()
    refused(post(cast.owner, volume, "attach", {"instance": instance.uuid.hex}), 409, volume, word="ERRED")
    refused(post(cast.owner, volume, "attach", {"instance": "nonsense"}), 409, volume, word="ERRED")


def test_the_volume_a_server_boots_from_stays(cast: Cast, instance: Instance) -> None:
    system = instance.volumes.get(bootable=True)
    refused(post(cast.owner, system, "detach"), 409, system, word="boots from")
    refused(post(cast.owner, instance, "detach_volume", {"volume": system.uuid.hex}), 409, system, word="boots from")


def test_a_bootable_volume_that_is_only_data_comes_off_again(cast: Cast, instance: Instance) -> None:
    image = Image.objects.get(name="cirros", settings=instance.service_settings)
    volume = build_volume(instance.tenant, cast.owner, image=image.uuid.hex)
    assert volume.bootable
    succeed(cast.owner, volume, "attach", {"instance": instance.uuid.hex})
    succeed(cast.owner, volume, "detach")
    assert volume.instance is None


def test_zones_must_go_together_where_the_operator_says_so(cast: Cast, instance: Instance, volume: Volume) -> None:
    service = volume.service_settings
    zone = InstanceAvailabilityZone.objects.get_or_create(settings=service, name="here")[0]
    instance.availability_zone = zone
    instance.save()
    volume.availability_zone = VolumeAvailabilityZone.objects.get_or_create(settings=service, name="far")[0]
    volume.save()
    service.options = {"valid_availability_zones": {zone.name: "near"}}
    service.save()
    refused(post(cast.owner, volume, "attach", {"instance": instance.uuid.hex}), 400, volume, word="zone")
    service.options = {"valid_availability_zones": {zone.name: "far"}}
    service.save()
    succeed(cast.owner, volume, "attach", {"instance": instance.uuid.hex})


def test_who_may(cast: Cast, instance: Instance, volume: Volume) -> None:
    body = {"instance": instance.uuid.hex}
    for person, status in ((cast.member, 403), (cast.stranger, 404), (cast.provider_owner, 404), (None, 401)):
        refused(post(person, volume, "attach", body), status, volume)
        refused(post(person, instance, "attach_volume", {"volume": volume.uuid.hex}), status, volume)


def test_an_attachment_that_the_cloud_refuses_is_told_and_can_be_tried_again(
    cast: Cast, instance: Instance, volume: Volume, twin: TwinClient
) -> None:
    twin.add_fault("status", operation="server_volume.create", status=400, message="No more devices.")
    assert post(cast.owner, volume, "attach", {"instance": instance.uuid.hex}).status_code == 202
    operation = failed(volume)
    assert "No more devices." in operation.error_message
    assert (volume.instance, attached_to(volume)) == (None, [])

    retry(operation, user=cast.owner)
    drain()
    volume.refresh_from_db()
    assert (volume.state, volume.instance) == ("OK", instance)


def test_an_older_trouble_of_the_volume_explains_no_new_one(
    cast: Cast, instance: Instance, volume: Volume, twin: TwinClient
) -> None:
    storage = Cloud.of(volume.service_settings).in_project(volume.tenant.backend_id).block_storage
    twin.fail_next("volume.retype", "The pool is full.")
    storage.retype_volume(volume.backend_id, "hdd")
    eventually(lambda: storage.last_message(volume.backend_id))
    twin.advance(3600)

    twin.fail_next("server.attach_volume")
    post(cast.owner, volume, "attach", {"instance": instance.uuid.hex})
    assert failed(volume).error_message.endswith("(its state there is available).")


def test_a_server_that_is_gone_is_told(cast: Cast, instance: Instance, volume: Volume) -> None:
    Cloud.of(volume.service_settings).compute.delete_server(instance.backend_id)
    assert post(cast.owner, volume, "attach", {"instance": instance.uuid.hex}).status_code == 202
    assert failed(volume).error_code == "not_found"
    assert volume.instance is None


def test_the_resource_of_the_volume_knows_its_server(cast: Cast, instance: Instance, volume: Volume) -> None:
    category = Category.objects.create(title="Volumes")
    offering = Offering.objects.create(
        name="Volume", type=volume.resource_type, category=category, customer=cast.customer
    )
    resource = Resource(name="volume", offering=offering, project=volume.project, state=Resource.State.OK)
    resource.scope = volume
    resource.save()
    succeed(cast.owner, volume, "attach", {"instance": instance.uuid.hex})
    resource.refresh_from_db()
    assert resource.state == Resource.State.OK
    metadata = resource.backend_metadata
    assert (metadata["instance_uuid"], metadata["action"]) == (instance.uuid.hex, "")
