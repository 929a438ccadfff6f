"""A tenant's name, description, defaults and password; what its provider may do; what the cloud has in it."""

from typing import Any

import pytest
from django.core.cache import cache

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import operation_of
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.errors import AuthenticationFailed
from waldur_core.operations.models import Operation
from waldur_openstack.cloud import Cloud, Credentials
from waldur_openstack.cloud.session import authentication
from waldur_openstack.models import Instance, Tenant, VolumeType

pytestmark = pytest.mark.django_db
NEW = "correct horse battery"


def url(tenant: Tenant, action: str = "") -> str:
    return f"/api/openstack-tenants/{tenant.uuid.hex}/" + (f"{action}/" if action else "")


def project(tenant: Tenant) -> Any:
    return Cloud.of(tenant.service_settings).identity.find_project(tenant.backend_id)


def state_of(tenant: Tenant) -> tuple[Any, ...]:
    row = Tenant.objects.filter(pk=tenant.pk).values("name", "description", "availability_zone", "state")
    found = project(tenant)
    return list(row), Operation.objects.count(), found["name"], found["description"]


def test_a_new_name_reaches_keystone_and_defaults_stay_here(cast: Cast, tenant: Tenant) -> None:
    client, operations = client_of(cast.admin), Operation.objects.count()
    type_name = VolumeType.objects.filter(VolumeType.usable_in(tenant)).first().name
    local = {"availability_zone": "nova", "default_volume_type_name": type_name}
    answer = client.patch(url(tenant), local)
    assert answer.status_code == 200, answer.content
    assert local.items() <= answer.json().items()
    assert Operation.objects.count() == operations
    answer = client.put(url(tenant), {"name": "renamed", "description": "d", "skip_creation_of_default_router": True})
    assert (answer.status_code, answer.json()["state"]) == (200, "UPDATE_SCHEDULED")
    assert client.patch(url(tenant), {"name": "again"}).status_code == 409
    drain()
    assert (project(tenant)["name"], project(tenant)["description"]) == ("renamed", "d")
    assert client.get(url(tenant)).json()["state"] == "OK"
    assert Event.objects.filter(event_type="resource_update_succeeded").exists()


def test_wrong_changes_are_refused(cast: Cast, tenant: Tenant) -> None:
    Tenant.objects.create(name="taken", project=tenant.project, service_settings=tenant.service_settings)
    private = VolumeType.objects.create(
        settings=tenant.service_settings, name="private", backend_id="p", is_public=False
    )
    before = state_of(tenant)
    for wrong in (
        {"name": "taken"}, {"name": "admin"}, {"name": ""}, {"name": "x" * 65}, {"availability_zone": "moon"},
        {"default_volume_type_name": private.name}, {"description": "x" * 256},
    ):  # fmt: skip
        answer = client_of(cast.admin).patch(url(tenant), wrong)
        assert (answer.status_code, list(answer.json())) == (400, list(wrong))
    for person, status in ((cast.member, 403), (cast.stranger, 404), (None, 401)):
        assert client_of(person).patch(url(tenant), {"name": "new"}).status_code == status
        assert client_of(person).post(url(tenant, "change_password"), {"user_password": NEW}).status_code == status
    assert state_of(tenant) == before


def can_sign_in(tenant: Tenant, running_twin: OpenStackTwin, password: str) -> bool:
    known = Credentials(running_twin.auth_url, tenant.user_username, password, project_id=tenant.backend_id)
    cache.clear()
    authentication.cache_clear()
    try:
        return bool(Cloud(known).identity.own_user_id())
    except AuthenticationFailed:
        return False


def test_a_new_password_is_that_of_the_cloud_and_nowhere_to_be_read(
    cast: Cast, tenant: Tenant, running_twin: OpenStackTwin
) -> None:
    old = tenant.user_password
    answer = client_of(cast.admin).post(url(tenant, "change_password"), {"user_password": NEW})
    assert answer.status_code == 202, answer.content
    drain()
    tenant.refresh_from_db()
    assert (tenant.user_password, tenant.new_user_password, tenant.state) == (NEW, "", "OK")
    assert can_sign_in(tenant, running_twin, NEW)
    assert not can_sign_in(tenant, running_twin, old)
    operation = operation_of(tenant)
    written = [str(operation.__dict__), answer.content.decode(), *map(str, Event.objects.values())]
    assert not [text for text in written if NEW in text or old in text]


def test_the_old_password_is_kept_until_the_cloud_has_taken_the_new(
    cast: Cast, tenant: Tenant, twin: TwinClient, running_twin: OpenStackTwin
) -> None:
    old = tenant.user_password
    twin.add_fault("status", service="identity", method="PATCH", status=400, message=f"The password {NEW} is bad.")
    client_of(cast.admin).post(url(tenant, "change_password"), {"user_password": NEW})
    drain()
    tenant.refresh_from_db()
    assert (tenant.state, tenant.user_password) == ("ERRED", old)
    assert NEW not in tenant.error_message
    assert can_sign_in(tenant, running_twin, old)
    path = f"/api/operations/{operation_of(tenant).uuid.hex}/retry/"
    assert client_of(cast.admin).post(path).status_code == 202
    drain()
    tenant.refresh_from_db()
    assert (tenant.state, tenant.user_password, tenant.new_user_password) == ("OK", NEW, "")


def test_weak_passwords_are_refused(cast: Cast, tenant: Tenant) -> None:
    before = state_of(tenant)
    path = url(tenant, "change_password")
    for wrong in ("", "short", "password123", "x" * 51, tenant.user_username, tenant.user_password):
        answer = client_of(cast.admin).post(path, {"user_password": wrong})
        assert (answer.status_code, list(answer.json())) == (400, ["user_password"]), wrong
    Tenant.objects.filter(pk=tenant.pk).update(user_id="")
    assert client_of(cast.admin).post(path, {"user_password": NEW}).status_code == 409
    assert state_of(tenant) == before


def test_the_cloud_is_asked_what_it_has(cast: Cast, instance: Instance, twin: TwinClient) -> None:
    tenant, calls = instance.tenant, twin.call_count()
    (server,) = client_of(cast.member).get(url(tenant, "backend_instances")).json()
    assert (server["name"], server["backend_id"], server["state"]) == ("server", instance.backend_id, "OK")
    assert (server["runtime_state"], server["hypervisor_hostname"]) == ("ACTIVE", "")
    volumes = client_of(cast.member).get(url(tenant, "backend_volumes")).json()
    assert sorted((item["name"], item["size"], item["bootable"]) for item in volumes) == [
        ("server-data", 1024, False),
        ("server-system", 2048, True),
    ]
    assert twin.call_count() - calls <= 4
    assert client_of(cast.staff).get(url(tenant, "backend_instances")).json()[0]["hypervisor_hostname"]
    twin.add_fault("status", operation="volume.list", status=400, message="Not today.")
    answer = client_of(cast.member).get(url(tenant, "backend_volumes"))
    assert (answer.status_code, "Not today." in answer.json()["detail"]) == (400, True)
    assert client_of(cast.stranger).get(url(tenant, "backend_instances")).status_code == 404
    Tenant.objects.filter(pk=tenant.pk).update(backend_id="")
    assert client_of(cast.member).get(url(tenant, "backend_instances")).json() == []


def test_the_provider_of_the_cloud_sets_quotas_of_tenants_it_does_not_see(cast: Cast, tenant: Tenant) -> None:
    service = tenant.service_settings
    path, body = url(tenant, "set_quotas"), {"vcpu": 5}
    for person, status in ((cast.provider_owner, 404), (cast.owner, 403), (cast.stranger, 404)):
        assert client_of(person).post(path, body).status_code == status
    service.customer = cast.provider
    service.save()
    answer = client_of(cast.provider_owner).post(path, body)
    assert (answer.status_code, bool(answer.json()["status"])) == (202, True)
    drain()
    compute = Cloud.of(service).compute
    assert compute.quotas(tenant.backend_id)["cores"]["limit"] == 5
    assert client_of(cast.provider_owner).get(url(tenant)).status_code == 404
