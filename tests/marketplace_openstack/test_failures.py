"""When the cloud fails: the order says why in the cloud's words, nothing is left behind, and one can try again."""

from typing import Any

import pytest

from tests.drive import drain
from tests.e2e.estate import Estate
from tests.e2e.market import ORDERS, RESOURCES
from tests.marketplace_openstack.watching import events, last_event, shown, states
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_core.quotas import counters
from waldur_mastermind.marketplace.models import Order, Resource
from waldur_openstack.models import Instance, Tenant, Volume

pytestmark = pytest.mark.slow

NO_HOST = "No valid host was found."


def retry(estate: Estate, order: Order, user: Any = None) -> Any:
    """Try the last operation on what was ordered again."""
    told = estate.get(estate.owner, "/api/operations/", resource_uuid=scope_of(order).hex)
    return estate.post(user or estate.owner, f"{told[0]['url']}retry/".replace("http://testserver", ""))


def scope_of(order: Order) -> Any:
    return Resource.objects.get(orders=order).scope_uuid


def failed_server(estate: Estate) -> Order:
    estate.cloud.fail_next("server.build", NO_HOST)
    order = estate.order_inside(estate.tenant, "Instance", name="unlucky")
    drain()
    return order


def usage(estate: Estate) -> dict[str, int]:
    return {quota.name: quota.usage for quota in counters.quotas_of(estate.tenant)}


def test_a_server_that_cannot_be_built_leaves_nothing_in_the_cloud(estate: Estate) -> None:
    baseline, before = estate.cloud.objects(), last_event()
    order = failed_server(estate)
    assert states(estate, order) == ("erred", "Erred")
    told = estate.get(estate.owner, f"{ORDERS}{order.uuid.hex}/")
    assert told["error_message"].endswith(NO_HOST)
    assert "error_traceback" not in told or not told["error_traceback"]
    resource = shown(estate, Resource.objects.get(name="unlucky"))
    assert resource["error_message"].endswith(NO_HOST)
    server = estate.get(estate.owner, f"/api/openstack-instances/{told['resource_uuid']}/")
    assert (server["state"], server["error_message"]) == ("ERRED", resource["error_message"])
    assert estate.left(baseline) == set()
    kinds = [kind for kind, _ in events(estate, before)]
    assert kinds[-3:] == [
        "marketplace_order_failed", "marketplace_resource_create_failed", "resource_creation_failed",
    ]  # fmt: skip


def test_trying_again_completes_the_order(estate: Estate) -> None:
    order = failed_server(estate)
    answer = retry(estate, order)
    assert answer.status_code == 202
    assert states(estate, order) == ("executing", "Creating")
    resource = estate.executed(order).resource
    told = shown(estate, resource)
    assert (told["state"], told["error_message"]) == ("OK", "")
    server = Instance.objects.get(name="unlucky")
    assert (server.state, server.runtime_state, server.error_message) == ("OK", "ACTIVE", "")
    volumes = server.volumes.all()
    assert {(volume.state, volume.error_message, volume.runtime_state) for volume in volumes} == {("OK", "", "in-use")}
    assert {estate.resource_of(volume).state for volume in volumes} == {"OK"}


def test_only_who_manages_the_project_tries_again(estate: Estate) -> None:
    order = failed_server(estate)
    assert retry(estate, order, estate.member).status_code == 403
    assert states(estate, order) == ("erred", "Erred")


def test_a_second_failure_is_told_as_the_first(estate: Estate) -> None:
    order = failed_server(estate)
    estate.cloud.fail_next("server.build", "Still no host.")
    retry(estate, order)
    drain()
    assert states(estate, order) == ("erred", "Erred")
    assert estate.get(estate.owner, f"{ORDERS}{order.uuid.hex}/")["error_message"].endswith("Still no host.")


def test_a_failed_server_is_terminated_and_gives_its_quota_back(estate: Estate) -> None:
    before = usage(estate)
    order = failed_server(estate)
    assert usage(estate)["instances"] == before["instances"] + 1
    resource = estate.terminate(Resource.objects.get(orders=order), estate.admin)
    assert resource.state == "Terminated"
    assert not Instance.objects.filter(name="unlucky").exists()
    assert not Volume.objects.filter(name__startswith="unlucky").exists()
    assert usage(estate) == before


def test_a_tenant_that_cannot_be_made_leaves_nothing_and_can_be_terminated(estate: Estate) -> None:
    baseline = estate.cloud.objects()
    message = "Subnets are sold out."
    estate.cloud.add_fault(service="network", method="POST", path="/subnets$", status=400, message=message)
    order = estate.order_tenant(attributes={"name": "unlucky"})
    drain()
    assert states(estate, order) == ("erred", "Erred")
    assert message in estate.get(estate.owner, f"{ORDERS}{order.uuid.hex}/")["error_message"]
    assert estate.left(baseline) == set()
    assert estate.get(estate.owner, "/api/marketplace-public-offerings/", query="unlucky") == []
    resource = estate.terminate(Resource.objects.get(orders=order))
    assert resource.state == "Terminated"
    assert not Tenant.objects.filter(name="unlucky").exists()


def test_a_tenant_is_made_at_the_second_try(estate: Estate) -> None:
    estate.cloud.add_fault(service="network", method="POST", path="/subnets$", status=400)
    order = estate.order_tenant(attributes={"name": "unlucky"})
    drain()
    assert retry(estate, order).status_code == 202
    tenant: Any = estate.executed(order).resource.scope
    assert {offering["type"] for offering in offerings_of(estate, tenant)} == {"OpenStack.Instance", "OpenStack.Volume"}


def offerings_of(estate: Estate, tenant: Tenant) -> Any:
    return estate.get(estate.owner, "/api/marketplace-public-offerings/", scope_uuid=tenant.uuid.hex)


@pytest.mark.parametrize("path", ["/volumes$", "/ports$", "/servers$"])
def test_a_passing_fault_is_not_even_noticed(estate: Estate, path: str) -> None:
    estate.cloud.add_fault(method="POST", path=path, status=503)
    estate.cloud.add_fault("lose_reply", method="POST", path=path)
    estate.executed(estate.order_inside(estate.tenant, "Instance", name="lucky"))
    names = [server["name"] for server in estate.cloud.objects("servers")["servers"]]
    assert sorted(names) == ["lucky", "sequencer"]


def test_a_cancelled_operation_undoes_what_it_did_and_ends_the_order(estate: Estate) -> None:
    baseline = estate.cloud.objects()
    estate.cloud.add_fault(service="network", method="POST", path="/ports$", status=503)
    order = estate.order_inside(estate.tenant, "Instance", name="unwanted")
    operation = Operation.objects.get(subject_uuid=scope_of(order))
    Runner().advance(operation.uuid.hex)
    assert estate.left(baseline)
    assert estate.post(estate.owner, f"/api/operations/{operation.uuid.hex}/cancel/").status_code == 202
    drain()
    operation.refresh_from_db()
    assert operation.state == "cancelled"
    assert estate.left(baseline) == set()
    assert states(estate, order) == ("erred", "Erred")
    told = estate.get(estate.owner, f"{ORDERS}{order.uuid.hex}/")
    assert told["error_message"] == "The operation was cancelled."
    assert estate.terminate(Resource.objects.get(orders=order)).state == "Terminated"


def test_an_order_that_has_become_impossible_before_it_was_approved(estate: Estate) -> None:
    """Two members ask for what only one can have: the second is told so when the order is executed."""
    counters.set_limits(estate.tenant, {"volumes": 4})
    orders = [estate.order_inside(estate.tenant, "Volume", estate.member, name=name) for name in ("a", "b")]
    for order in orders:
        estate.done(estate.post(estate.owner, f"{ORDERS}{order.uuid.hex}/approve_by_consumer/"), 200)
    drain()
    assert [states(estate, order) for order in orders] == [("done", "OK"), ("erred", "Terminated")]
    message = estate.get(estate.owner, f"{ORDERS}{orders[1].uuid.hex}/")["error_message"]
    expected = "attributes: Quota volumes of genome is too small: limit 4, used 4, asked for 1 more."
    assert message == expected


def test_tracebacks_are_for_staff(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("waldur_openstack.workflows.block_storage.volumes.create_volume", broken)
    order = estate.order_inside(estate.tenant, "Volume", name="unlucky")
    drain()
    uuid = Resource.objects.get(orders=order).uuid.hex
    for path in (f"{ORDERS}{order.uuid.hex}/", f"{RESOURCES}{uuid}/"):
        assert "a bug" in estate.get(estate.staff, path)["error_traceback"]
        assert not estate.get(estate.owner, path).get("error_traceback")
        assert "ZeroDivisionError" in estate.get(estate.owner, path)["error_message"]
