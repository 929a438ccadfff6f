"""The end of servers, volumes and tenants: what must be done first, what goes along, what stays."""

from typing import Any

import pytest

from tests.drive import drain
from tests.e2e.estate import Estate
from tests.e2e.market import ORDERS, PUBLIC
from tests.marketplace_openstack.watching import events, last_event, shown, states
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_mastermind.marketplace.models import Offering, Order, Resource
from waldur_openstack.models import FloatingIP, Instance, Port, Tenant, Volume

pytestmark = pytest.mark.usefixtures("ends_in_step")


def stop(estate: Estate) -> None:
    assert estate.act(estate.server, "stop").status_code == 202
    drain()


def names(estate: Estate, kind: str) -> set[str]:
    return {item["name"] for item in estate.cloud.objects(kind).get(kind, [])}


def test_a_running_server_is_not_terminated(estate: Estate) -> None:
    before = estate.traces()
    answer = estate.ask_to_terminate(estate.resource_of(estate.server))
    reason = "The instance is ACTIVE. Stop it first, or use force_destroy."
    assert (answer.status_code, answer.json()) == (409, {"detail": reason})
    assert estate.traces() == before


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"action": "explode"}, {"action": ['"explode" is not a valid choice.']}),
        ({"action": "force_destroy", "delete_volumes": "maybe"}, {"delete_volumes": ["Must be a valid boolean."]}),
    ],
)
def test_a_way_to_terminate_that_does_not_exist(
    estate: Estate, attributes: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = estate.traces()
    answer = estate.ask_to_terminate(estate.resource_of(estate.server), **attributes)
    assert (answer.status_code, answer.json()) == (400, {"attributes": expected})
    assert estate.traces() == before


def test_force_destroy_takes_a_running_server_and_all_that_belongs_to_it(estate: Estate) -> None:
    children = [estate.resource_of(volume) for volume in estate.server.volumes.all()]
    before = last_event()
    resource = estate.terminate(estate.resource_of(estate.server), action="force_destroy")
    assert resource.state == "Terminated"
    assert not Instance.objects.exists()
    assert set(Volume.objects.values_list("name", flat=True)) == {"dataset"}
    assert not Port.objects.exclude(device_owner="network:router_interface").exists()
    assert not FloatingIP.objects.exists()
    assert names(estate, "servers") == set()
    assert names(estate, "volumes") == {"dataset"}
    assert names(estate, "floatingips") == set()
    for child in children:
        assert shown(estate, child)["state"] == "Terminated"
    usage = {quota.name: quota.usage for quota in counters.quotas_of(estate.tenant)}
    assert (usage["instances"], usage["vcpu"], usage["volumes"], usage["storage"]) == (0, 0, 1, 2048)
    told = [kind for kind, _ in events(estate, before)]
    assert "marketplace_resource_terminate_succeeded" in told
    assert "resource_deletion_succeeded" in told
    assert shown(estate, resource)["backend_metadata"]["state"] == "Deleted"


def test_destroy_keeps_the_data_volumes(estate: Estate) -> None:
    stop(estate)
    kept = estate.server.volumes.get(bootable=False)
    system = estate.resource_of(estate.server.volumes.get(bootable=True))
    estate.terminate(estate.resource_of(estate.server), action="destroy")
    kept.refresh_from_db()
    assert (kept.instance, kept.runtime_state, kept.state) == (None, "available", "OK")
    assert names(estate, "volumes") == {kept.name, "dataset"}
    told = shown(estate, estate.resource_of(kept))
    assert (told["state"], told["backend_metadata"]["instance_uuid"]) == ("OK", None)
    assert told["backend_metadata"]["runtime_state"] == "available"
    assert shown(estate, system)["state"] == "Terminated"


def test_a_stopped_server_goes_with_its_volumes_when_nothing_else_is_said(estate: Estate) -> None:
    stop(estate)
    estate.terminate(estate.resource_of(estate.server))
    assert names(estate, "volumes") == {"dataset"}


def test_an_attached_volume_is_not_terminated(estate: Estate) -> None:
    volume = estate.server.volumes.get(bootable=False)
    answer = estate.ask_to_terminate(estate.resource_of(volume))
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": "The volume is attached to sequencer. Detach it first."},
    )


def test_a_free_volume_is_terminated(estate: Estate) -> None:
    resource = estate.terminate(estate.resource_of(estate.volume), estate.admin)
    assert resource.state == "Terminated"
    assert "dataset" not in names(estate, "volumes")


def test_a_second_order_to_terminate_is_refused(estate: Estate) -> None:
    resource = estate.resource_of(estate.volume)
    estate.done(estate.ask_to_terminate(resource), 200)
    answer = estate.ask_to_terminate(resource)
    assert answer.status_code == 409
    assert answer.json() == {"detail": "The resource is Terminating; this is possible only in OK or Erred."}


def test_a_member_terminates_nothing(estate: Estate) -> None:
    assert estate.ask_to_terminate(estate.resource_of(estate.volume), estate.member).status_code == 403


def test_a_tenant_takes_everything_with_it(estate: Estate) -> None:
    waiting = estate.order_inside(estate.tenant, "Volume", estate.member, name="later")
    tenant = estate.resource_of(estate.tenant)
    children = list(Resource.objects.filter(parent=tenant, state="OK"))
    assert len(children) == 4
    assert estate.terminate(tenant).state == "Terminated"
    assert not Tenant.objects.exists()
    assert {shown(estate, child)["state"] for child in children} == {"Terminated"}
    assert states(estate, waiting) == ("canceled", "Terminated")
    for kind in ("servers", "volumes", "routers", "floatingips"):
        assert names(estate, kind) == set()
    assert names(estate, "projects") == names(estate, "users") == {"admin"}
    assert names(estate, "networks") == {"external"}
    assert estate.get(estate.owner, PUBLIC, scope_uuid=str(tenant.scope_uuid)) == []
    assert set(Offering.objects.filter(parent__isnull=False).values_list("state", flat=True)) == {"Archived"}


def test_the_name_of_a_tenant_that_is_gone_is_free_again(estate: Estate) -> None:
    estate.terminate(estate.resource_of(estate.tenant))
    estate.build_tenant()
    assert len(estate.get(estate.owner, PUBLIC, type="OpenStack.Instance")) == 1


def test_a_tenant_deleted_by_staff_cancels_the_order_that_waits_for_it(estate: Estate) -> None:
    resource = estate.resource_of(estate.tenant)
    path = f"/api/marketplace-resources/{resource.uuid.hex}/update_limits/"
    placed = estate.done(estate.post(estate.manager, path, {"limits": {"cores": 9}}), 200)
    estate.cloud_delete(estate.tenant)
    assert not Tenant.objects.exists()
    order = Order.objects.get(uuid=placed["order_uuid"])
    assert states(estate, order) == ("canceled", "Terminated")


def test_a_deletion_that_failed_is_tried_again(estate: Estate) -> None:
    resource = estate.resource_of(estate.volume)
    estate.cloud.add_fault(service="block_storage", method="DELETE", path="/volumes/", status=403, message="Not now.")
    order = Order.objects.get(uuid=estate.done(estate.ask_to_terminate(resource), 200)["order_uuid"])
    drain()
    assert states(estate, order) == ("erred", "Erred")
    assert "Not now." in estate.get(estate.owner, f"{ORDERS}{order.uuid.hex}/")["error_message"]
    operation = Operation.objects.get(subject_uuid=estate.volume.uuid, state="erred")
    assert estate.post(estate.owner, f"/api/operations/{operation.uuid.hex}/retry/").status_code == 202
    assert states(estate, order) == ("executing", "Terminating")
    estate.executed(order)
    assert states(estate, order) == ("done", "Terminated")
