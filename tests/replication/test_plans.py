"""A plan says what will be made, and touches nothing."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.drive import drain
from tests.factories import client_of
from tests.replication.clouds import MIGRATIONS, TwoClouds
from tests.replication.sites import Site
from waldur_mastermind.marketplace.models import Offering
from waldur_openstack.models import Network
from waldur_openstack_replication.models import Migration

pytestmark = pytest.mark.slow


def changes(clouds: TwoClouds) -> tuple[int, int]:
    """How many calls have changed something, in both clouds."""
    first, second = (
        len([call for call in cloud.calls() if call["changed"] and call["service"] != "identity"])
        for cloud in (clouds.cloud, clouds.other_cloud)
    )
    return first, second


def test_a_plan_tells_everything_and_touches_nothing(clouds: TwoClouds) -> None:
    before, rows = changes(clouds), clouds.traces()
    plan = clouds.plan(mappings={"subnets": [{"src_cidr": "10.0.1.0/24", "dst_cidr": "192.168.1.0/25"}]})
    assert (changes(clouds), clouds.traces()) == (before, rows)
    assert not Migration.objects.exists()
    assert (plan["source_read_from"], plan["name"], plan["limits"]["cores"]) == ("cloud", "genome", 200)
    assert plan["quotas"]["network_count"] == 500
    assert plan["own_quotas"]["router"] == 10
    assert plan["capacity"]["vcpu"]["total"] > 0
    assert plan["counts"]["network"] == {"create": 4}
    assert plan["counts"]["security_group"] == {"create": 7, "adopt": 1}
    subnets = {item["name"]: item for item in plan["items"] if item["kind"] == "subnet"}
    assert subnets["10.0.1.0/24"]["address"] == "192.168.1.0/25"
    assert "The gateway 10.0.1.254 does not fit: it will be 192.168.1.1." in subnets["10.0.1.0/24"]["reason"]
    assert any("10.0.1.254" in notice for notice in plan["notices"])
    routes = {item["address"]: item["reason"] for item in plan["items"] if item["kind"] == "static_route"}
    assert routes["172.30.0.0/16 via 10.0.1.7"] == "It leads to no subnet that comes along."


def test_exactly_the_plan_is_made(clouds: TwoClouds) -> None:
    plan = clouds.plan()
    migration = clouds.migrate(fingerprint=plan["fingerprint"])
    made = {
        (item["kind"], item["name"], item["address"]) for item in clouds.report(migration) if item["state"] != "skipped"
    }
    assert made == {(item["kind"], item["name"], item["address"]) for item in plan["items"] if item["action"] != "skip"}


def test_a_source_that_has_changed_since_asks_for_a_new_plan(clouds: TwoClouds) -> None:
    plan = clouds.plan()
    Site(clouds).make("network", name="new")
    answer = clouds.ask(fingerprint=plan["fingerprint"])
    assert (answer.status_code, answer.json()) == (
        409, {"detail": "The source has changed since this plan was made. Ask for a new plan."},
    )  # fmt: skip
    assert not Migration.objects.exists()


def test_a_source_that_changes_before_anything_is_made_is_planned_anew(clouds: TwoClouds) -> None:
    migration = clouds.begin()
    Site(clouds).make("network", name="new")
    drain()
    shown = clouds.shown(migration)
    assert (shown["state"], shown["dst_resource_state"]) == ("ERRED", "Erred")
    assert shown["error_message"] == ("The source has changed since the migration was planned. Ask for a new plan.")
    answer = client_of(clouds.owner).patch(f"{MIGRATIONS}{migration.uuid.hex}/", {"mappings": {}})
    assert answer.status_code == 200, answer.content
    assert clouds.say(migration, "retry").status_code == 202
    drain()
    assert clouds.shown(migration)["state"] == "OK"
    migration.refresh_from_db()
    assert Network.objects.filter(tenant=migration.tenant, name="new", state="OK").exists()


def test_what_has_begun_keeps_its_mappings(clouds: TwoClouds) -> None:
    migration = clouds.migrate()
    answer = client_of(clouds.owner).put(f"{MIGRATIONS}{migration.uuid.hex}/", {"mappings": {}})
    assert answer.status_code == 409


def test_a_source_that_does_not_answer_is_planned_from_our_records(clouds: TwoClouds) -> None:
    from_cloud = clouds.plan()
    clouds.cloud.go_dark(mode="refuse")
    plan = clouds.plan()
    assert plan["source_read_from"] == "records"
    assert "The source cloud does not answer: this is planned from what was last known of it." in plan["notices"]
    assert plan["counts"] == from_cloud["counts"]
    migration = clouds.migrate()
    assert migration.verification["compared_with"] == "plan"
    assert migration.verification["verified"]


def test_routers_above_the_clouds_own_quota_are_a_conflict(clouds: TwoClouds) -> None:
    site, admin = Site(clouds), clouds.cloud_of(clouds.tenant)
    admin.network.set_quotas(clouds.tenant.backend_id, {"router": 50})
    for number in range(10):
        site.make("router", name=f"router-{number}")
    (conflict,) = clouds.plan()["conflicts"]
    assert conflict.startswith("The cloud allows 10 routers in a new tenant, 13 are to be made")


def subnets(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"subnets": [{"src_cidr": src, "dst_cidr": dst} for src, dst in pairs]}


def asks(**mappings: Any) -> dict[str, Any]:
    return {"mappings": mappings}


def refuses(key: str, text: str) -> dict[str, Any]:
    return {"mappings": {key: [text]}}


NOTHING = "0" * 32
BLOCK = "10.0.1.0/24"
REQUIRED = ["This field is required."]
PUBLIC = "8.8.8.0/24 is not private: it must be in 10/8, 172.16/12, 192.168/16 or fc00::/7."
OVERLAP = "10.0.2.0/24 (for 10.0.1.0/24) and 10.0.2.0/23 (for 10.0.2.0/23) overlap."
PORTS = "Ports keep their addresses: this cannot be combined with `subnets`."
UNKNOWN = (
    "There is no such mapping. There are: volume_types, subnets, skip_connection_extnet, sync_instance_ports, networks."
)
TYPES = {"volume_types": [{"src_type_uuid": NOTHING, "dst_type_uuid": NOTHING}]}
REFUSALS: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"src_resource": NOTHING}, {"src_resource": ["There is no such object, or you have no access to it."]}),
    ({"src_resource": "x"}, {"src_resource": ["Must be a valid UUID."]}),
    ({"src_resource": None}, {"src_resource": REQUIRED}),
    ({"dst_offering": ["x"]}, {"dst_offering": ["Must be a valid UUID."]}),
    ({"dst_plan": "first"}, {"dst_plan": ["This plan belongs to another offering."]}),
    ({"name": " "}, {"name": ["This field may not be blank."]}),
    ({"name": "<b>x</b>"}, {"name": ["HTML is not allowed in names."]}),
    ({"name": "admin"}, {"name": ["This is the name of the cloud's administrative project. Choose another."]}),
    ({"name": "pioneer"}, {"name": ["A tenant of this name exists in this cloud already. Choose another."]}),
    ({"mappings": []}, refuses("non_field_errors", "Invalid data. Expected a dictionary, but got list.")),
    (asks(subnets=[{"src_cidr": BLOCK}]), {"mappings": {"subnets": {"0": {"dst_cidr": REQUIRED}}}}),
    (asks(**subnets((BLOCK, "8.8.8.0/24"))), {"mappings": {"subnets": {"0": {"dst_cidr": [PUBLIC]}}}}),
    (
        asks(**subnets((BLOCK, "fd00::/64"))),
        {"mappings": {"subnets": {"0": {"dst_cidr": ["Both blocks must be of the same IP version."]}}}},
    ),
    (asks(**subnets(("10.77.0.0/24", "10.78.0.0/24"))), refuses("subnets", "The source has no subnet 10.77.0.0/24.")),
    (asks(**subnets((BLOCK, "10.0.2.0/24"))), refuses("subnets", OVERLAP)),
    (
        asks(**subnets((BLOCK, "10.5.0.0/16"), ("10.0.2.0/23", "10.5.4.0/23"))),
        refuses("subnets", "10.5.0.0/16 and 10.5.4.0/23 overlap."),
    ),
    (
        asks(**subnets((BLOCK, "10.5.0.0/24"), (BLOCK, "10.6.0.0/24"))),
        refuses("subnets", "Two mappings are of the same src_cidr."),
    ),
    (asks(sync_instance_ports=True, **subnets((BLOCK, "10.5.0.0/24"))), refuses("sync_instance_ports", PORTS)),
    (asks(networks=[NOTHING]), refuses("networks", f"The source has no network {NOTHING}.")),
    (asks(subnet=[]), refuses("subnet", UNKNOWN)),
    (asks(**TYPES), refuses("volume_types", f"The source has no volume type {NOTHING}.")),
)


@pytest.mark.parametrize("where", ["", "plan/"])
def test_what_cannot_be_is_refused_with_the_field_and_a_sentence(clouds: TwoClouds, where: str) -> None:
    before, made = clouds.traces(), changes(clouds)
    first = clouds.source.offering.plans.get().uuid.hex
    for change, expected in REFUSALS:
        body = clouds.body(**{key: first if value == "first" else value for key, value in change.items()})
        answer = clouds.post(clouds.owner, f"{MIGRATIONS}{where}", body)
        assert (answer.status_code, answer.json()) == (400, expected), change
    assert (clouds.traces(), changes(clouds)) == (before, made)


def test_an_offering_that_is_not_on_sale_is_no_destination(clouds: TwoClouds) -> None:
    Offering.objects.filter(pk=clouds.destination.pk).update(state="Paused")
    answer = clouds.ask()
    assert answer.status_code == 400
    assert "dst_offering" in answer.json()


def test_only_who_needs_no_approval_may_migrate(clouds: TwoClouds) -> None:
    before = clouds.traces()
    stranger, member = clouds.ask(clouds.stranger), clouds.ask(clouds.member)
    assert (stranger.status_code, list(stranger.json())) == (400, ["src_resource"])
    assert (member.status_code, list(member.json())) == (400, ["non_field_errors"])
    assert clouds.ask(clouds.support).status_code == 403
    assert clouds.traces() == before
    assert clouds.ask(clouds.staff).status_code == 201


def test_only_its_maker_and_staff_see_a_migration(clouds: TwoClouds) -> None:
    migration = clouds.migrate()
    path = f"{MIGRATIONS}{migration.uuid.hex}/"
    for user, status in ((clouds.owner, 200), (clouds.staff, 200), (clouds.support, 200), (clouds.manager, 404)):
        assert client_of(user).get(path).status_code == status
        assert len(clouds.get(user, MIGRATIONS)) == (status == 200)
    assert client_of(clouds.support).delete(path).status_code == 403
    assert clouds.get(clouds.owner, MIGRATIONS, src_resource_uuid=migration.dst_resource.uuid.hex) == []
    assert len(clouds.get(clouds.owner, MIGRATIONS, dst_resource_uuid=migration.dst_resource.uuid.hex)) == 1


def test_a_list_takes_the_same_statements_however_long(clouds: TwoClouds) -> None:
    first = clouds.begin()
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            found = clouds.get(clouds.owner, MIGRATIONS)
        counts.append((len(found), len(queries)))
        for number in range(3):
            copy = Migration.objects.get(pk=first.pk)
            copy.pk, copy.uuid = None, uuid4()
            copy.save()
            copy.items.create(uuid=uuid4(), kind="network", source_id=str(number))
    assert [number for number, _ in counts] == [1, 4]
    assert counts[0][1] == counts[1][1]
