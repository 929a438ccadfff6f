"""A tenant is pulled: what was changed, made and removed in the cloud behind our back."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import Cast, client_of
from tests.openstack.actions import usages
from tests.openstack.behind import add_rule, add_server_group, add_snapshot, ask, cloud_of, pull, pulled
from tests.openstack.orders import build_instance
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import (
    Flavor,
    FloatingIP,
    Image,
    Instance,
    Network,
    Port,
    SecurityGroup,
    SubNet,
    Tenant,
    VolumeType,
)

PARTS = (
    "pull_quotas", "pull_security_groups", "pull_server_groups", "pull_floating_ips", "pull_flavors", "pull_images",
    "pull_volume_types",
)  # fmt: skip


def told(word: str) -> list[str]:
    return sorted(Event.objects.filter(event_type=f"openstack_{word}").values_list("message", flat=True))


def test_what_was_made_by_hand_becomes_rows_and_counts(cast: Cast, instance: Instance) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    pulled(cast, tenant)
    before = usages(tenant)
    network = cloud.network.create("network", name="by hand", description="theirs")
    cloud.network.create("subnet", name="by hand", network_id=network["id"], cidr="10.9.0.0/24", ip_version=4)
    group = cloud.network.create("security_group", name="by hand")
    ssh = tenant.securitygroups.get(name="ssh")
    add_rule(tenant, ssh.backend_id, port_range_min=443, port_range_max=443, remote_group_id=group["id"])
    add_server_group(tenant)
    pulled(cast, tenant)
    row = tenant.networks.get(name="by hand")
    assert (row.state, row.backend_id, row.description, row.mtu) == ("OK", network["id"], "theirs", network["mtu"])
    assert row.subnets.get().cidr == "10.9.0.0/24"
    assert tenant.servergroups.get().policy == "anti-affinity"
    rule = ssh.rules.get(from_port=443)
    assert (rule.remote_group.name, rule.cidr, rule.direction) == ("by hand", None, "ingress")
    changed = {name: usage - before[name] for name, usage in usages(tenant).items() if usage != before[name]}
    expected = {"network_count": 1, "subnet_count": 1, "security_group_count": 1, "security_group_rule_count": 3}
    assert changed.items() >= expected.items()
    assert told("network_imported") == ["Network by hand was found in the cloud."]


def test_what_is_gone_goes_and_what_stands_on_its_own_is_erred(cast: Cast, instance: Instance) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    data = instance.volumes.get(bootable=False)
    snapshot = add_snapshot(data)
    pulled(cast, tenant)
    before, address = usages(tenant), tenant.floatingips.get()
    cloud.network.remove("floatingip", address.backend_id)
    cloud.network.remove("security_group", tenant.securitygroups.get(name="web").backend_id)
    cloud.block_storage.delete_snapshot(snapshot.backend_id)
    cloud.compute.delete_server(instance.backend_id)
    pulled(cast, tenant)
    assert not FloatingIP.objects.exists()
    assert not SecurityGroup.objects.filter(name="web").exists()
    for row in (instance, snapshot, data):
        row.refresh_from_db()
        assert (row.state, row.runtime_state.lower()) == ("ERRED", "deleted")
        assert row.error_message.endswith("does not exist in the cloud any more.")
    assert told("floating_ip_cleaned") == [f"Floating IP {address.address} does not exist in the cloud any more."]
    after = usages(tenant)
    assert after["floating_ip_count"] == before["floating_ip_count"] - 1
    assert after["instances"] == before["instances"] == 1  # counts until somebody gives it up


def test_what_was_changed_follows(cast: Cast, instance: Instance, twin: TwinClient) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    network, port = tenant.networks.get(), instance.ports.get()
    web = tenant.securitygroups.get(name="web")
    cloud.network.update("network", network.backend_id, name="renamed", description="new words")
    cloud.network.update("port", port.backend_id, security_groups=[web.backend_id])
    cloud.network.update("floatingip", tenant.floatingips.get().backend_id, port_id=None)
    cloud.compute.put(f"/servers/{instance.backend_id}", {"server": {"name": "renamed"}})
    cloud.identity.call("PATCH", f"/projects/{tenant.backend_id}", json={"project": {"name": "renamed"}})
    cloud.compute.set_quotas(tenant.backend_id, {"cores": 7})
    tenant = pulled(cast, tenant)
    network.refresh_from_db()
    instance.refresh_from_db()
    assert (tenant.name, network.name, network.description, instance.name) == (
        "renamed", "renamed", "new words", "renamed",
    )  # fmt: skip
    assert list(port.security_groups.all()) == list(instance.security_groups.all()) == [web]
    assert tenant.floatingips.get().port is None
    assert counters.quotas_of(tenant).get(name="vcpu").limit == 7
    assert tenant.subnets.get().router == tenant.routers.get()
    assert [address["subnet_id"] for address in tenant.routers.get().fixed_ips] == [tenant.subnets.get().backend_id]


def test_servers_and_volumes_made_by_hand_stay_unknown_where_orphans_are_not_wanted(cast: Cast, tenant: Tenant) -> None:
    tenant.service_settings.options["import_orphans"] = False
    tenant.service_settings.save()
    made = cloud_of(tenant).block_storage.create_volume(name="theirs", size=3)
    pulled(cast, tenant)
    assert not tenant.volumes.exists()
    assert (usages(tenant)["volumes"], usages(tenant)["volumes_size"], usages(tenant)["storage"]) == (1, 3072, 3072)
    cloud_of(tenant).block_storage.delete_volume(made["id"])
    pulled(cast, tenant, "pull_quotas")
    assert (usages(tenant)["volumes"], usages(tenant)["volumes_size"]) == (0, 0)


def statements(cast: Cast, tenant: Tenant) -> tuple[int, list[str]]:
    """Of one pull: how many queries it took, and what it wrote apart from its own progress and the tenant's state."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        pulled(cast, tenant)
    sql = [query["sql"] for query in captured]
    own = ("openstack_tenant", "openstack_syncrun", "operations_operation", "events_event", "structure_")
    writes = [text for text in sql if text.startswith(("UPDATE", "INSERT", "DELETE"))]
    return len(sql), [text for text in writes if not text.split('"')[1].startswith(own)]


def test_nothing_is_written_when_nothing_changed_however_much_there_is(
    cast: Cast, instance: Instance, twin: TwinClient
) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    pulled(cast, tenant)
    start = twin.call_count()
    few, written = statements(cast, tenant)
    assert written == []
    calls = [(call["method"], call["path"]) for call in twin.calls(start) if call["service"] != "identity"]
    assert len(calls) == len(set(calls))
    build_instance(tenant, cast.owner, name="second")
    for number in range(5):
        network = cloud.network.create("network", name=f"network {number}")
        cloud.network.create("port", name=f"port {number}", network_id=network["id"])
    assert statements(cast, tenant)[1]
    middle = twin.call_count()
    many, written = statements(cast, tenant)
    assert written == []
    assert many <= few
    again = [call for call in twin.calls(middle) if call["service"] != "identity"]
    assert len(again) == len(calls)


def test_what_an_operation_is_at_work_on_is_left_alone(cast: Cast, instance: Instance) -> None:
    """A creation that has begun leaves its traces in the cloud: they are nobody else's."""
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    pulled(cast, tenant)
    making = Network.objects.create(tenant=tenant, name="making", state="CREATING")
    cloud.network.create("network", name="making", description=f"waldur:{making.uuid.hex}")
    group = SecurityGroup.objects.get(tenant=tenant, name="web")
    cloud.network.update("security_group", group.backend_id, name="other")
    SecurityGroup.objects.filter(pk=group.pk).update(state="UPDATING")
    address = tenant.floatingips.get()
    cloud.network.remove("floatingip", address.backend_id)
    FloatingIP.objects.filter(pk=address.pk).update(state="UPDATING")
    pulled(cast, tenant)
    assert tenant.networks.filter(name="making").count() == 1
    group.refresh_from_db()
    assert (group.name, group.state) == ("web", "UPDATING")
    assert FloatingIP.objects.get().state == "UPDATING"


def test_what_is_lost_recovers_when_it_is_seen_again(cast: Cast, instance: Instance) -> None:
    tenant = instance.tenant
    known = instance.backend_id
    Instance.objects.update(backend_id="0" * 32)
    pulled(cast, tenant)
    instance.refresh_from_db()
    assert (instance.state, instance.runtime_state) == ("ERRED", "DELETED")
    Instance.objects.update(backend_id=known)
    pulled(cast, tenant)
    instance.refresh_from_db()
    assert (instance.state, instance.runtime_state, instance.error_message) == ("OK", "ACTIVE", "")


def test_a_rule_whose_other_end_we_do_not_know_is_not_shown_as_open(cast: Cast, tenant: Tenant) -> None:
    admin = Cloud.of(tenant.service_settings)
    foreign = admin.network.create("security_group", name="elsewhere")
    ssh = tenant.securitygroups.get(name="ssh")
    add_rule(tenant, ssh.backend_id, port_range_min=5432, port_range_max=5432, remote_group_id=foreign["id"])
    pulled(cast, tenant, "pull_security_groups")
    assert not ssh.rules.filter(from_port=5432).exists()


@pytest.mark.parametrize("action", PARTS)
def test_one_part_of_a_tenant_is_pulled(cast: Cast, tenant: Tenant, action: str) -> None:
    cloud = cloud_of(tenant)
    cloud.network.create("security_group", name="by hand")
    cloud.network.create("floatingip", floating_network_id=tenant.external_network_id)
    add_server_group(tenant)
    flavor = {"name": "by hand", "vcpus": 3, "ram": 64, "disk": 1, "id": "by-hand"}
    cloud.compute.post("/flavors", {"flavor": flavor})
    Image.objects.all().delete()
    cloud.block_storage.post("/types", {"volume_type": {"name": "by hand"}})
    cloud.network.set_quotas(tenant.backend_id, {"floatingip": 3})
    pulled(cast, tenant, action)
    found = {
        "pull_security_groups": tenant.securitygroups.filter(name="by hand").exists(),
        "pull_floating_ips": tenant.floatingips.exists(),
        "pull_server_groups": tenant.servergroups.exists(),
        "pull_images": Image.objects.filter(name="cirros").exists(),
        "pull_flavors": Flavor.objects.filter(name="by hand").exists(),
        "pull_volume_types": VolumeType.objects.filter(name="by hand").exists(),
        "pull_quotas": counters.quotas_of(tenant).get(name="floating_ip_count").limit == 3,
    }
    assert {name for name, there in found.items() if there} == {action}


def test_who_may_pull_and_when(cast: Cast, tenant: Tenant) -> None:
    operations = Operation.objects.count()
    for action in ("pull", *PARTS):
        assert ask(cast, tenant, action, user=cast.member).status_code == 403
        assert ask(cast, tenant, action, user=cast.stranger).status_code == 404
    Tenant.objects.update(state="UPDATING")
    assert {ask(cast, tenant, action).status_code for action in ("pull", *PARTS)} == {409}
    Tenant.objects.update(state="ERRED")
    assert {ask(cast, tenant, action).status_code for action in PARTS} == {409}
    Tenant.objects.update(state="OK", backend_id="")
    assert {ask(cast, tenant, action).status_code for action in ("pull", *PARTS)} == {409}
    assert Operation.objects.count() == operations


def test_pulls_are_told_beside_the_periodic_looks(cast: Cast, tenant: Tenant) -> None:
    cloud_of(tenant).network.create("network", name="by hand")
    pulled(cast, tenant)
    pulled(cast, tenant, "pull_flavors")
    Cloud.of(tenant.service_settings).identity.delete_project(tenant.backend_id)
    pull(cast, tenant)
    runs = client_of(cast.admin).get("/api/sync-runs/", {"tenant_uuid": tenant.uuid.hex, "o": "created"}).json()
    assert [(run["task"], run["state"], run["user_username"]) for run in runs] == [
        ("pull_tenant", "done", "admin-of-project"),
        ("pull_tenant_flavors", "done", "admin-of-project"),
        ("pull_tenant", "erred", "admin-of-project"),
    ]
    assert (runs[0]["rows_new"] >= 1, runs[0]["rows_seen"] > 5, runs[1]["rows_seen"]) == (True, True, 0)
    assert "does not exist in the cloud any more" in runs[2]["error"]
    assert client_of(cast.stranger).get("/api/sync-runs/").json() == []


def test_a_second_pull_waits_for_the_first_to_end(cast: Cast, tenant: Tenant) -> None:
    assert ask(cast, tenant).status_code == 202
    answer = ask(cast, tenant)
    assert (answer.status_code, "UPDATE_SCHEDULED" in answer.json()["detail"]) == (409, True)


def test_a_project_that_was_deleted_is_said_to_be(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    network = tenant.networks.get()
    Cloud.of(tenant.service_settings).identity.delete_project(tenant.backend_id)
    assert pull(cast, tenant).error_code == "not_found"
    tenant.refresh_from_db()
    assert (tenant.state, tenant.error_message) == ("ERRED", "Tenant tenant does not exist in the cloud any more.")
    assert (Network.objects.count(), SubNet.objects.count(), Port.objects.count()) == (1, 1, 1)  # nothing by inference
    operation = pull(cast, network)
    assert operation.error_code == "auth"
    assert tenant.backend_id in operation.error_message
