"""Each command of operators against the real OpenStack: what it says, and what has become of the cloud."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.contract.stage import eventually, unique
from tests.lab.realm import RealEstate, Realm, settled
from tests.marketplace_openstack.selling import limits_of
from tests.marketplace_openstack.test_commands import run
from tests.openstack.syncing import synced
from waldur_core.server.celery import app
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace_openstack import tasks
from waldur_openstack.marks import MARK
from waldur_openstack.models import Instance, Snapshot, Tenant, Volume
from waldur_openstack.validation.writing import PREFIX

SOME_UUID = "5" * 32


def contents(sdk: Any) -> dict[str, set[str]]:
    """The ids of all that a project has, by kind."""
    project = sdk.current_project_id
    found: dict[str, Any] = {
        "server": sdk.compute.servers(),
        "server group": sdk.compute.server_groups(),
        "volume": sdk.block_storage.volumes(),
        "snapshot": sdk.block_storage.snapshots(),
        "network": sdk.network.networks(project_id=project),
        "subnet": sdk.network.subnets(project_id=project),
        "port": sdk.network.ports(project_id=project),
        "router": sdk.network.routers(project_id=project),
        "floating IP": sdk.network.ips(project_id=project),
        "security group": sdk.network.security_groups(project_id=project),
    }
    return {kind: {item.id for item in items} for kind, items in found.items()}


# validate_openstack_services ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["--offering-uuid", "--service-uuid", "--tenant-uuid"])
def test_the_real_cloud_answers_every_question(estate: RealEstate, which: str) -> None:
    uuids = {
        "--offering-uuid": estate.offering["uuid"],
        "--service-uuid": estate.tenant.service_settings.uuid.hex,
        "--tenant-uuid": estate.tenant.uuid.hex,
    }
    code, out, err = run("validate_openstack_services", which, uuids[which], "--verbose")
    assert (code, err) == (0, ""), out
    assert out.rstrip().endswith("16 checks, none failed.")


def test_write_tests_make_something_of_each_kind_in_the_real_cloud_and_leave_nothing(estate: RealEstate) -> None:
    sdk = estate.sdk
    before = contents(sdk)
    code, out, err = run(
        "validate_openstack_services", "--tenant-uuid", estate.tenant.uuid.hex, "--test-writes", "--verbose"
    )
    assert (code, err) == (0, "")
    for what in ("a security group", "a network", "a volume", "a server group", "an instance"):
        assert f": create {what}" in out
    assert contents(sdk) == before


def test_a_write_that_the_real_cloud_refuses_is_told_and_leaves_nothing(estate: RealEstate, later: ExitStack) -> None:
    sdk = estate.sdk
    before = contents(sdk)
    sdk.set_compute_quotas(estate.tenant.backend_id, instances=1)  # one is there
    later.callback(sdk.set_compute_quotas, estate.tenant.backend_id, instances=100)
    code, _, err = run("validate_openstack_services", "--tenant-uuid", estate.tenant.uuid.hex, "--test-writes")
    assert code == 1
    assert "FAILED  Nova: create an instance" in err and "instances" in err
    assert contents(sdk) == before


def test_what_a_killed_trial_has_left_is_removed_by_the_next(estate: RealEstate) -> None:
    sdk = estate.sdk
    before = contents(sdk)
    sdk.network.create_network(name=f"{PREFIX}-dead", description=PREFIX)
    sdk.compute.create_server_group(name=f"{PREFIX}-dead", policy="affinity")
    assert run("validate_openstack_services", "--tenant-uuid", estate.tenant.uuid.hex, "--test-writes")[0] == 0
    assert contents(sdk) == before


def test_an_interrupted_trial_cleans_up_at_once(estate: RealEstate) -> None:
    """It is stopped while its server is being built, the last thing that it makes."""
    sdk = estate.sdk
    before = contents(sdk)

    def stop() -> None:
        eventually(lambda: [server for server in sdk.compute.servers() if server.name.startswith(PREFIX)])
        os.kill(os.getpid(), signal.SIGTERM)

    impatient = threading.Thread(target=stop)
    impatient.start()
    code, _, err = run("validate_openstack_services", "--tenant-uuid", estate.tenant.uuid.hex, "--test-writes")
    impatient.join()
    assert (code, "Stopped by SIGTERM; cleaning up." in err) == (143, True), err
    assert contents(sdk) == before


# drop_leftover_openstack_projects -----------------------------------------------------------------------------------


@pytest.fixture
def leaked(estate: RealEstate) -> Tenant:
    """A tenant that staff has forgotten; its project, with a network, a user and a volume, goes on in the cloud."""
    name = unique("leaked")
    tenant = estate.build_tenant(attributes={"name": name})
    estate.build_volume(tenant, name=unique("forgotten"))
    assert estate.act(tenant, "unlink", user=estate.staff).status_code == 204
    return tenant


@pytest.fixture
def strangers(realm: Realm, later: ExitStack) -> list[str]:
    """One project in our domain that carries no mark of ours; one of another domain that does, of another platform."""
    unmarked = realm.new_project()
    later.callback(realm.remove_project, unmarked)
    marked = realm.site.new_project(later, tags=[f"{MARK}{SOME_UUID}"])
    for project in (unmarked, marked):
        settled_volume(realm.sdk(project))
    return [unmarked, marked]


def settled_volume(sdk: Any, **attributes: Any) -> Any:
    made = sdk.block_storage.create_volume(**{"name": unique("volume"), "size": 1, **attributes})
    return settled(sdk.block_storage.get_volume, made.id, "available")


def test_a_leaked_project_is_dropped_with_all_that_is_inside_and_no_other(
    estate: RealEstate, realm: Realm, leaked: Tenant, strangers: list[str]
) -> None:
    project, identity = leaked.backend_id, realm.identity
    sdk = realm.sdk(project)
    inside = contents(sdk)
    assert inside["volume"] and inside["network"] and inside["router"]
    kept = {estate.tenant.backend_id, *strangers}
    code, out, err = run("drop_leftover_openstack_projects", "--offering", "Cloud", "--dry-run")
    assert (code, err) == (1, "")
    assert [line for line in out.splitlines() if "would be removed" in line] == [
        f"Cloud: project {leaked.name} ({project}) would be removed: its resource is terminated"
    ]
    assert contents(sdk) == inside

    code, out, err = run("drop_leftover_openstack_projects", "--offering", "Cloud")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"Cloud: project {leaked.name} ({project}) has been removed."]
    assert identity.find_project(project) is None
    assert not identity.find_user(leaked.user_username, realm.id)
    admin = realm.sdk(realm.site.project_id)
    assert not [volume.id for volume in admin.block_storage.volumes(all_projects=True) if volume.id in inside["volume"]]
    for kind in ("networks", "routers", "ports", "security_groups"):  # asked by project, Neutron makes a default group
        assert not [item.id for item in getattr(admin.network, kind)() if item.project_id == project]
    for other in kept:
        assert identity.find_project(other)
        assert contents(realm.sdk(other))["volume"]
    assert run("drop_leftover_openstack_projects", "--offering", "Cloud")[:2] == (0, "")


# pull_openstack_volume_metadata -------------------------------------------------------------------------------------


def test_what_resources_say_of_volumes_follows_the_real_cloud(estate: RealEstate, later: ExitStack) -> None:
    storage, volume = estate.sdk.block_storage, estate.volume
    storage.update_volume(volume.backend_id, name="renamed")
    later.callback(storage.update_volume, volume.backend_id, name=volume.name)
    Resource.objects.filter(scope_uuid=volume.uuid).update(backend_metadata={"size": 1})
    code, out, _ = run("pull_openstack_volume_metadata", "--dry-run")
    assert code == 1
    assert "renamed: name: dataset -> renamed" in out and "renamed: size: 1 -> 2048" in out
    assert estate.resource_of(volume).name == "dataset"
    assert run("pull_openstack_volume_metadata")[0] == 0
    resource = estate.resource_of(volume)
    assert (resource.name, resource.backend_metadata["size"]) == ("renamed", 2048)
    assert run("pull_openstack_volume_metadata", "--dry-run")[0] == 0


# quotas -------------------------------------------------------------------------------------------------------------


def limits_in_the_cloud(estate: RealEstate) -> tuple[int, int, int]:
    sdk, project = estate.sdk, estate.tenant.backend_id
    compute, storage = sdk.compute.get_quota_set(project), sdk.block_storage.get_quota_set(project)
    return compute.cores, compute.ram, storage.gigabytes


@pytest.fixture
def smaller(estate: RealEstate, later: ExitStack) -> tuple[int, int, int]:
    """Somebody has changed limits in the cloud."""
    sdk, project = estate.sdk, estate.tenant.backend_id
    later.callback(sdk.set_compute_quotas, project, cores=8, ram=16384)
    later.callback(sdk.set_volume_quotas, project, gigabytes=100)
    sdk.set_compute_quotas(project, cores=3, ram=4096)
    sdk.set_volume_quotas(project, gigabytes=50)
    return 3, 4096, 50


def test_limits_that_are_sold_are_pushed_to_the_real_cloud(estate: RealEstate, smaller: tuple[int, int, int]) -> None:
    code, out, err = run("push_tenant_quotas", "--dry-run")
    assert (code, "genome (Cloud): cores: 3 -> 8" in out + err) == (1, True), out + err
    assert limits_in_the_cloud(estate) == smaller
    assert run("push_tenant_quotas")[0] == 0
    assert limits_in_the_cloud(estate) == (8, 16384, 100)
    assert run("push_tenant_quotas", "--dry-run")[0] == 0


def test_limits_of_the_real_cloud_are_imported(estate: RealEstate, smaller: tuple[int, int, int]) -> None:
    code, out, err = run("import_tenant_quotas", "--dry-run")
    assert (code, "limit of cores: 8 -> 3" in out + err) == (1, True), out + err
    assert limits_of(estate.tenant)["cores"] == 8
    assert run("import_tenant_quotas")[0] == 0
    assert limits_of(estate.tenant) == {"cores": 3, "ram": 4096, "storage": 51200}
    usages = estate.resource_of(estate.tenant).current_usages
    assert usages == {"cores": 1, "ram": 512, "storage": 5120}
    assert limits_in_the_cloud(estate) == smaller
    assert run("import_tenant_quotas", "--dry-run")[0] == 0


# audit_openstack ----------------------------------------------------------------------------------------------------


def test_the_audit_finds_what_was_done_by_hand_and_nothing_else(estate: RealEstate, later: ExitStack) -> None:
    offering, network = estate.offering["uuid"], estate.sdk.network
    code, out, err = run("audit_openstack", "--offering", offering)
    assert (code, "no findings" in out) == (0, True), out + err
    storage = estate.sdk.block_storage
    storage.update_volume(estate.volume.backend_id, name="renamed")
    later.callback(storage.update_volume, estate.volume.backend_id, name=estate.volume.name)
    stranger = settled_volume(estate.sdk)
    later.callback(storage.delete_volume, stranger.id)
    leak = network.create_network(name=unique("leak"), description=f"{MARK}{SOME_UUID}")
    later.callback(network.delete_network, leak.id)
    address = network.create_ip(floating_network_id=estate.realm.site.external_network_id)
    synced(estate.tenant.service_settings, ["floating_ip"])
    network.delete_ip(address)
    code, out, _ = run("audit_openstack", "--offering", offering, "--format", "json")
    (report,) = json.loads(out)
    assert code == 1
    assert {(finding["check"], finding["backend_id"]) for finding in report["findings"]} == {
        ("drift", estate.volume.backend_id),
        ("orphan.object", stranger.id),
        ("leak", leak.id),
        ("orphan.row", address.id),
    }
    assert report["counts"] == {"drift": 1, "orphan.object": 1, "leak": 1, "orphan.row": 1}


# create_resources_for_lost_instances_and_volumes --------------------------------------------------------------------


@pytest.fixture
def at_once() -> Iterator[None]:
    """Celery runs a task that is sent right away."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def test_servers_and_volumes_made_outside_get_resources(estate: RealEstate, later: ExitStack, at_once: None) -> None:
    sdk = estate.sdk
    volume = settled_volume(sdk)
    later.callback(sdk.block_storage.delete_volume, volume.id)
    server = stray_server(estate, sdk, later)
    before = set(Resource.objects.values_list("pk", flat=True))
    assert tasks.create_resources_for_lost_instances_and_volumes() == 1
    made = Resource.objects.exclude(pk__in=before)
    rows = [Instance.objects.get(backend_id=server.id), *Volume.objects.filter(backend_id=volume.id)]
    rows += Volume.objects.filter(instance=rows[0])
    assert len(rows) == 3
    assert {resource.scope_uuid for resource in made} == {row.uuid for row in rows}
    assert {resource.state for resource in made} == {Resource.State.OK}
    assert not Snapshot.objects.exists()
    assert estate.resource_of(rows[0]).backend_metadata["runtime_state"] == "ACTIVE"
    tasks.create_resources_for_lost_instances_and_volumes()
    assert Resource.objects.count() == len(before) + 3
    assert sdk.compute.get_server(server.id).status == "ACTIVE"


def stray_server(estate: RealEstate, sdk: Any, later: ExitStack) -> Any:
    """A server on a volume of its own, in the tenant's network."""
    image, flavor = sdk.image.find_image("cirros"), sdk.compute.find_flavor("m1.tiny")
    disk = {
        "uuid": image.id, "source_type": "image", "destination_type": "volume", "volume_size": 1, "boot_index": 0,
        "delete_on_termination": True,
    }  # fmt: skip
    made = sdk.compute.create_server(
        name=unique("server"), flavor_id=flavor.id, block_device_mapping=[disk],
        networks=[{"uuid": estate.tenant.internal_network_id}],
    )  # fmt: skip
    later.callback(eventually, lambda: sdk.compute.find_server(made.id) is None)
    later.callback(sdk.compute.delete_server, made.id)
    return settled(sdk.compute.get_server, made.id, "ACTIVE")
