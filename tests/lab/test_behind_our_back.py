"""What an administrator makes in the real OpenStack, of every kind, appears in our API, changes and vanishes."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.contract.stage import eventually, unique
from tests.lab.realm import RealEstate
from tests.lab.things import OFFERS, THINGS, Hand, Thing
from tests.openstack.syncing import synced
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.models import Instance, InstanceAvailabilityZone, VolumeAvailabilityZone
from waldur_openstack.sync.register import WHOLE

NEEDS = {"floating_ip": ["port"], "subnet": ["network"]}  # what they tell of must be known


@pytest.fixture(scope="module")
def other_project(built_estate: RealEstate) -> Iterator[str]:
    """A second tenant of the same customer, that networks can be shared with."""
    tenant = built_estate.build_tenant(attributes={"name": unique("tenant")})
    yield tenant.backend_id
    built_estate.realm.remove_tenant(tenant)


@pytest.fixture
def hand(estate: RealEstate, other_project: str) -> Hand:
    return Hand(estate, other_project)


@pytest.fixture
def service(estate: RealEstate) -> ServiceSettings:
    return estate.tenant.service_settings


def test_every_kind_that_is_followed_is_here() -> None:
    assert {thing.word for thing in THINGS} == set(WHOLE)


@pytest.mark.parametrize("thing", [*THINGS, *OFFERS], ids=str)
def test_it_appears_changes_and_vanishes(
    estate: RealEstate, service: ServiceSettings, hand: Hand, thing: Thing, later: ExitStack
) -> None:
    kinds = [thing.word, *NEEDS.get(thing.word, ())]
    key = thing.make(hand)
    undo = later.enter_context(ExitStack())
    undo.callback(thing.remove, hand, key)
    synced(service, kinds)
    shown = thing.look(estate, key)
    assert shown and shown.get("state", "OK") == "OK"
    if thing.change:
        assert not thing.is_changed(shown)
        thing.change(hand, key)
        synced(service, kinds)
        shown = thing.look(estate, key)
        assert shown and thing.is_changed(shown)
    undo.pop_all()
    thing.remove(hand, key)
    synced(service, kinds, full=True)
    assert thing.is_gone(thing.look(estate, key))


def test_a_resize_by_hand_shows_the_other_flavor(estate: RealEstate, service: ServiceSettings, hand: Hand) -> None:
    compute, server = hand.sdk.compute, estate.server.backend_id
    for name in ("m1.small", "m1.tiny"):
        compute.resize_server(server, compute.find_flavor(name).id)
        eventually(lambda: compute.get_server(server).status == "VERIFY_RESIZE")
        compute.confirm_server_resize(server)
        eventually(lambda: compute.get_server(server).status == "ACTIVE")
        synced(service, ["instance"])
        shown = estate.get(estate.staff, f"/api/openstack-instances/{estate.server.uuid.hex}/")
        assert (shown["flavor_name"], shown["state"]) == (name, "OK")
    assert Instance.objects.get().ram == 512


def test_a_zone_without_a_working_host_is_not_available(
    estate: RealEstate, service: ServiceSettings, hand: Hand, later: ExitStack
) -> None:
    compute = hand.sdk.compute
    (host,) = [item for item in compute.services(binary="nova-compute") if item.availability_zone == "az2"]

    def available() -> bool:
        synced(service, ["catalogue"])
        zone = InstanceAvailabilityZone.objects.get(settings=service, name="az2")
        path = f"/api/openstack-instance-availability-zones/{zone.uuid.hex}/"
        return bool(estate.get(estate.staff, path)["available"])

    assert available()
    later.callback(compute.enable_service, host)
    compute.disable_service(host)
    assert not available()
    compute.enable_service(host)
    assert available()
    assert VolumeAvailabilityZone.objects.get(settings=service).name == "nova"


def test_limits_and_usages_are_those_of_the_cloud(
    estate: RealEstate, service: ServiceSettings, hand: Hand, later: ExitStack
) -> None:
    def shown() -> dict[str, Any]:
        synced(service, ["quota"])
        tenant = estate.get(estate.staff, f"/api/openstack-tenants/{estate.tenant.uuid.hex}/")
        return {quota["name"]: (quota["limit"], quota["usage"]) for quota in tenant["quotas"]}

    before = shown()
    later.callback(hand.sdk.set_compute_quotas, hand.project, cores=8)
    later.callback(hand.sdk.set_network_quotas, hand.project, network=before["network_count"][0])
    hand.sdk.set_compute_quotas(hand.project, cores=21)
    hand.sdk.set_network_quotas(hand.project, network=17)
    network = hand.network()
    later.callback(hand.sdk.network.delete_network, network)
    after = shown()
    assert after["vcpu"] == (21, before["vcpu"][1])
    assert after["network_count"] == (17, before["network_count"][1] + 1)


def test_a_project_that_is_renamed_or_gone_shows(
    estate: RealEstate, service: ServiceSettings, later: ExitStack
) -> None:
    tenant = estate.build_tenant(attributes={"name": unique("tenant")})
    later.callback(estate.realm.remove_users, tenant.user_username)
    sdk = estate.sdk
    name = unique("renamed")
    sdk.identity.update_project(tenant.backend_id, name=name)
    synced(service, ["tenant"])
    path = f"/api/openstack-tenants/{tenant.uuid.hex}/"
    assert estate.get(estate.staff, path)["name"] == name
    estate.realm.remove_project(tenant.backend_id)
    synced(service, ["tenant"])
    shown = estate.get(estate.staff, path)
    assert (shown["state"], "does not exist in the cloud" in shown["error_message"]) == ("ERRED", True)
