"""A cycle over a whole cloud: what happens behind our back shows, in all tenants at once."""

from typing import Any

import pytest

from tests.factories import Cast
from tests.openstack.actions import usages
from tests.openstack.behind import add_rule, add_server_group, add_snapshot, cloud_of
from tests.openstack.orders import build_volume
from tests.openstack.syncing import adopt, crowd, project_by_hand, statements, synced, told
from twins.openstack import OpenStackTwin, TwinClient
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import Gateway
from waldur_openstack.models import (
    Flavor,
    FloatingIP,
    Instance,
    Network,
    NetworkRBACPolicy,
    Port,
    SecurityGroup,
    Snapshot,
    SubNet,
    Tenant,
    Volume,
)
from waldur_openstack.sync import whole
from waldur_openstack.sync.cycle import synchronise
from waldur_openstack.sync.register import ORDER

pytestmark = pytest.mark.slow


def test_what_was_made_and_changed_by_hand_shows(cast: Cast, instance: Instance) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    synced(instance.service_settings)
    before = usages(tenant)
    network = cloud.network.create("network", name="by hand", description="theirs")
    cloud.network.create("subnet", name="by hand", network_id=network["id"], cidr="10.9.0.0/24", ip_version=4)
    group = cloud.network.create("security_group", name="by hand")
    ssh = tenant.securitygroups.get(name="ssh")
    add_rule(tenant, ssh.backend_id, port_range_min=443, port_range_max=443, remote_group_id=group["id"])
    add_server_group(tenant)
    cloud.network.update("port", instance.ports.get().backend_id, security_groups=[group["id"]])
    cloud.compute.put(f"/servers/{instance.backend_id}", {"server": {"name": "renamed"}})
    run = synced(tenant.service_settings)
    instance.refresh_from_db()
    assert instance.name == "renamed"
    row = tenant.networks.get(name="by hand")
    assert (row.state, row.backend_id, row.description, row.mtu) == ("OK", network["id"], "theirs", network["mtu"])
    assert row.subnets.get().cidr == "10.9.0.0/24"
    assert tenant.servergroups.get().policy == "anti-affinity"
    assert ssh.rules.get(from_port=443).remote_group.name == "by hand"
    assert [found.name for found in instance.security_groups.all()] == ["by hand"]
    changed = {name: usage - before[name] for name, usage in usages(tenant).items() if usage != before[name]}
    assert changed == {
        "network_count": 1, "subnet_count": 1, "security_group_count": 1, "security_group_rule_count": 3,
    }  # fmt: skip
    assert told("network_imported") == ["Network by hand was found in the cloud."]
    assert (run.rows_new, run.details["network"]["new"]) == (4, 1)


@pytest.mark.parametrize("full", (False, True))
def test_what_is_gone_goes_and_what_stands_on_its_own_is_erred(cast: Cast, instance: Instance, full: bool) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    snapshot = add_snapshot(instance.volumes.get(bootable=False))
    synced(tenant.service_settings)
    address = tenant.floatingips.get()
    cloud.network.remove("floatingip", address.backend_id)
    cloud.network.remove("security_group", tenant.securitygroups.get(name="web").backend_id)
    cloud.block_storage.delete_snapshot(snapshot.backend_id)
    cloud.compute.delete_server(instance.backend_id)
    run = synced(tenant.service_settings, full=full)
    assert not FloatingIP.objects.exists()
    assert not SecurityGroup.objects.filter(name="web").exists()
    for row in (instance, snapshot):
        row.refresh_from_db()
        assert (row.state, row.runtime_state.lower()) == ("ERRED", "deleted")
        assert row.error_message.endswith("does not exist in the cloud any more.")
    assert told("floating_ip_cleaned") == [f"Floating IP {address.address} does not exist in the cloud any more."]
    assert run.details["floating_ip"]["missing"] == 1
    assert usages(tenant)["instances"] == 1  # counts until somebody gives it up
    again = synced(tenant.service_settings, full=full)
    assert (again.rows_missing, again.rows_changed) == (0, 0)


def test_several_tenants_are_followed_at_once_and_strangers_are_ignored(
    service_settings: ServiceSettings, running_twin: OpenStackTwin
) -> None:
    project_by_hand(service_settings, "nobody's")
    first, second, third = crowd(service_settings, running_twin, 3)
    run = synced(service_settings)
    for tenant in (first, second, third):
        port = tenant.ports.get(name="port")
        assert (port.network, port.subnet) == (tenant.networks.get(), tenant.subnets.get())
        assert [group.name for group in port.security_groups.all()] == ["default"]
        assert tenant.securitygroups.get().rules.count() == 4
        counted = {"network_count": 1, "subnet_count": 1, "port_count": 1, "volumes": 1, "storage": 2048}
        assert usages(tenant).items() >= counted.items()
    assert (Network.objects.count(), Port.objects.count(), Volume.objects.count()) == (3, 3, 3)
    assert run.details["volume"] == {"seen": 3, "changed": 0, "missing": 0, "new": 3}
    cloud_of(second).network.update("network", second.networks.get().backend_id, name="changed")
    cloud_of(third).network.remove("port", third.ports.get().backend_id)
    run = synced(service_settings)
    assert [tenant.networks.get().name for tenant in (first, second, third)] == ["net", "changed", "net"]
    assert [tenant.ports.count() for tenant in (first, second, third)] == [1, 1, 0]
    assert (run.rows_changed, run.rows_missing, run.rows_new) == (1, 1, 0)


def test_neither_calls_nor_statements_grow_with_the_number_of_tenants(
    service_settings: ServiceSettings, running_twin: OpenStackTwin
) -> None:
    crowd(service_settings, running_twin, 2)
    synced(service_settings)
    few, written, run = statements(service_settings)
    all_few, all_written, full = statements(service_settings, full=True)
    assert written == all_written == []
    crowd(service_settings, running_twin, 18)
    synced(service_settings, full=True)  # they were there before we knew them
    many, written, again = statements(service_settings)
    all_many, all_written, full_again = statements(service_settings, full=True)
    assert written == all_written == []
    assert (many, all_many) == (few, all_few)
    assert (again.cloud_calls, full_again.cloud_calls) == (run.cloud_calls, full.cloud_calls)
    assert Network.objects.count() == 20


def test_a_change_touches_only_its_row(service_settings: ServiceSettings, running_twin: OpenStackTwin) -> None:
    tenant, *_ = crowd(service_settings, running_twin, 5)
    synced(service_settings)
    port = tenant.ports.get()
    others = {row.pk: row.modified for row in Port.objects.exclude(pk=port.pk)}
    cloud_of(tenant).network.update("port", port.backend_id, name="changed")
    _, written, run = statements(service_settings)
    assert {text.split('"')[1] for text in written} == {"openstack_port", "events_event"}
    assert {row.pk: row.modified for row in Port.objects.exclude(pk=port.pk)} == others
    assert run.rows_changed == 1


@pytest.mark.parametrize("size", (1, 2))
def test_small_pages_find_the_same(
    service_settings: ServiceSettings, running_twin: OpenStackTwin, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(Gateway, "page_size", size)
    tenants = crowd(service_settings, running_twin, 3)
    cloud = cloud_of(tenants[0])
    one, two = (cloud.network.create("security_group", name=name)["id"] for name in ("first", "second"))
    for group, remote in ((one, two), (two, one)):
        add_rule(tenants[0], group, port_range_min=22, port_range_max=22, remote_group_id=remote)
    synced(service_settings)
    assert Network.objects.count() == SubNet.objects.count() == Port.objects.count() == 3
    for name, other in (("first", "second"), ("second", "first")):
        assert tenants[0].securitygroups.get(name=name).rules.get(from_port=22).remote_group.name == other
    cloud_of(tenants[1]).network.remove("port", tenants[1].ports.get().backend_id)
    synced(service_settings)
    assert Port.objects.count() == 2


def test_what_an_operation_is_at_work_on_is_left_alone(cast: Cast, instance: Instance) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    synced(tenant.service_settings)
    making = Network.objects.create(tenant=tenant, name="making", state="CREATING")
    cloud.network.create("network", name="making", description=f"waldur:{making.uuid.hex}")
    group = SecurityGroup.objects.get(tenant=tenant, name="web")
    cloud.network.update("security_group", group.backend_id, name="other")
    SecurityGroup.objects.filter(pk=group.pk).update(state="UPDATING")
    address = tenant.floatingips.get()
    cloud.network.remove("floatingip", address.backend_id)
    FloatingIP.objects.filter(pk=address.pk).update(state="UPDATING")
    synced(tenant.service_settings, full=True)
    assert tenant.networks.filter(name="making").count() == 1
    group.refresh_from_db()
    assert (group.name, group.state) == ("web", "UPDATING")
    assert FloatingIP.objects.get().state == "UPDATING"


def test_what_was_written_while_the_cloud_answered_is_newer(
    tenant: Tenant, twin: TwinClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing was asked for, then a person renamed the network, then the answer came."""
    synced(tenant.service_settings)
    network = tenant.networks.get()
    cloud_of(tenant).network.update("network", network.backend_id, name="older")
    settle = whole.settle

    def renamed_meanwhile(kind: Any, *arguments: Any, **options: Any) -> Any:
        if kind.model is Network:
            row = Network.objects.get(pk=network.pk)
            row.name = "newer"
            row.save()
        return settle(kind, *arguments, **options)

    monkeypatch.setattr(whole, "settle", renamed_meanwhile)
    synced(tenant.service_settings)
    network.refresh_from_db()
    assert network.name == "newer"


def test_what_is_lost_recovers_when_it_is_seen_again(cast: Cast, tenant: Tenant) -> None:
    volume = build_volume(tenant, cast.owner)
    synced(tenant.service_settings)
    known = volume.backend_id
    Volume.objects.update(backend_id="0" * 32)
    synced(tenant.service_settings)
    volume.refresh_from_db()
    assert (volume.state, volume.runtime_state) == ("ERRED", "deleted")
    Volume.objects.update(backend_id=known)
    synced(tenant.service_settings)
    volume.refresh_from_db()
    assert (volume.state, volume.runtime_state, volume.error_message) == ("OK", "available", "")


def test_a_truncated_listing_lets_nothing_go(
    service_settings: ServiceSettings, running_twin: OpenStackTwin, twin: TwinClient
) -> None:
    """Neutron answers as if it had no ports: each is asked for, and is there."""
    crowd(service_settings, running_twin, 3)
    synced(service_settings)
    twin.add_fault("status", service="network", method="GET", path="/ports$", status=200, body={"ports": []}, times=0)
    synced(service_settings)
    assert Port.objects.count() == 3


def test_when_very_many_are_missing_two_listings_must_say_so(
    service_settings: ServiceSettings, running_twin: OpenStackTwin, twin: TwinClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "MOST_ASKED", 2)
    tenants = crowd(service_settings, running_twin, 3)
    synced(service_settings)
    fault = {"service": "network", "method": "GET", "path": "/ports$", "status": 200, "body": {"ports": []}}
    twin.add_fault("status", **fault, times=0)
    synced(service_settings)
    assert Port.objects.count() == 3
    twin.clear_faults()
    synced(service_settings)
    assert Port.objects.count() == 3
    for tenant in tenants:
        cloud_of(tenant).network.remove("port", tenant.ports.get().backend_id)
    synced(service_settings)
    assert Port.objects.count() == 3
    synced(service_settings)
    assert Port.objects.count() == 0


def test_a_service_that_fails_keeps_nobody_from_following_the_others(tenant: Tenant, twin: TwinClient) -> None:
    synced(tenant.service_settings)
    cloud = cloud_of(tenant)
    add_server_group(tenant)
    cloud.network.update("network", tenant.networks.get().backend_id, name="changed")
    twin.add_fault("status", service="compute", status=503, times=0)
    run = synchronise(tenant.service_settings)
    assert (run.state, "Service is temporarily unavailable" in run.error) == ("erred", True)
    assert tenant.networks.get().name == "changed"
    assert not tenant.servergroups.exists()
    twin.clear_faults()
    synced(tenant.service_settings)
    assert tenant.servergroups.exists()


def test_tenants_follow_their_projects(tenant: Tenant) -> None:
    admin = Cloud.of(tenant.service_settings)
    admin.identity.call("PATCH", f"/projects/{tenant.backend_id}", json={"project": {"name": "renamed"}})
    other = adopt(tenant.service_settings, "0" * 32)
    synced(tenant.service_settings, ("tenant",))
    tenant.refresh_from_db()
    other.refresh_from_db()
    assert (tenant.name, tenant.state) == ("renamed", "OK")
    assert (other.state, other.error_message) == ("ERRED", "Tenant gone does not exist in the cloud any more.")
    Tenant.objects.filter(pk=other.pk).update(backend_id=project_by_hand(tenant.service_settings, "back"))
    synced(tenant.service_settings, ("tenant",))
    other.refresh_from_db()
    assert (other.state, other.name) == ("OK", "back")


def test_private_items_of_the_catalogue_are_for_those_who_may_use_them(tenant: Tenant) -> None:
    admin = Cloud.of(tenant.service_settings)
    for name, projects in (("ours", [tenant.backend_id]), ("theirs", ["0" * 32])):
        flavor = {"name": name, "vcpus": 1, "ram": 64, "disk": 1, "id": name, "os-flavor-access:is_public": False}
        admin.compute.post("/flavors", {"flavor": flavor})
        for project in projects:
            admin.compute.post(f"/flavors/{name}/action", {"addTenantAccess": {"tenant": project}})
    synced(tenant.service_settings, ("catalogue",))
    assert list(tenant.flavors.values_list("name", flat=True)) == ["ours"]
    assert not Flavor.objects.filter(name="theirs").exists()
    admin.compute.delete("/flavors/ours")
    _, written, _ = statements(tenant.service_settings, kinds=("catalogue",))
    assert not Flavor.objects.filter(name="ours").exists()
    _, written, _ = statements(tenant.service_settings, kinds=("catalogue",))
    assert written == []


def test_networks_shared_between_tenants_of_ours_are_known(
    service_settings: ServiceSettings, running_twin: OpenStackTwin
) -> None:
    one, other = crowd(service_settings, running_twin, 2)
    synced(service_settings)
    network = one.networks.get()
    shared = {"object_type": "network", "object_id": network.backend_id, "action": "access_as_shared"}
    policy = cloud_of(one).network.create("rbac_policy", **shared, target_tenant=other.backend_id)
    cloud_of(one).network.create("rbac_policy", **shared, target_tenant="f" * 32)
    synced(service_settings)
    row = NetworkRBACPolicy.objects.get()
    assert (row.network, row.target_tenant, row.policy_type) == (network, other, "access_as_shared")
    cloud_of(one).network.remove("rbac_policy", policy["id"])
    synced(service_settings)
    assert not NetworkRBACPolicy.objects.exists()


def test_everything_can_be_asked_for_and_limits_follow(cast: Cast, instance: Instance) -> None:
    tenant = instance.tenant
    cloud_of(tenant).compute.set_quotas(tenant.backend_id, {"cores": 7})
    Snapshot.objects.all().delete()
    run = synced(tenant.service_settings, ORDER, full=True)
    assert set(run.details) == set(ORDER)
    before = usages(tenant)
    assert (before["instances"], before["vcpu"], before["volumes"], before["storage"]) == (1, 1, 2, 3072)
    synced(tenant.service_settings, ORDER, full=True)
    assert usages(tenant) == before
    with pytest.raises(ValueError, match="moon"):
        synchronise(tenant.service_settings, ("moon",))
