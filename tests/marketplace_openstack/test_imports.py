"""Projects, servers and volumes that exist in the cloud become tenants, instances and volumes."""

from typing import Any

import pytest

from tests.drive import drain
from tests.e2e.estate import Estate
from tests.factories import client_of
from tests.marketplace_openstack.selling import by_type, switch
from tests.marketplace_openstack.strangers import (
    Abroad,
    administrator,
    inside,
    offering_path,
    own_project,
    project_by_hand,
)
from tests.openstack.actions import usages
from tests.openstack.behind import cloud_of
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_mastermind.marketplace.models import Offering, PlanPeriod, Resource
from waldur_openstack.models import Instance, Port, Tenant, Volume

pytestmark = pytest.mark.slow


def importable(estate: Estate, offering: Offering | str, user: Any = None) -> list[dict[str, Any]]:
    answer = estate.get(user or estate.provider_owner, offering_path(offering, "importable_resources"), page_size=100)
    return list(answer)


def ask(estate: Estate, backend_id: Any, user: Any = None, offering: Any = None, **body: Any) -> Any:
    body = {
        "backend_id": backend_id,
        "project": estate.link("projects", own_project(estate)),
        "plan": estate.offering["plans"][0]["url"],
        **body,
    }
    path = offering_path(offering or estate.offering["uuid"], "import_resource")
    return estate.post(user or estate.provider_owner, path, {key: value for key, value in body.items() if value})


def imported(estate: Estate, backend_id: str, **body: Any) -> Resource:
    made = estate.done(ask(estate, backend_id, **body))
    drain()
    return Resource.objects.get(uuid=made["uuid"])


def filled_project(estate: Estate) -> Abroad:
    abroad = project_by_hand(estate, description="From before.")
    abroad.add_server()
    abroad.add_volume()
    return abroad


def test_a_project_with_all_that_is_inside_becomes_a_tenant(estate: Estate) -> None:
    abroad = filled_project(estate)
    (offered,) = [item for item in importable(estate, estate.offering["uuid"]) if item["name"] == "old project"]
    assert offered == {
        "backend_id": abroad.id, "name": "old project", "type": "OpenStack.Tenant", "description": "From before.",
    }  # fmt: skip
    made = estate.done(ask(estate, abroad.id))
    assert (made["state"], made["name"]) == ("Creating", "old project")
    drain()

    resource = Resource.objects.get(uuid=made["uuid"])
    assert (resource.state, resource.error_message, resource.backend_id) == ("OK", "", abroad.id)
    assert resource.limits == {"cores": 12, "ram": 24576, "storage": 200 * 1024}
    assert PlanPeriod.objects.filter(resource=resource, end=None).count() == 1
    tenant = resource.scope
    assert (tenant.state, tenant.backend_id, tenant.description) == ("OK", abroad.id, "From before.")
    assert tenant.networks.get().name == "old network"
    assert tenant.internal_network_id == tenant.networks.get().backend_id
    server = tenant.instances.get()
    assert (server.name, server.flavor_name, server.runtime_state) == ("old server", "m1.tiny", "ACTIVE")
    assert Port.objects.get(instance=server).fixed_ips
    assert tenant.volumes.get(name="by hand").size == 2048
    limits = dict(counters.quotas_of(tenant).values_list("name", "limit"))
    assert (limits["vcpu"], limits["storage"]) == (12, 200 * 1024)
    assert (usages(tenant)["instances"], usages(tenant)["volumes"]) == (1, tenant.volumes.count())


def test_where_storage_is_sold_by_types_their_limits_come_from_the_cloud(estate: Estate) -> None:
    switch(estate, "dynamic")
    drain()
    abroad = filled_project(estate)
    abroad.add_volume("fast", volume_type="hdd")
    abroad.admin.block_storage.set_quotas(abroad.id, {"gigabytes_ssd": 50, "gigabytes_hdd": -1})
    made = estate.done(ask(estate, abroad.id))
    promised = {"cores": 12, "ram": 24576, "volume_type_ssd": 50 * 1024}
    asked = Resource.objects.get(uuid=made["uuid"])
    assert {name: limit for name, limit in asked.limits.items() if name in promised} == promised
    drain()
    asked.refresh_from_db()
    kept = {name: limit for name, limit in asked.limits.items() if limit}
    assert (asked.state, kept) == ("OK", {**promised, "volume_type_hdd": 2 * 1024})  # no limit: what it uses
    assert (by_type(asked.scope)["gigabytes_ssd"], by_type(asked.scope)["gigabytes_hdd"]) == (50, -1)
    assert "storage" not in asked.limits


def test_the_imported_servers_and_volumes_are_resources_of_private_offerings(estate: Estate) -> None:
    tenant = imported(estate, filled_project(estate).id).scope
    assert Offering.objects.filter(scope_uuid=tenant.uuid, state="Active").count() == 2
    for scope in (tenant.instances.get(), *tenant.volumes.all()):
        resource = Resource.objects.get(scope_uuid=scope.uuid)
        assert (resource.state, resource.offering.type) == ("OK", scope.resource_type)
        assert resource.parent == Resource.objects.get(scope_uuid=tenant.uuid)
        assert (resource.name, resource.backend_id) == (scope.name, scope.backend_id)
        assert resource.plan is None


def test_an_imported_tenant_lives_and_ends_like_any_other(estate: Estate) -> None:
    administrator(estate).network.list("security_group")  # Neutron then makes the account's own default group
    before = estate.cloud.objects()
    abroad = filled_project(estate)
    resource = imported(estate, abroad.id)
    assert estate.post(estate.provider_owner, f"/api/marketplace-resources/{resource.uuid.hex}/terminate/").json()
    drain()
    resource.refresh_from_db()
    assert resource.state == "Terminated"
    assert administrator(estate).identity.find_project(abroad.id) is None
    left = estate.cloud.leftovers(before)
    assert left == {}, left


def test_given_credentials_of_an_existing_user_are_used_and_he_stays(estate: Estate) -> None:
    abroad, admin = filled_project(estate), administrator(estate)
    known = admin.identity.create_user(name="veteran", password="Known-1234", domain_id="default")
    admin.identity.grant_role(abroad.id, known["id"], admin.identity.roles()["member"])
    details = {"user_username": "veteran", "user_password": "Known-1234"}
    resource = imported(estate, abroad.id, additional_details=details)
    assert (resource.state, resource.scope.user_id) == ("OK", known["id"])
    estate.post(estate.provider_owner, f"/api/marketplace-resources/{resource.uuid.hex}/terminate/")
    drain()
    assert admin.identity.find_user("veteran", "default")


def test_a_failed_import_leaves_the_project_as_it_was_and_its_end_harms_nothing(estate: Estate) -> None:
    abroad, admin = filled_project(estate), administrator(estate)
    admin.identity.create_user(name="veteran", password="Known-1234", domain_id="default")
    before, project = estate.cloud.objects(), admin.identity.find_project(abroad.id)
    details = {"user_username": "veteran", "user_password": "Guessed-1234"}
    resource = imported(estate, abroad.id, additional_details=details)
    assert resource.state == "Erred"
    assert "does not open the project" in resource.error_message
    assert not Instance.objects.filter(tenant=resource.scope).exists()
    estate.done(estate.post(estate.provider_owner, f"/api/marketplace-resources/{resource.uuid.hex}/terminate/"), 200)
    drain()
    resource.refresh_from_db()
    assert (resource.state, Tenant.objects.filter(name="old project").exists()) == ("Terminated", False)
    assert estate.cloud.objects() == before
    assert admin.identity.find_project(abroad.id) == project


def test_what_is_ours_is_neither_offered_nor_imported(estate: Estate) -> None:
    abroad = filled_project(estate)
    imported(estate, abroad.id)
    offered = {item["backend_id"] for item in importable(estate, estate.offering["uuid"])}
    assert not offered & {abroad.id, estate.tenant.backend_id}
    names = {item["name"] for item in importable(estate, estate.offering["uuid"])}
    assert "admin" not in names
    before = Tenant.objects.count(), Resource.objects.count(), Operation.objects.count()
    for known in (abroad.id, estate.tenant.backend_id):
        answer = ask(estate, known)
        assert (answer.status_code, list(answer.json())) == (400, ["backend_id"])
    assert (Tenant.objects.count(), Resource.objects.count(), Operation.objects.count()) == before


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no such project": ({"backend_id": "0" * 32}, "backend_id"),
    "no backend_id": ({"backend_id": None}, "backend_id"),
    "not a text": ({"backend_id": ["x"]}, "backend_id"),
    "no project": ({"project": None}, "project"),
    "no plan": ({"plan": None}, "plan"),
    "unknown details": ({"additional_details": {"colour": "red"}}, "additional_details"),
    "a username alone": ({"additional_details": {"user_username": "somebody"}}, "additional_details"),
    "a reserved username": (
        {"additional_details": {"user_username": "Admin", "user_password": "Known-1234"}}, "additional_details",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_imports_are_refused_on_their_field(what: str, estate: Estate) -> None:
    abroad = project_by_hand(estate)
    before = estate.cloud.objects(), Tenant.objects.count(), Resource.objects.count()
    changes, field = BAD[what]
    answer = ask(estate, **{"backend_id": abroad.id, **changes})
    assert (answer.status_code, list(answer.json())) == (400, [field]), answer.content
    assert (estate.cloud.objects(), Tenant.objects.count(), Resource.objects.count()) == before


def test_a_project_without_limits_is_refused(estate: Estate) -> None:
    abroad = project_by_hand(estate)
    abroad.admin.compute.set_quotas(abroad.id, {"cores": -1})
    answer = ask(estate, abroad.id)
    assert answer.json() == {"backend_id": ["The project has no limit on cores. Set its quotas in the cloud first."]}


def test_only_those_with_the_permission_on_both_sides_import(estate: Estate) -> None:
    abroad, offering = project_by_hand(estate), estate.offering["uuid"]
    customers_project = estate.link("projects", estate.project)
    for user, status in ((estate.owner, 404), (estate.member, 404), (estate.stranger, 404), (estate.support, 403)):
        assert ask(estate, abroad.id, user=user).status_code == status
        path = offering_path(offering, "importable_resources")
        assert estate.post(user, path).status_code in (404, 403, 405)
    # the provider does not see the projects of his customers, staff does
    assert ask(estate, abroad.id, project=customers_project).json().keys() == {"project"}
    assert not Tenant.objects.filter(name="old project").exists()
    assert imported(estate, abroad.id, user=estate.staff, project=customers_project).state == "OK"


def test_a_cloud_that_does_not_answer_is_a_400_with_its_words(estate: Estate) -> None:
    estate.cloud.add_fault("status", operation="project.list", status=503, times=0)
    answer = client_of(estate.provider_owner).get(offering_path(estate.offering["uuid"], "importable_resources"))
    assert answer.status_code == 400
    assert "detail" in answer.json()


# servers and volumes ------------------------------------------------------------------------------------------------


def private(estate: Estate, kind: str) -> Offering:
    return Offering.objects.get(scope_uuid=estate.tenant.uuid, type=f"OpenStack.{kind}")


def ask_inside(estate: Estate, kind: str, backend_id: str, user: Any = None, **body: Any) -> Any:
    path = offering_path(private(estate, kind), "import_resource")
    return estate.post(user or estate.owner, path, {"backend_id": backend_id, **body})


def test_a_server_made_by_hand_is_imported_with_its_volumes(estate: Estate) -> None:
    abroad = inside(estate.tenant)
    volume = abroad.add_volume("its data")
    server = abroad.add_server()
    cloud_of(estate.tenant).compute.attach_volume(server, volume)
    other = abroad.add_volume("another")
    assert {item["backend_id"] for item in importable(estate, private(estate, "Instance"), estate.owner)} == {server}
    assert {item["backend_id"] for item in importable(estate, private(estate, "Volume"), estate.owner)} == {
        volume, other,
    }  # fmt: skip
    made = estate.done(ask_inside(estate, "Instance", server))
    assert (made["state"], made["name"], made["offering_type"]) == ("OK", "old server", "OpenStack.Instance")
    instance = Instance.objects.get(backend_id=server)
    assert [row.name for row in instance.volumes.all()] == ["its data"]
    assert instance.ports.get().fixed_ips
    assert Resource.objects.get(scope_uuid=instance.volumes.get().uuid).state == "OK"
    assert not Volume.objects.filter(backend_id=other).exists()
    assert [item["backend_id"] for item in importable(estate, private(estate, "Volume"), estate.owner)] == [other]


def test_a_volume_made_by_hand_is_imported_once(estate: Estate) -> None:
    volume = inside(estate.tenant).add_volume()
    before = usages(estate.tenant)["volumes"]
    made = estate.done(ask_inside(estate, "Volume", volume))
    assert (made["state"], made["name"]) == ("OK", "by hand")
    assert usages(estate.tenant)["volumes"] == before + 1
    again = ask_inside(estate, "Volume", volume)
    assert (again.status_code, again.json()) == (400, {"backend_id": ["This volume is known already."]})
    assert Resource.objects.filter(backend_id=volume).count() == 1


def test_nothing_of_another_project_is_imported_into_a_tenant(estate: Estate) -> None:
    abroad = project_by_hand(estate)
    for kind, backend_id in (("Volume", abroad.add_volume()), ("Instance", abroad.add_server())):
        answer = ask_inside(estate, kind, backend_id)
        assert (answer.status_code, list(answer.json())) == (400, ["backend_id"])
        answer = ask_inside(estate, kind, backend_id, project=estate.link("projects", own_project(estate)),
                            user=estate.staff)  # fmt: skip
        assert (answer.status_code, list(answer.json())) == (400, ["project"])
    assert ask_inside(estate, "Volume", "x", user=estate.stranger).status_code == 404
    assert ask_inside(estate, "Volume", "x", user=estate.provider_owner).status_code == 404
