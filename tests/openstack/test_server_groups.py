"""Server groups: made through both doors with every policy, and deleted when nobody is in them."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.orders import build_instance, operation_of
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance, ServerGroup, Tenant

pytestmark = pytest.mark.django_db
GROUPS = "/api/openstack-server-groups/"


def doors(tenant: Tenant) -> list[tuple[str, dict[str, Any]]]:
    url = f"http://testserver/api/openstack-tenants/{tenant.uuid.hex}/"
    return [(f"{url}create_server_group/", {}), (GROUPS, {"tenant": url})]


def make(cast: Cast, tenant: Tenant, door: int = 0, **body: Any) -> ServerGroup:
    path, own = doors(tenant)[door]
    answer = client_of(cast.admin).post(path, {"name": "group", **own, **body})
    assert answer.status_code == 201, answer.content
    drain()
    group = ServerGroup.objects.get(uuid=answer.json()["uuid"])
    assert group.state == "OK", group.error_message
    return group


def in_cloud(tenant: Tenant) -> dict[str, Any]:
    cloud = Cloud.of(tenant.service_settings).in_project(tenant.backend_id)
    return {group["id"]: group for group in cloud.compute.server_groups()}


def state_of(tenant: Tenant) -> tuple[Any, ...]:
    rows = list(tenant.servergroups.order_by("pk").values_list("name", "policy", "state"))
    return rows, Operation.objects.count(), in_cloud(tenant)


@pytest.mark.parametrize("door", [0, 1])
def test_a_group_has_the_policy_that_was_asked_for(cast: Cast, tenant: Tenant, door: int) -> None:
    wanted = ["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"]
    for policy in wanted:
        group = make(cast, tenant, door, name=policy, policy=policy, description="d")
        assert in_cloud(tenant)[group.backend_id]["policy"] == policy
        shown = client_of(cast.member).get(f"{GROUPS}{group.uuid.hex}/").json()
        assert (shown["display_name"], shown["description"]) == (f"{policy} ({policy})", "d")
    assert make(cast, tenant, door, policy="").policy == "affinity"
    assert Event.objects.filter(event_type="openstack_server_group_created").count() == 5


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "taken"}, {"name": "x" * 151}, {"policy": "nearby"}])
def test_what_makes_no_sense_is_refused(cast: Cast, tenant: Tenant, wrong: dict[str, Any]) -> None:
    make(cast, tenant, name="taken")
    before = state_of(tenant)
    for path, body in doors(tenant):
        answer = client_of(cast.admin).post(path, {"name": "new", **body, **wrong})
        assert (answer.status_code, list(answer.json())) == (400, list(wrong))
    assert client_of(cast.admin).post(GROUPS, {"name": "new"}).status_code == 400
    assert state_of(tenant) == before


def test_a_group_shows_its_servers_and_stays_while_they_are_there(cast: Cast, tenant: Tenant) -> None:
    group = make(cast, tenant)
    instance = build_instance(tenant, cast.owner, server_group=group.uuid.hex)
    assert in_cloud(tenant)[group.backend_id]["members"] == [instance.backend_id]
    shown = client_of(cast.member).get(f"{GROUPS}{group.uuid.hex}/").json()
    assert shown["instances"] == [{"backend_id": instance.backend_id, "name": "server", "uuid": instance.uuid.hex}]
    before = state_of(tenant)
    answer = client_of(cast.admin).delete(f"{GROUPS}{group.uuid.hex}/")
    assert (answer.status_code, "server" in answer.json()["detail"]) == (409, True)
    assert state_of(tenant) == before
    Instance.objects.update(server_group=None)
    assert client_of(cast.admin).delete(f"{GROUPS}{group.uuid.hex}/").status_code == 204
    drain()
    assert (ServerGroup.objects.count(), in_cloud(tenant)) == (0, {})


def test_a_lost_reply_makes_no_second_group_and_takes_nobody_elses(
    cast: Cast, tenant: Tenant, twin: TwinClient
) -> None:
    cloud = Cloud.of(tenant.service_settings).in_project(tenant.backend_id)
    former = cloud.compute.create_server_group("group", "affinity")["id"]  # the operator's, with the same name
    twin.add_fault("lose_reply", operation="server_group.create")
    group = make(cast, tenant)
    assert in_cloud(tenant).keys() == {former, group.backend_id} != {former}
    assert client_of(cast.admin).delete(f"{GROUPS}{group.uuid.hex}/").status_code == 204
    drain()
    assert in_cloud(tenant).keys() == {former}


def test_what_the_cloud_refuses_is_told_and_can_go(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    twin.add_fault("status", operation="server_group.create", status=403, message="Quota exceeded, too many.")
    answer = client_of(cast.admin).post(doors(tenant)[0][0], {"name": "group"})
    drain()
    group = ServerGroup.objects.get(uuid=answer.json()["uuid"])
    assert (group.state, operation_of(group).error_code) == ("ERRED", "quota")
    assert client_of(cast.admin).delete(f"{GROUPS}{group.uuid.hex}/").status_code == 204
    drain()
    assert (ServerGroup.objects.count(), in_cloud(tenant)) == (0, {})


def test_only_those_who_manage_the_tenant_and_only_when_it_is_ok(cast: Cast, tenant: Tenant) -> None:
    group = make(cast, tenant)
    calls = [("post", path, {"name": "new", **body}) for path, body in doors(tenant)]
    calls.append(("delete", f"{GROUPS}{group.uuid.hex}/", {}))
    before = state_of(tenant)
    for method, path, body in calls:
        assert getattr(client_of(cast.member), method)(path, body).status_code == 403
        assert getattr(client_of(cast.stranger), method)(path, body).status_code in (400, 404)
    Tenant.objects.update(state="UPDATING")
    for method, path, body in calls:
        assert getattr(client_of(cast.admin), method)(path, body).status_code == 409
    assert state_of(tenant) == before
