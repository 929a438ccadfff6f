"""Whatever happens meanwhile, a migration goes on from where it stopped and makes nothing twice."""

from collections import Counter
from typing import Any

import pytest

from tests.drive import drain
from tests.factories import client_of
from tests.replication.clouds import MIGRATIONS, TwoClouds
from tests.replication.sites import Site
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.operations.runner import Runner
from waldur_mastermind.marketplace.models import Order
from waldur_openstack import models
from waldur_openstack.cloud import Cloud
from waldur_openstack_replication.models import Migration

pytestmark = pytest.mark.slow


def advance(migration: Migration, times: int = 3) -> Operation:
    """Let a worker try some times, without waiting."""
    operation = Operation.objects.filter(subject_uuid=migration.uuid).latest("pk")
    for _ in range(times):
        Operation.objects.filter(pk=operation.pk).update(next_run_at="2020-01-01T00:00Z")
        Runner().advance(operation.uuid.hex)
    operation.refresh_from_db()
    return operation


def made_twice(clouds: TwoClouds, since: int) -> list[str]:
    """Objects that were made more than once."""
    made = Counter(
        (kind, item["project_id"], item["name"])
        for kind, items in clouds.other_cloud.objects().items()
        for item in items
        if kind in ("networks", "routers", "subnets") and item["name"]
    )
    return [str(key) for key, number in made.items() if number > 1]


@pytest.mark.parametrize("service", ["network", "identity", "compute", "block_storage"])
def test_a_destination_that_goes_dark_is_waited_for(clouds: TwoClouds, service: str) -> None:
    migration = clouds.begin()
    clouds.other_cloud.go_dark(service=service, mode="refuse")
    operation = advance(migration, 4)
    assert operation.is_live and "cannot be reached" in operation.error_message
    assert clouds.shown(migration)["progress"]["step"]
    clouds.other_cloud.light()
    clouds.migrate_begun(migration)
    assert migration.tenant and clouds.meaning_of(migration.tenant) == clouds.expected()


def test_a_source_that_goes_dark_is_not_missed(clouds: TwoClouds) -> None:
    migration = clouds.begin()
    clouds.cloud.go_dark(mode="refuse")
    clouds.migrate_begun(migration)
    assert (migration.verification["verified"], migration.verification["compared_with"]) == (True, "plan")


LOSSES = ("network.create", "security_group.create", "security_group_rule.create", "subnet.create", "router.create",
          "router.add_interface", "router.update")  # fmt: skip


@pytest.mark.parametrize("operation", LOSSES)
def test_calls_whose_answer_is_lost_are_not_repeated(clouds: TwoClouds, operation: str) -> None:
    since = clouds.other_cloud.call_count()
    clouds.other_cloud.add_fault("lose_reply", operation=operation)
    migration = clouds.migrate()
    assert migration.tenant and clouds.meaning_of(migration.tenant) == clouds.expected()
    assert made_twice(clouds, since) == []
    adopted = {item["kind"] for item in clouds.report(migration, state="adopted")}
    kind = {"router.add_interface": "router_interface"}.get(operation, operation.split(".")[0])
    assert kind in adopted or operation == "router.update"


def test_one_object_that_is_refused_does_not_keep_others_from_being_made(clouds: TwoClouds) -> None:
    """Neutron makes all of a bulk or none: the one to blame is singled out, reported, and made once it is mended."""
    migration = clouds.begin()
    bad = migration.items.get(kind="subnet", name="10.0.8.0/28")
    planned = bad.wanted
    bad.wanted = {**planned, "allocation_pools": [{"start": "10.9.9.1", "end": "10.9.9.2"}]}
    bad.save()
    drain()
    shown = clouds.shown(migration)
    assert shown["state"] == "ERRED"
    assert "objects could not be made: Subnet 10.0.8.0/28: network POST" in shown["error_message"]
    (failed,) = clouds.report(migration, state="failed")
    assert failed["name"] == "10.0.8.0/28" and "spans beyond the subnet cidr" in failed["reason"]
    subnets = models.SubNet.objects.filter(tenant=migration.tenant)
    assert set(subnets.values_list("name", "state")) >= {("10.0.8.0/28", "ERRED"), ("10.0.1.0/24", "OK")}
    (difference,) = shown["verification"]["differences"]
    assert (difference["kind"], difference["problem"], difference["name"]) == ("subnet", "missing", "10.0.8.0/28")
    order = Order.objects.get(resource=migration.dst_resource)
    assert (order.state, shown["dst_resource_state"]) == ("erred", "Erred")
    bad.refresh_from_db()
    bad.wanted = planned
    bad.save()
    before = clouds.other_cloud.call_count()

    assert clouds.say(migration, "retry").status_code == 202
    clouds.migrate_begun(migration)
    assert migration.tenant and clouds.meaning_of(migration.tenant) == clouds.expected()
    again = Counter(call["operation"] for call in clouds.other_cloud.calls(before) if call["changed"])
    assert again["security_group.create"] == again["router.create"] == again["project.create"] == 0
    order.refresh_from_db()
    assert (order.state, Order.objects.filter(resource=migration.dst_resource).count()) == ("done", 1)


def test_a_quota_that_is_reached_stops_only_what_it_is_of(clouds: TwoClouds) -> None:
    site = Site(clouds)
    admin = Cloud.of(clouds.tenant.service_settings)
    admin.network.set_quotas(clouds.tenant.backend_id, {"router": 50})
    for number in range(12):
        site.make("router", name=f"router-{number}")
    migration = clouds.begin()
    drain()
    shown = clouds.shown(migration)
    assert shown["state"] == "ERRED" and "Quota exceeded" in shown["error_message"]
    assert shown["progress"]["counts"]["router"] == {"created": 10, "failed": 5}
    assert shown["progress"]["counts"]["network"] == {"created": 4}
    tenant = migration.tenant
    assert tenant
    Cloud.of(migration.service_settings).network.set_quotas(tenant.backend_id, {"router": 50})
    assert clouds.say(migration, "retry").status_code == 202
    clouds.migrate_begun(migration)
    assert clouds.meaning_of(tenant) == clouds.expected()


def test_progress_is_seen_meanwhile(clouds: TwoClouds) -> None:
    migration = clouds.begin()
    assert clouds.shown(migration)["progress"]["percent"] == 0
    clouds.other_cloud.add_fault(operation="router.add_interface", status=503, times=50)
    advance(migration)
    progress = clouds.shown(migration)["progress"]
    assert progress["step"] == "Connect subnets to routers"
    assert progress["counts"]["network"] == {"created": 4}
    assert 0 < progress["percent"] < 100 and progress["remaining_seconds"] >= 0
    assert client_of(clouds.owner).delete(f"{MIGRATIONS}{migration.uuid.hex}/").status_code == 409
    assert clouds.say(migration, "rollback").status_code == 409
    assert clouds.say(migration, "run").status_code == 409
    clouds.other_cloud.clear_faults()
    clouds.migrate_begun(migration)
    assert client_of(clouds.owner).delete(f"{MIGRATIONS}{migration.uuid.hex}/").status_code == 204
    assert models.Tenant.objects.filter(service_settings__name="Other cloud", name="genome").exists()


def test_clients_may_say_run(clouds: TwoClouds) -> None:
    migration = clouds.begin()
    assert clouds.say(migration, "run").status_code == 200
    clouds.migrate_begun(migration)
    assert clouds.say(migration, "run").status_code == 409


def in_destination(clouds: TwoClouds) -> dict[str, Any]:
    """All there is, but for what the cloud makes by itself."""
    return {kind: len(items) for kind, items in clouds.other_cloud.objects().items() if items}


def test_a_rollback_leaves_nothing(clouds: TwoClouds) -> None:
    before = in_destination(clouds)
    migration = clouds.migrate(mappings={"sync_instance_ports": True})
    assert clouds.say(migration, "rollback").status_code == 202
    drain()
    shown = clouds.shown(migration)
    assert (shown["state"], shown["error_message"]) == ("ERRED", "The migration was rolled back.")
    assert shown["rolled_back"] and shown["dst_resource_state"] == "Terminated"
    assert in_destination(clouds) == before
    assert migration.tenant is None or not models.Tenant.objects.filter(pk=migration.tenant.pk).exists()
    assert {item["state"] for item in clouds.report(migration, kind="network")} == {"removed"}
    assert clouds.say(migration, "rollback").status_code == 409
    assert clouds.say(migration, "retry").status_code == 409
    kinds = set(Event.objects.filter(event_type__startswith="openstack_migration").values_list("event_type", flat=True))
    assert {"openstack_migration_succeeded", "openstack_migration_rollback_succeeded"} <= kinds


def test_a_rollback_of_a_half_made_migration_leaves_nothing(clouds: TwoClouds) -> None:
    before = in_destination(clouds)
    migration = clouds.begin()
    clouds.other_cloud.add_fault(operation="subnet.create", status=403, times=0)
    drain()
    assert clouds.shown(migration)["state"] == "ERRED"
    clouds.other_cloud.clear_faults()
    assert clouds.say(migration, "rollback").status_code == 202
    drain()
    assert clouds.shown(migration)["rolled_back"]
    assert in_destination(clouds) == before


def test_a_rollback_spares_what_others_have_put_there(clouds: TwoClouds) -> None:
    migration = clouds.migrate()
    tenant = migration.tenant
    assert tenant
    network = clouds.cloud_of(tenant).network
    front = models.Network.objects.get(tenant=tenant, name="front")
    port = network.create("port", network_id=front.backend_id, name="somebody's")
    assert clouds.say(migration, "rollback").status_code == 202
    drain()
    shown = clouds.shown(migration)
    others = "network front, port somebody's"
    assert shown["error_message"] == f"Rolled back, but the tenant stays, for others use it: {others}."
    assert shown["dst_resource_state"] == "OK"
    assert network.show("port", port["id"]) and network.show("network", front.backend_id)
    assert [item["name"] for item in clouds.report(migration, kind="network", state="kept")] == ["front"]
    assert not models.Network.objects.filter(tenant=tenant, name="back").exists()
