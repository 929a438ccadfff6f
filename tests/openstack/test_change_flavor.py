"""Another flavor for a stopped server; quotas follow."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.actions import failed, limit, post, refused, stop, succeed, usages
from twins.openstack import TwinClient
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Flavor, Instance

pytestmark = pytest.mark.django_db


@pytest.fixture
def stopped(cast: Cast, instance: Instance) -> Instance:
    return stop(cast.owner, instance)


def flavor(instance: Instance, name: str = "m1.small") -> Flavor:
    return Flavor.objects.get(settings=instance.service_settings, name=name)


def body(instance: Instance, name: str = "m1.small") -> dict[str, str]:
    return {"flavor": flavor(instance, name).uuid.hex}


def in_cloud(instance: Instance) -> Any:
    cloud = Cloud.of(instance.service_settings).in_project(instance.tenant.backend_id)
    return cloud.compute.server(instance.backend_id)


def test_a_server_grows_and_shrinks(cast: Cast, stopped: Instance) -> None:
    tiny, small = flavor(stopped, "m1.tiny"), flavor(stopped)
    before = usages(stopped.tenant)
    operation = succeed(cast.owner, stopped, "change_flavor", body(stopped))
    assert operation.workflow == "openstack.instance.change_flavor"
    assert (stopped.flavor_name, stopped.cores, stopped.ram) == (small.name, small.cores, small.ram)
    assert (stopped.runtime_state, in_cloud(stopped)["flavor"]["original_name"]) == ("SHUTOFF", small.name)
    after = usages(stopped.tenant)
    assert (after["ram"] - before["ram"], after["vcpu"] - before["vcpu"]) == (
        small.ram - tiny.ram,
        small.cores - tiny.cores,
    )
    succeed(cast.owner, stopped, "change_flavor", body(stopped, "m1.tiny"))
    assert (stopped.flavor_name, stopped.ram) == (tiny.name, tiny.ram)
    assert usages(stopped.tenant) == before


def test_a_running_server_is_refused(cast: Cast, instance: Instance) -> None:
    refused(post(cast.owner, instance, "change_flavor", body(instance)), 409, instance, word="SHUTOFF")
    Instance.objects.filter(pk=instance.pk).update(state="ERRED", runtime_state="SHUTOFF")
    instance.refresh_from_db()
    refused(post(cast.owner, instance, "change_flavor", body(instance)), 409, instance, word="ERRED")


def test_wrong_flavors_are_refused(cast: Cast, stopped: Instance) -> None:
    private = Flavor.objects.create(
        settings=stopped.service_settings, name="private", backend_id="p", cores=1, ram=1024, disk=0, is_public=False
    )
    for data, word in (
        ({}, "required"),
        ({"flavor": "nonsense"}, "flavor"),
        ({"flavor": "0" * 32}, "no such"),
        ({"flavor": private.uuid.hex}, "no such"),
        (body(stopped, "m1.tiny"), "already"),
    ):
        refused(post(cast.owner, stopped, "change_flavor", data), 400, stopped, word=word)
    stopped.min_ram = 10**6
    stopped.save()
    refused(post(cast.owner, stopped, "change_flavor", body(stopped)), 400, stopped, word="needs 1000000 MiB")


def test_who_may(cast: Cast, stopped: Instance) -> None:
    for person, status in ((cast.member, 403), (cast.stranger, 404), (None, 401)):
        refused(post(person, stopped, "change_flavor", body(stopped)), status, stopped)


@pytest.mark.slow
def test_quotas_are_asked_before_but_only_for_what_is_more(cast: Cast, stopped: Instance) -> None:
    used = usages(stopped.tenant)
    growth = flavor(stopped).ram - flavor(stopped, "m1.tiny").ram
    limit(stopped.tenant, ram=used["ram"] + growth - 1)
    refused(post(cast.owner, stopped, "change_flavor", body(stopped)), 400, stopped, word="Quota ram")
    assert usages(stopped.tenant) == used
    limit(stopped.tenant, ram=used["ram"] + growth)
    succeed(cast.owner, stopped, "change_flavor", body(stopped))
    limit(stopped.tenant, ram=1, vcpu=1)
    succeed(cast.owner, stopped, "change_flavor", body(stopped, "m1.tiny"))


def test_a_failure_gives_the_quota_back_and_a_retry_takes_it_again(
    cast: Cast, stopped: Instance, twin: TwinClient
) -> None:
    before = usages(stopped.tenant)
    twin.add_fault("status", operation="server.resize", status=400, message="Not on this host.")
    assert post(cast.owner, stopped, "change_flavor", body(stopped)).status_code == 202
    operation = failed(stopped)
    assert "Not on this host." in operation.error_message
    assert (stopped.flavor_name, usages(stopped.tenant)) == ("m1.tiny", before)

    client_of(cast.owner).post(f"/api/operations/{operation.uuid.hex}/retry/")
    drain()
    stopped.refresh_from_db()
    assert (stopped.state, stopped.flavor_name) == ("OK", "m1.small")
    assert usages(stopped.tenant)["ram"] == before["ram"] + flavor(stopped).ram - flavor(stopped, "m1.tiny").ram


def test_no_host_with_room_is_told_in_the_words_of_the_cloud(cast: Cast, stopped: Instance, twin: TwinClient) -> None:
    before = usages(stopped.tenant)
    twin.fail_next("server.resize", "No valid host was found.")
    assert post(cast.owner, stopped, "change_flavor", body(stopped)).status_code == 202
    assert failed(stopped).error_message == "The cloud could not resize the server: No valid host was found."
    assert usages(stopped.tenant) == before
