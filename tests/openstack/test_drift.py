"""What was declared here and changed in the cloud by hand: noticed, shown, adopted or reverted."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.drive import drain
from tests.factories import Cast, client_of
from tests.openstack.behind import add_rule, cloud_of, pulled
from tests.openstack.orders import operation_of
from tests.openstack.worlds import remembered
from twins.openstack import OpenStackTwin
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Drift, Flavor, Instance, Network, Router, Tenant
from waldur_openstack.sync.cycle import synchronise
from waldur_openstack.sync.security import SECURITY_GROUP

pytestmark = pytest.mark.slow

LIST = "/api/openstack-drifts/"


@pytest.fixture
def pulled_instance(cast: Cast, instance: Instance, running_twin: OpenStackTwin) -> Instance:
    """Its tenant has been pulled: whatever is found from now on was changed by hand."""

    def pull() -> Instance:
        pulled(cast, instance.tenant)
        return Instance.objects.select_related("tenant__service_settings").get(pk=instance.pk)

    found: Instance = remembered("pulled", running_twin, pull)
    return found


def drifts(cast: Cast, **query: Any) -> list[Any]:
    answer = client_of(cast.member).get(LIST, query)
    assert answer.status_code == 200, answer.content
    found: list[Any] = answer.json()
    return found


def decide(user: Any, drift: Any, action: str) -> Any:
    return client_of(user).post(f"{LIST}{drift['uuid']}/{action}/")


def reverted(cast: Cast, drift: Any) -> Operation:
    """The revert is accepted and done; the drift is gone."""
    answer = decide(cast.admin, drift, "revert")
    assert answer.status_code == 202, answer.content
    assert answer.json()["operation"].startswith("http://testserver/api/operations/")
    drain()
    operation = Operation.objects.latest("pk")
    assert operation.state == Operation.State.DONE, operation.error_message
    assert not Drift.objects.filter(uuid=drift["uuid"]).exists()
    return operation


def chosen(value: Any) -> Any:
    """Without the addresses that the cloud gives a gateway."""
    return value["network_id"] if isinstance(value, dict) else value


def told(what: str) -> list[str]:
    events = Event.objects.filter(event_type=f"openstack_drift_{what}")
    return sorted(events.values_list("message", flat=True))


def test_what_was_just_made_has_no_drift(cast: Cast, instance: Instance) -> None:
    pulled(cast, instance.tenant)
    pulled(cast, instance.tenant)
    assert drifts(cast) == []


def test_a_renamed_server_shows_both_names_and_gets_its_own_back(cast: Cast, instance: Instance) -> None:
    declared = instance.name
    cloud_of(instance.tenant).compute.update_server(instance.backend_id, name="theirs")
    assert pulled(cast, instance).name == "theirs"
    (drift,) = drifts(cast, kind="instance")
    assert (drift["field"], drift["declared"], drift["observed"]) == ("name", declared, "theirs")
    assert drift["object"].endswith(f"/api/openstack-instances/{instance.uuid.hex}/")
    assert client_of(cast.member).get(drift["object"]).json()["has_drift"] is True
    assert (drift["state"], drift["can_be_reverted"], drift["object_name"]) == ("open", True, declared)
    assert told("detected") == ["In the cloud, the name of instance server is not as it was declared."]
    reverted(cast, drift)
    instance.refresh_from_db()
    found = cloud_of(instance.tenant).compute.server(instance.backend_id)
    assert found and (instance.name, found["name"]) == (declared, declared)
    pulled(cast, instance)
    assert drifts(cast) == []
    assert client_of(cast.member).get(drift["object"]).json()["has_drift"] is False


def test_adopting_takes_the_word_of_the_cloud(cast: Cast, instance: Instance) -> None:
    cloud_of(instance.tenant).compute.update_server(instance.backend_id, name="theirs")
    pulled(cast, instance)
    (drift,) = drifts(cast)
    assert decide(cast.admin, drift, "adopt").status_code == 204
    assert drifts(cast) == []
    assert told("adopted") == ["The name of instance server was adopted as the cloud has it."]
    pulled(cast, instance)
    assert drifts(cast) == []
    cloud_of(instance.tenant).compute.update_server(instance.backend_id, name="again")
    pulled(cast, instance)
    assert [(drift["declared"], drift["observed"]) for drift in drifts(cast)] == [("theirs", "again")]


def test_a_drift_goes_when_the_cloud_goes_back_or_a_user_decides_anew(cast: Cast, instance: Instance) -> None:
    declared, compute = instance.name, cloud_of(instance.tenant).compute
    for name in ("once", "twice"):
        compute.update_server(instance.backend_id, name=name)
        pulled(cast, instance)
    assert [(drift["declared"], drift["observed"]) for drift in drifts(cast)] == [(declared, "twice")]
    compute.update_server(instance.backend_id, name=declared)
    pulled(cast, instance)
    assert drifts(cast) == []
    assert len(told("resolved")) == 1
    compute.update_server(instance.backend_id, name="theirs")
    pulled(cast, instance)
    url = f"/api/openstack-instances/{instance.uuid.hex}/"
    assert client_of(cast.admin).patch(url, {"name": "mine"}, format="json").status_code == 200
    drain()
    assert drifts(cast) == []
    pulled(cast, instance)
    assert drifts(cast) == []


def test_rules_made_and_removed_by_hand_are_put_right(cast: Cast, tenant: Tenant) -> None:
    pulled(cast, tenant)
    group, network = tenant.securitygroups.get(name="ssh"), cloud_of(tenant).network
    before = sorted(group.rules.values_list("protocol", "from_port", "cidr"))
    network.remove("security_group_rule", group.rules.get(from_port=22).backend_id)
    add_rule(tenant, group.backend_id, port_range_min=443, port_range_max=443)
    pulled(cast, tenant)
    (drift,) = drifts(cast)
    assert (drift["kind"], drift["field"]) == ("security_group", "rules")
    ports = [{rule["from_port"] for rule in drift[side]} for side in ("declared", "observed")]
    assert 22 in ports[0] - ports[1] and 443 in ports[1] - ports[0]
    reverted(cast, drift)
    assert sorted(group.rules.values_list("protocol", "from_port", "cidr")) == before
    found = network.show("security_group", group.backend_id)
    assert found and 443 not in {rule["port_range_min"] for rule in found["security_group_rules"]}
    pulled(cast, tenant)
    assert drifts(cast) == []


def test_another_flavor_is_reverted_once_the_server_is_stopped(cast: Cast, instance: Instance) -> None:
    compute = cloud_of(instance.tenant).compute
    other = Flavor.objects.exclude(name=instance.flavor_name).order_by("-ram").first()
    declared = instance.flavor_name
    assert other
    compute.act(instance.backend_id, "resize", {"flavorRef": other.backend_id})
    compute.act(instance.backend_id, "confirmResize")
    assert pulled(cast, instance).flavor_name == other.name
    (drift,) = drifts(cast, field_name="flavor")
    assert (drift["declared"]["flavor_name"], drift["observed"]["flavor_name"]) == (declared, other.name)
    refusal = decide(cast.admin, drift, "revert")
    assert (refusal.status_code, "Stop the instance first" in refusal.content.decode()) == (409, True)
    assert drifts(cast, field_name="flavor") == [drift]
    compute.act(instance.backend_id, "os-stop")
    pulled(cast, instance)
    reverted(cast, drift)
    instance.refresh_from_db()
    assert instance.flavor_name == declared


@pytest.mark.parametrize(
    ("kind", "field", "attributes"),
    [
        ("network", "name", {"name": "theirs"}),
        ("network", "description", {"description": "theirs"}),
        ("network", "mtu", {"mtu": 1300}),
        ("subnet", "dns_nameservers", {"dns_nameservers": ["9.9.9.9"]}),
        ("subnet", "gateway", {"gateway_ip": None}),
        ("subnet", "enable_dhcp", {"enable_dhcp": False}),
        ("subnet", "host_routes", {"host_routes": [{"destination": "10.1.0.0/16", "nexthop": "192.168.42.9"}]}),
        ("router", "routes", {"routes": [{"destination": "10.1.0.0/16", "nexthop": "192.168.42.9"}]}),
        ("router", "external_network", {"external_gateway_info": None}),
        ("router", "name", {"name": "theirs"}),
        ("port", "security_groups", {"security_groups": []}),
        ("port", "admin_state_up", {"admin_state_up": False}),
        ("port", "name", {"name": "theirs"}),
        ("floating_ip", "port", {"port_id": None}),
        ("security_group", "name", {"name": "theirs"}),
    ],
)  # fmt: skip
def test_every_aspect_of_networks_is_noticed_and_reverted(
    cast: Cast, pulled_instance: Instance, kind: str, field: str, attributes: Any
) -> None:
    instance, tenant, network = pulled_instance, pulled_instance.tenant, cloud_of(pulled_instance.tenant).network
    rows: Any = {
        "network": Network.objects,
        "subnet": tenant.subnets,
        "router": Router.objects,
        "port": instance.ports,
        "floating_ip": tenant.floatingips,
        "security_group": tenant.securitygroups.filter(name="ssh"),
    }
    row = rows[kind].first()
    word = {"floating_ip": "floatingip"}.get(kind, kind)
    before = network.show(word, row.backend_id)
    if word == "router" and field == "external_network":
        for address in tenant.floatingips.exclude(port=None):
            network.update("floatingip", address.backend_id, port_id=None)
    network.update(word, row.backend_id, **attributes)
    pulled(cast, tenant)
    (drift,) = drifts(cast, kind=kind)
    assert drift["field"] == field
    reverted(cast, drift)
    after = network.show(word, row.backend_id)
    assert before and after
    for name in attributes:
        assert chosen(after[name]) == chosen(before[name])
    pulled(cast, tenant)
    assert drifts(cast, kind=kind) == []


def test_volumes_that_grew_or_were_detached(cast: Cast, instance: Instance) -> None:
    cloud, data = cloud_of(instance.tenant), instance.volumes.get(bootable=False)
    cloud.compute.detach_volume(instance.backend_id, data.backend_id)
    cloud.block_storage.extend_volume(data.backend_id, data.gigabytes + 1)
    pulled(cast, data)
    found = {drift["field"]: drift for drift in drifts(cast, kind="volume")}
    assert found.keys() == {"size", "instance"}
    assert (found["instance"]["declared"]["uuid"], found["instance"]["observed"]) == (instance.uuid.hex, None)
    refusal = decide(cast.admin, found["size"], "revert")
    assert (refusal.status_code, "Volumes do not shrink" in refusal.content.decode()) == (409, True)
    reverted(cast, found["instance"])
    data.refresh_from_db()
    assert data.instance == instance
    assert decide(cast.admin, found["size"], "adopt").status_code == 204
    assert drifts(cast) == []


def test_what_vanished_is_told_and_cannot_be_brought_back(cast: Cast, instance: Instance) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    pulled(cast, tenant)
    cloud.compute.delete_server(instance.backend_id)
    cloud.network.remove("port", instance.ports.get().backend_id)
    pulled(cast, tenant)
    gone = {(drift["kind"], drift["field"]): drift for drift in drifts(cast)}
    server, port = gone["instance", "presence"], gone["port", "presence"]
    assert (server["observed"], server["can_be_reverted"]) == (None, False)
    assert server["declared"]["flavor_name"] == instance.flavor_name
    assert (port["object"], port["object_name"] != "") == (None, True)
    for drift in (server, port):
        refusal = decide(cast.admin, drift, "revert")
        assert (refusal.status_code, "make it anew" in refusal.content.decode()) == (409, True)
    instance.refresh_from_db()
    assert instance.state == "ERRED"
    assert decide(cast.admin, port, "adopt").status_code == 204


def test_what_was_made_by_hand_is_nobodys_declaration(cast: Cast, tenant: Tenant) -> None:
    network = cloud_of(tenant).network
    made = network.create("network", name="by hand")
    pulled(cast, tenant)
    network.update("network", made["id"], name="renamed by hand")
    pulled(cast, tenant)
    assert drifts(cast) == []
    assert Network.objects.get(backend_id=made["id"]).name == "renamed by hand"


def test_a_failed_revert_leaves_the_drift_with_its_reason(cast: Cast, tenant: Tenant, twin: Any) -> None:
    pulled(cast, tenant)
    row = tenant.networks.get()
    cloud_of(tenant).network.update("network", row.backend_id, name="theirs")
    pulled(cast, tenant)
    (drift,) = drifts(cast)
    twin.add_fault("status", service="network", operation="network.update", status=400, message="not today")
    assert decide(cast.admin, drift, "revert").status_code == 202
    assert decide(cast.admin, drift, "revert").status_code == 409
    assert [found["state"] for found in drifts(cast, state="reverting")] == ["reverting"]
    drain()
    assert operation_of(row).state == Operation.State.ERRED
    (drift,) = drifts(cast, state="open")
    assert "not today" in drift["error_message"]


def test_strangers_neither_see_nor_decide(cast: Cast, tenant: Tenant) -> None:
    cloud_of(tenant).network.update("network", tenant.networks.get().backend_id, name="theirs")
    pulled(cast, tenant)
    (drift,) = drifts(cast)
    assert client_of(cast.stranger).get(LIST).json() == []
    for action in ("adopt", "revert"):
        assert decide(cast.stranger, drift, action).status_code == 404
        assert decide(cast.member, drift, action).status_code == 403
    assert drifts(cast) == [drift]


def test_a_sync_of_the_whole_cloud_notices_too_at_the_price_of_one(cast: Cast, tenant: Tenant) -> None:
    def statements(names: list[str]) -> int:
        for place, name in enumerate(names):
            network.update("security_group", groups[place].backend_id, name=name)
        with CaptureQueriesContext(connection) as queries:
            run = synchronise(tenant.service_settings, [SECURITY_GROUP], full=True)
        assert run.error == ""
        assert {drift["observed"] for drift in drifts(cast, kind="security_group")} == set(names)
        return len([query for query in queries if "drift" in query["sql"]])

    network = Cloud.of(tenant.service_settings).in_project(tenant.backend_id).network
    synchronise(tenant.service_settings, [SECURITY_GROUP], full=True)
    assert drifts(cast) == []
    groups = list(tenant.securitygroups.exclude(name="default"))
    one = statements(["first"])
    Drift.objects.all().delete()
    assert statements([f"group {place}" for place in range(len(groups))]) == one


def test_noticing_costs_the_same_for_one_and_for_many(cast: Cast, tenant: Tenant) -> None:
    def statements(names: list[str]) -> int:
        for place, name in enumerate(names):
            network.update("security_group", groups[place].backend_id, name=name)
        kind = "openstack_drift_detected"
        before = Event.objects.filter(event_type=kind).count()
        with CaptureQueriesContext(connection) as queries:
            pulled(cast, tenant, "pull_security_groups")
        assert Event.objects.filter(event_type=kind).count() == before + len(names)
        return len([query for query in queries if "drift" in query["sql"]])

    network = Cloud.of(tenant.service_settings).in_project(tenant.backend_id).network
    pulled(cast, tenant)
    groups = list(tenant.securitygroups.exclude(name="default"))
    one = statements(["first"])
    Drift.objects.all().delete()
    assert statements([f"group {place}" for place in range(len(groups))]) == one
