"""A server's name, description and metadata, and what it says when it is asked."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import failed, post, refused, succeed, url_of
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, Volume

pytestmark = pytest.mark.django_db


def cloud_of(instance: Instance) -> Cloud:
    return Cloud.of(instance.service_settings).in_project(instance.tenant.backend_id)


def in_cloud(instance: Instance) -> Any:
    return cloud_of(instance).compute.server(instance.backend_id)


def change(cast: Cast, instance: Instance, **body: Any) -> Any:
    return client_of(cast.admin).patch(url_of(instance), body)


def test_a_new_name_reaches_nova_and_the_system_volume(cast: Cast, instance: Instance) -> None:
    answer = change(cast, instance, name="web-1.example")
    assert (answer.status_code, answer.json()["name"], answer.json()["state"]) == (
        200,
        "web-1.example",
        "UPDATE_SCHEDULED",
    )
    assert change(cast, instance, name="again").status_code == 409
    drain()
    instance.refresh_from_db()
    assert (instance.state, in_cloud(instance)["name"]) == ("OK", "web-1.example")
    volume = instance.volumes.get(Volume.SYSTEM)
    found = cloud_of(instance).block_storage.volume(volume.backend_id)
    assert found and found["name"] == volume.name == "web-1.example-system"
    assert instance.volumes.exclude(Volume.SYSTEM).get().name == "server-data"
    event = Event.objects.filter(event_type="resource_update_succeeded").latest("pk")
    assert "new name" in event.message and event.user == cast.admin

    body = {"name": "web-1.example", "description": "front"}
    assert client_of(cast.admin).put(url_of(instance), body).status_code == 200
    drain()
    assert in_cloud(instance)["description"] == "front"
    operations = Operation.objects.count()
    assert change(cast, instance, description="front").status_code == 200
    assert Operation.objects.count() == operations  # nothing has changed


@pytest.mark.parametrize("body", [{"name": "under_score"}, {"name": ""}, {"name": "-x"}, {"name": "x" * 64}])
def test_a_name_must_be_a_host_name(cast: Cast, instance: Instance, body: Any) -> None:
    refused(change(cast, instance, **body), 400, instance, word="name")


def test_who_may_change_and_when(cast: Cast, instance: Instance) -> None:
    for person, status in ((cast.member, 403), (cast.stranger, 404), (cast.support, 403), (None, 401)):
        refused(client_of(person).patch(url_of(instance), {"name": "new"}), status, instance)
        refused(post(person, instance, "set_metadata", {"metadata": {}}), status, instance)
        refused(post(person, instance, "console_log"), status, instance)
    Instance.objects.filter(pk=instance.pk).update(state="ERRED")
    instance.refresh_from_db()
    refused(change(cast, instance, name="new"), 409, instance, word="ERRED")
    refused(post(cast.admin, instance, "set_metadata", {"metadata": {}}), 409, instance, word="ERRED")


def test_a_refusal_of_the_cloud_is_told_and_can_be_retried(cast: Cast, instance: Instance, twin: TwinClient) -> None:
    twin.add_fault("status", operation="server.update", status=400, message="No such name here.")
    change(cast, instance, name="new")
    operation = failed(instance)
    assert "No such name here." in operation.error_message
    assert client_of(cast.admin).post(f"/api/operations/{operation.uuid.hex}/retry/").status_code == 202
    drain()
    instance.refresh_from_db()
    assert (instance.state, in_cloud(instance)["name"]) == ("OK", "new")


def test_metadata_is_replaced_and_our_mark_stays_hidden(cast: Cast, instance: Instance) -> None:
    mark = in_cloud(instance)["metadata"]["waldur_uuid"]
    for wanted in ({"role": "web", "empty": ""}, {"other": " x "}, {}):
        succeed(cast.admin, instance, "set_metadata", {"metadata": wanted})
        assert in_cloud(instance)["metadata"] == {**wanted, "waldur_uuid": mark}
        assert client_of(cast.member).get(url_of(instance)).json()["metadata"] == wanted
    assert Event.objects.filter(event_type="resource_update_metadata_succeeded").count() == 3
    full = {str(number): "x" for number in range(128)}
    succeed(cast.admin, instance, "set_metadata", {"metadata": full})
    assert in_cloud(instance)["metadata"] == full


def test_metadata_that_nova_does_not_take_is_refused(cast: Cast, instance: Instance) -> None:
    for wrong in (
        {str(number): "x" for number in range(129)},
        {"a": "x" * 256},
        {"k" * 256: "x"},
        {"": "x"},
        {"a": ["x"]},
        {"waldur_uuid": "mine"},
        ["a"],
        None,
    ):
        refused(post(cast.admin, instance, "set_metadata", {"metadata": wrong}), 400, instance, word="metadata")
    refused(post(cast.admin, instance, "set_metadata"), 400, instance, word="metadata")


def test_the_console_log_is_a_plain_text(cast: Cast, instance: Instance, twin: TwinClient) -> None:
    client, path = client_of(cast.admin), url_of(instance, "console_log")
    everything = client.get(path).json()
    assert len(everything.splitlines()) > 1
    assert client.get(path, {"length": 1}).json() == everything.splitlines()[-1]
    assert client.post(path, {"length": 1}).json() == everything.splitlines()[-1]
    for wrong in ("0", "-1", "many"):
        refused(client.get(path, {"length": wrong}), 400, instance, word="length")
    twin.add_fault("status", operation="server.get_console_output", status=409, message="Not ready.")
    refused(client.get(path), 400, instance, word="Not ready.")
    Instance.objects.filter(pk=instance.pk).update(backend_id="")
    instance.refresh_from_db()
    refused(client.post(path), 409, instance, word="does not exist in the cloud")


def test_who_may_see_placement_and_what_a_cloud_without_it_says(cast: Cast, instance: Instance) -> None:
    path = url_of(instance, "placement_allocations")
    instance.service_settings.customer = cast.provider
    instance.service_settings.save()
    for person in (cast.staff, cast.provider_owner):
        assert client_of(person).get(path).json() == []
    assert client_of(cast.owner).get(path).status_code == 403
    assert client_of(cast.stranger).get(path).status_code == 404
    assert client_of(cast.provider_owner).get(url_of(instance)).status_code == 404  # for this action only


def test_servers_are_found_by_what_can_be_attached_and_sorted_by_address(cast: Cast, instance: Instance) -> None:
    client, path = client_of(cast.member), "/api/openstack-instances/"
    other = Instance.objects.create(tenant=instance.tenant, name="bare", state="OK", runtime_state="SHUTOFF")
    spare = Volume.objects.create(tenant=instance.tenant, name="spare", size=1024, state="OK")

    def names(**query: Any) -> list[str]:
        return [item["name"] for item in client.get(path, query).json()]

    assert names(attach_volume_uuid=spare.uuid.hex) == ["bare", "server"]
    assert names(attach_volume_uuid=instance.volumes.first().uuid.hex) == []
    assert names(attach_volume_uuid="0" * 32) == []
    other.state = "ERRED"
    other.save()
    assert names(attach_volume_uuid=spare.uuid.hex) == ["server"]
    for key in ("ip_address", "external_ips"):
        assert names(o=key) == ["server", "bare"]  # who has none comes last
        assert names(o=f"-{key}") == ["bare", "server"]
    shown = client.get(url_of(instance)).json()
    assert shown["rancher_cluster"] is None
