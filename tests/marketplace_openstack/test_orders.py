"""From an order to a tenant, a server, a volume: who may order, what waits for whom, what is told meanwhile."""

import pytest

from tests.drive import drain
from tests.e2e.estate import Estate
from tests.e2e.market import LIMITS, ORDERS, PUBLIC, RESOURCES
from tests.factories import client_of
from tests.marketplace_openstack.watching import events, last_event, quotas_in_the_cloud, shown, states
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_core.quotas import counters
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_openstack.models import Tenant

pytestmark = pytest.mark.usefixtures("ends_in_step")

SECOND = {"attributes": {"name": "second"}}


def test_the_order_of_an_owner_begins_at_once_and_is_told_step_by_step(estate: Estate) -> None:
    before = last_event()
    order = estate.order_tenant(**SECOND)
    assert order.auto_approved
    assert states(estate, order) == ("executing", "Creating")
    drain()
    assert states(estate, order) == ("done", "OK")
    assert events(estate, before) == [
        ("marketplace_order_created", "owner"),
        ("marketplace_resource_create_requested", "owner"),
        ("marketplace_order_approved", "owner"),
        ("resource_creation_scheduled", "owner"),
        ("marketplace_order_completed", None),
        ("marketplace_resource_create_succeeded", None),
        ("resource_creation_succeeded", "owner"),
    ]


def test_an_executing_order_shows_how_far_its_operation_is(estate: Estate) -> None:
    order = estate.order_tenant(**SECOND)
    estate.cloud.add_fault(service="network", method="POST", path="/networks$", status=503)
    Runner().advance(Operation.objects.get(subject_name="second").uuid.hex)
    told = estate.get(estate.owner, f"{ORDERS}{order.uuid.hex}/")
    assert told["state"] == "executing"
    assert told["progress"]["current"] <= told["progress"]["total"]
    assert told["progress"]["step"]
    assert estate.get(estate.owner, told["operation"])["resource_uuid"] == told["resource_uuid"]


def test_the_order_of_a_manager_waits_for_the_owner(estate: Estate) -> None:
    before = estate.traces()
    order = estate.order_tenant(estate.manager, **SECOND)
    assert states(estate, order, estate.manager) == ("pending-consumer", "Creating")
    traces = {"Order": before["Order"] + 1, "Resource": before["Resource"] + 1}
    assert estate.traces() == {**before, **traces}
    path = f"{ORDERS}{order.uuid.hex}/approve_by_consumer/"
    assert client_of(estate.manager).post(path).status_code == 403
    assert client_of(estate.owner).post(path).status_code == 200
    assert states(estate, order) == ("executing", "Creating")
    order = estate.executed(order)
    assert Tenant.objects.get(name="second").state == "OK"
    assert (order.created_by, order.consumer_reviewed_by) == (estate.manager, estate.owner)


def test_a_rejected_order_leaves_nothing(estate: Estate) -> None:
    before = estate.traces()["changes in the cloud"]
    order = estate.order_tenant(estate.manager, **SECOND)
    reason = {"consumer_rejection_comment": "Too dear."}
    assert estate.post(estate.owner, f"{ORDERS}{order.uuid.hex}/reject_by_consumer/", reason).status_code == 200
    drain()
    assert states(estate, order) == ("rejected", "Terminated")
    assert not Tenant.objects.filter(name="second").exists()
    assert estate.traces()["changes in the cloud"] == before


def test_limits_become_quotas_of_the_cloud(estate: Estate) -> None:
    limits = {"cores": 7, "ram": 9216, "storage": 20480}
    order = estate.executed(estate.order_tenant(**SECOND, limits=limits))
    tenant = order.resource.scope
    assert tenant
    assert order.resource.limits == limits
    quotas = estate.get(estate.owner, f"/api/openstack-tenants/{tenant.uuid.hex}/quotas/")
    ours = {quota["name"]: quota["limit"] for quota in quotas}
    assert (ours["vcpu"], ours["ram"], ours["storage"]) == (7, 9216, 20480)
    assert quotas_in_the_cloud(tenant) == (7, 9216, 20)


def test_a_resource_tells_of_its_tenant(estate: Estate) -> None:
    resource, tenant = estate.resource_of(estate.tenant), estate.tenant
    told = shown(estate, resource)
    assert (told["state"], told["limits"], told["resource_type"]) == ("OK", LIMITS, "OpenStack.Tenant")
    assert told["backend_id"] == tenant.backend_id
    assert told["resource_uuid"] == tenant.uuid.hex
    assert told["available_actions"] == ["terminate", "update_limits"]
    details = estate.get(estate.owner, f"{RESOURCES}{resource.uuid.hex}/details/")
    assert details == estate.get(estate.owner, f"/api/openstack-tenants/{tenant.uuid.hex}/")
    assert details["marketplace_resource_uuid"] == resource.uuid.hex


@pytest.mark.parametrize("kind", ["Instance", "Volume"])
def test_an_administrator_of_the_project_orders_inside_its_tenant(estate: Estate, kind: str) -> None:
    order = estate.order_inside(estate.tenant, kind, estate.admin, name="own")
    assert order.auto_approved
    resource = estate.executed(order).resource
    assert resource.parent == estate.resource_of(estate.tenant)
    told = shown(estate, resource, estate.admin)
    assert (told["state"], told["parent_name"], told.get("plan"), told["limits"]) == ("OK", "genome", None, {})
    details = estate.get(estate.admin, f"{RESOURCES}{resource.uuid.hex}/details/")
    assert (details["name"], details["state"]) == ("own", "OK")


def test_the_order_of_a_member_waits(estate: Estate) -> None:
    order = estate.order_inside(estate.tenant, "Volume", estate.member, name="own")
    assert states(estate, order, estate.member) == ("pending-consumer", "Creating")
    path = f"{ORDERS}{order.uuid.hex}/approve_by_consumer/"
    assert client_of(estate.member).post(path).status_code == 403
    assert client_of(estate.admin).post(path).status_code == 200
    estate.executed(order)


def test_the_metadata_of_a_server_and_its_volumes(estate: Estate) -> None:
    server = estate.server
    told = shown(estate, estate.resource_of(server))
    metadata = told["backend_metadata"]
    assert told["backend_id"] == server.backend_id
    assert (metadata["state"], metadata["runtime_state"], metadata["action"]) == ("OK", "ACTIVE", "")
    assert len(metadata["internal_ips"]) == len(metadata["external_ips"]) == 1
    assert told["available_actions"] == ["stop", "restart", "console", "terminate"]
    for volume in server.volumes.all():
        metadata = shown(estate, estate.resource_of(volume))["backend_metadata"]
        assert (metadata["runtime_state"], metadata["instance_name"]) == ("in-use", "sequencer")
        assert (metadata["instance_uuid"], metadata["size"]) == (server.uuid.hex, volume.size)


def test_the_volumes_made_with_a_server_are_resources_without_an_order(estate: Estate) -> None:
    resources = [estate.resource_of(volume) for volume in estate.server.volumes.all()]
    assert len(resources) == 2
    for resource in resources:
        assert resource.state == Resource.State.OK
        assert resource.parent == estate.resource_of(estate.tenant)
        assert not Order.objects.filter(resource=resource).exists()


def test_the_state_of_a_server_follows_what_is_done_with_it(estate: Estate) -> None:
    server, resource = estate.server, estate.resource_of(estate.server)
    assert estate.act(server, "stop").status_code == 202
    assert shown(estate, resource)["state"] == "Updating"
    drain()
    told = shown(estate, resource)
    assert (told["state"], told["backend_metadata"]["runtime_state"]) == ("OK", "SHUTOFF")
    assert told["available_actions"] == ["start", "terminate"]


def test_quotas_count_what_was_ordered_inside(estate: Estate) -> None:
    usage = {quota.name: quota.usage for quota in counters.quotas_of(estate.tenant)}
    assert (usage["instances"], usage["vcpu"], usage["ram"]) == (1, 1, 512)
    assert (usage["volumes"], usage["storage"], usage["floating_ip_count"]) == (3, 5120, 1)


def test_secrets_of_an_order_are_never_shown(estate: Estate) -> None:
    order = estate.order_inside(estate.tenant, "Instance", name="own", user_data="#cloud-config\npassword: hush")
    assert "user_data" not in estate.get(estate.owner, f"{ORDERS}{order.uuid.hex}/")["attributes"]
    estate.executed(order)
    server = estate.resource_of(estate.tenant).children.get(name="own").scope
    assert server
    assert server.user_data == "#cloud-config\npassword: hush"


def test_the_private_offerings_are_the_tenants_own(estate: Estate) -> None:
    for kind, name in (("Instance", "Virtual machine in genome"), ("Volume", "Volume in genome")):
        offering = estate.private_offering(estate.tenant, kind)
        assert (offering["name"], offering["shared"], offering["billable"]) == (name, False, False)
        assert offering["project_uuid"] == estate.project.uuid.hex
        assert offering["parent_uuid"] == estate.offering["uuid"]
        assert (offering["plans"], offering["state"]) == ([], "Active")
    assert estate.get(estate.stranger, PUBLIC, scope_uuid=estate.tenant.uuid.hex) == []
    assert len(estate.get(estate.member, PUBLIC, scope_uuid=estate.tenant.uuid.hex)) == 2


def test_a_tenant_that_is_ok_again_gets_no_second_set_of_offerings(estate: Estate) -> None:
    for state in ("set_erred", "set_ok"):
        assert estate.act(estate.tenant, state, user=estate.staff).status_code == 200
    assert len(estate.get(estate.owner, PUBLIC, scope_uuid=estate.tenant.uuid.hex)) == 2
