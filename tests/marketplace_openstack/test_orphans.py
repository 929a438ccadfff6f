"""What was made outside in a tenant of ours becomes rows and resources; what was forgotten on purpose does not."""

import pytest

from tests.drive import drain
from tests.e2e.estate import Estate
from tests.marketplace_openstack.strangers import inside
from tests.openstack.actions import usages
from waldur_mastermind.marketplace.models import Offering, Resource
from waldur_mastermind.marketplace_openstack.recovery.resources import create_missing_resources
from waldur_openstack.models import Instance, Snapshot, Volume
from waldur_openstack.sync.cycle import synchronise


def pull(estate: Estate) -> None:
    assert estate.act(estate.tenant, "pull").status_code == 202
    drain()


def follow(estate: Estate) -> None:
    synchronise(estate.tenant.service_settings)


@pytest.mark.parametrize("look", [pull, follow])
def test_what_was_made_by_hand_in_a_tenant_is_taken_in(estate: Estate, look: object) -> None:
    tenant, abroad = estate.tenant, inside(estate.tenant)
    server, volume = abroad.add_server(), abroad.add_volume()
    snapshot = abroad.cloud.block_storage.create_snapshot(volume_id=volume, name="by hand")["id"]
    before = usages(tenant)
    look(estate)  # type: ignore[operator]
    rows = Instance.objects.get(backend_id=server), Volume.objects.get(backend_id=volume)
    for row in rows:
        resource = Resource.objects.get(scope_uuid=row.uuid)
        assert (resource.state, resource.offering.type, resource.name) == ("OK", row.resource_type, row.name)
    assert Snapshot.objects.get(backend_id=snapshot).source_volume == rows[1]
    assert usages(tenant)["instances"] == before["instances"] + 1
    look(estate)  # type: ignore[operator]
    assert Resource.objects.filter(backend_id__in=[server, volume]).count() == 2


def test_what_staff_has_forgotten_stays_forgotten_until_somebody_imports_it(estate: Estate) -> None:
    volume = estate.volume
    assert estate.act(volume, "unlink", user=estate.staff).status_code == 204
    pull(estate)
    assert not Volume.objects.filter(backend_id=volume.backend_id).exists()
    offering = Offering.objects.get(scope_uuid=estate.tenant.uuid, type="OpenStack.Volume")
    path = f"/api/marketplace-provider-offerings/{offering.uuid.hex}/import_resource/"
    estate.done(estate.post(estate.owner, path, {"backend_id": volume.backend_id}))
    assert Volume.objects.get(backend_id=volume.backend_id).name == volume.name


def test_where_orphans_are_not_wanted_they_stay_unknown(estate: Estate) -> None:
    service = estate.tenant.service_settings
    service.options["import_orphans"] = False
    service.save()
    volume = inside(estate.tenant).add_volume()
    for look in (pull, follow):
        look(estate)
        assert not Volume.objects.filter(backend_id=volume).exists()


def test_what_is_being_made_or_removed_waits(estate: Estate) -> None:
    abroad = inside(estate.tenant)
    estate.cloud.set_latency("real")
    making = abroad.add_volume()
    estate.cloud.set_latency("instant")
    pull(estate)
    assert not Volume.objects.filter(backend_id=making).exists()
    estate.cloud.advance(600)
    pull(estate)
    assert Volume.objects.filter(backend_id=making).exists()


def test_lost_resources_are_made_in_a_fixed_number_of_statements(
    estate: Estate, django_assert_max_num_queries: object
) -> None:
    scopes = [estate.server, *Volume.objects.all()]
    lost = Resource.objects.filter(scope_uuid__in=[scope.uuid for scope in scopes])
    known = dict(lost.values_list("scope_uuid", "name"))
    created = {scope.uuid: scope.created for scope in scopes}
    parents = set(lost.values_list("parent_id", flat=True))
    lost.update(state="Terminated")
    with django_assert_max_num_queries(24):  # type: ignore[operator]
        assert create_missing_resources() == len(scopes)
    made = Resource.objects.filter(scope_uuid__in=known, state="OK")
    assert {resource.scope_uuid: resource.name for resource in made} == known
    assert {resource.scope_uuid: resource.created for resource in made} == created
    assert {resource.parent_id for resource in made} == parents
    assert all(resource.backend_metadata and resource.slug and resource.plan is None for resource in made)
    assert create_missing_resources() == 0


def test_a_tenant_with_several_offerings_is_left_out_with_a_line_in_the_log(
    estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    offering = Offering.objects.get(scope_uuid=estate.tenant.uuid, type="OpenStack.Volume")
    Resource.objects.filter(scope_uuid=estate.volume.uuid).update(state="Terminated")
    offering.pk, offering.uuid = None, Offering._meta.get_field("uuid").get_default()
    offering.save()
    assert create_missing_resources() == 0
    assert "has 2 offerings of type OpenStack.Volume" in caplog.text
