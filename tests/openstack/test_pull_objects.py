"""One object is pulled: it follows the cloud, recovers, is ERRED or goes."""

from typing import Any

import pytest

from tests.drive import drain
from tests.factories import Cast
from tests.openstack.actions import usages
from tests.openstack.behind import add_backup, add_rule, add_server_group, add_snapshot, ask, cloud_of, pull, pulled
from tests.openstack.orders import build_volume, operation_of
from twins.openstack import TwinClient
from waldur_core.events.models import Event
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_openstack.marks import described
from waldur_openstack.models import Instance, Snapshot, Volume
from waldur_openstack.workflows.pulling import PullBackup, PullSnapshot

OWN = ("networks", "subnets", "ports", "floatingips", "securitygroups", "volumes", "instances")
SUB_RESOURCES = ("networks", "subnets", "ports", "floatingips", "securitygroups", "servergroups")


def one_of(tenant: Any, kind: str) -> Any:
    rows = getattr(tenant, kind)
    return rows.get(name="web") if kind == "securitygroups" else rows.first()


@pytest.mark.parametrize("kind", OWN)
def test_a_pull_makes_an_erred_object_ok_again(cast: Cast, instance: Instance, kind: str) -> None:
    obj = one_of(instance.tenant, kind)
    type(obj).objects.filter(pk=obj.pk).update(state="ERRED", error_message="somehow")
    before = usages(instance.tenant)
    found = pulled(cast, obj)
    assert (found.state, found.error_message) == ("OK", "")
    unruled = {name: usage for name, usage in usages(instance.tenant).items() if "rule" not in name}
    assert before.items() >= unruled.items()
    assert Event.objects.filter(event_type="resource_pull_succeeded").count() == 1


@pytest.mark.parametrize("kind", SUB_RESOURCES)
def test_the_row_of_a_lost_sub_resource_goes(cast: Cast, instance: Instance, kind: str) -> None:
    tenant = instance.tenant
    add_server_group(tenant)
    pulled(cast, tenant)
    obj, before = one_of(tenant, kind), usages(tenant)
    type(obj).objects.filter(pk=obj.pk).update(backend_id="0" * 32)
    assert pulled(cast, obj) is None
    counter = {
        "networks": "network_count",
        "subnets": "subnet_count",
        "floatingips": "floating_ip_count",
        "securitygroups": "security_group_count",
    }.get(kind)
    if counter:
        assert usages(tenant)[counter] == before[counter] - 1
    assert min(usages(tenant).values()) >= 0
    assert Event.objects.filter(event_type__endswith="_cleaned").count() == 1


@pytest.mark.parametrize("kind", ["instances", "volumes"])
def test_what_stands_on_its_own_is_erred_when_it_is_lost(cast: Cast, instance: Instance, kind: str) -> None:
    obj, before = one_of(instance.tenant, kind), usages(instance.tenant)
    type(obj).objects.filter(pk=obj.pk).update(backend_id="0" * 32)
    operation = pull(cast, obj)
    obj.refresh_from_db()
    assert (operation.state, operation.error_code, obj.state) == (Operation.State.ERRED, "not_found", "ERRED")
    assert obj.error_message == f"{obj._meta.verbose_name.title()} {obj.name} does not exist in the cloud any more."
    assert obj.runtime_state.lower() == "deleted"
    assert obj.action == ""
    assert usages(instance.tenant) == before


def test_a_server_follows_all_that_was_done_to_it(cast: Cast, instance: Instance) -> None:
    tenant, cloud = instance.tenant, cloud_of(instance.tenant)
    data, web = instance.volumes.get(bootable=False), tenant.securitygroups.get(name="web")
    extra = build_volume(tenant, cast.owner, name="extra")
    network = tenant.networks.get()
    port = cloud.network.create("port", name="second", network_id=network.backend_id, security_groups=[web.backend_id])
    body = {"interfaceAttachment": {"port_id": port["id"]}}
    cloud.compute.post(f"/servers/{instance.backend_id}/os-interface", body)
    cloud.compute.attach_volume(instance.backend_id, extra.backend_id)
    cloud.compute.detach_volume(instance.backend_id, data.backend_id)
    cloud.network.update("floatingip", tenant.floatingips.get().backend_id, port_id=port["id"])
    cloud.compute.put(
        f"/servers/{instance.backend_id}/metadata", {"metadata": {"team": "a", "waldur_uuid": instance.uuid.hex}}
    )
    cloud.compute.put(f"/servers/{instance.backend_id}", {"server": {"name": "renamed"}})
    cloud.compute.act(instance.backend_id, "os-stop")
    found = pulled(cast, instance)
    assert (found.name, found.runtime_state, found.state) == ("renamed", "SHUTOFF", "OK")
    assert found.metadata == {"team": "a"}
    assert {volume.name for volume in found.volumes.all()} >= {"extra"}
    data.refresh_from_db()
    assert (data.instance, data.device, data.runtime_state) == (None, "", "available")
    assert {one.name for one in found.security_groups.all()} == {"ssh", "web"}
    assert tenant.floatingips.get().port.backend_id == port["id"]
    assert found.ports.get(name="second").subnet == tenant.subnets.get()


def test_a_flavor_that_was_changed_behind_our_back_counts(cast: Cast, instance: Instance) -> None:
    cloud, before = cloud_of(instance.tenant), usages(instance.tenant)
    small = next(flavor for flavor in cloud.compute.flavors() if flavor["name"] == "m1.small")
    cloud.compute.act(instance.backend_id, "resize", {"flavorRef": small["id"]})
    cloud.compute.act(instance.backend_id, "confirmResize")
    found = pulled(cast, instance)
    assert (found.flavor_name, found.cores, found.ram) == ("m1.small", small["vcpus"], small["ram"])
    grown = usages(instance.tenant)["ram"] - before["ram"]
    assert grown == small["ram"] - instance.ram


def test_a_volume_follows(cast: Cast, tenant: Any) -> None:
    volume, cloud = build_volume(tenant, cast.owner, size=1500), cloud_of(tenant)
    assert pulled(cast, volume).size == 1500  # the cloud's 2 GiB are ours
    before = usages(tenant)
    cloud.block_storage.extend_volume(volume.backend_id, 4)
    cloud.block_storage.put(f"/volumes/{volume.backend_id}", {"volume": {"name": "renamed", "description": "words"}})
    found = pulled(cast, volume)
    assert (found.name, found.description, found.size) == ("renamed", "words", 4096)
    assert usages(tenant)["storage"] == before["storage"] + 4096 - 1500


def test_rules_made_by_hand_become_rows_and_removed_ones_go(cast: Cast, tenant: Any) -> None:
    group, cloud = tenant.securitygroups.get(name="web"), cloud_of(tenant)
    pulled(cast, group)
    before = usages(tenant)["security_group_rule_count"]
    made = add_rule(tenant, group.backend_id, protocol="udp", port_range_min=53, port_range_max=53, description="dns")
    add_rule(tenant, group.backend_id, protocol="icmp", remote_group_id=group.backend_id)
    cloud.network.remove("security_group_rule", group.rules.get(from_port=80).backend_id)
    pulled(cast, group)
    assert usages(tenant)["security_group_rule_count"] == before + 1
    rule = group.rules.get(from_port=53)
    assert (rule.protocol, rule.description, rule.backend_id) == ("udp", "dns", made["id"])
    assert group.rules.get(protocol="icmp").remote_group == group
    assert not group.rules.filter(from_port=80).exists()


def test_a_snapshot_and_a_backup_are_pulled(cast: Cast, instance: Instance) -> None:
    snapshot, backup = add_snapshot(instance.volumes.first()), add_backup(instance)
    cloud = cloud_of(instance.tenant)
    cloud.block_storage.put(f"/snapshots/{snapshot.backend_id}", {"snapshot": {"name": "renamed"}})
    subject: Any
    for workflow, subject in ((PullSnapshot, snapshot), (PullBackup, backup)):
        start(workflow, subject, user=cast.owner)
        drain()
        subject.refresh_from_db()
        assert (operation_of(subject).state, subject.state) == ("done", "OK")
    assert (snapshot.name, snapshot.runtime_state) == ("renamed", "available")
    lost = backup.snapshots.all()[0]
    cloud.block_storage.delete_snapshot(lost.backend_id)
    for workflow, subject in ((PullSnapshot, lost), (PullBackup, backup)):
        start(workflow, subject, user=cast.owner)
        drain()
        subject.refresh_from_db()
        assert (subject.state, lost.name in subject.error_message) == ("ERRED", True)
    assert Snapshot.objects.get(pk=lost.pk).runtime_state == "deleted"


def test_a_pull_needs_an_object_in_the_cloud_at_rest(cast: Cast, instance: Instance) -> None:
    operations = Operation.objects.count()
    for kind in OWN:
        obj = one_of(instance.tenant, kind)
        assert ask(cast, obj, user=cast.member).status_code == 403
        assert ask(cast, obj, user=cast.stranger).status_code == 404
        for values in ({"state": "UPDATING"}, {"state": "CREATING"}, {"state": "OK", "backend_id": ""}):
            type(obj).objects.filter(pk=obj.pk).update(**values)
            assert ask(cast, obj).status_code == 409
    assert Operation.objects.count() == operations


def test_a_long_text_of_the_user_survives_a_pull(cast: Cast, tenant: Any) -> None:
    """The cloud takes 255 characters: what we had to cut is not lost here."""
    network, cloud = tenant.networks.get(), cloud_of(tenant)
    type(network).objects.filter(pk=network.pk).update(description="x" * 400)
    network.refresh_from_db()
    cloud.network.update("network", network.backend_id, description=described(network))
    assert pulled(cast, network).description == "x" * 400


def test_routers_are_pulled_with_their_tenant_only(cast: Cast, tenant: Any) -> None:
    router = tenant.routers.get()
    assert ask(cast, router).status_code == 404
    assert ask(cast, router, "unlink", user=cast.staff).status_code == 404
    assert ask(cast, router, "set_erred", user=cast.staff).status_code == 200


def test_a_name_longer_than_ours_is_cut(cast: Cast, tenant: Any, twin: TwinClient) -> None:
    cloud = cloud_of(tenant)
    cloud.network.update("network", tenant.networks.get().backend_id, name="n" * 255)
    assert pulled(cast, tenant.networks.get()).name == "n" * 150
    volume = build_volume(tenant, cast.owner)
    cloud.block_storage.put(f"/volumes/{volume.backend_id}", {"volume": {"name": ""}})
    assert pulled(cast, volume).name == volume.backend_id
    assert Volume.objects.count() == 1
